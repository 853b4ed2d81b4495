"""Files with one JSON object a line: appended to whole lines at once, read within bounds.

A last line without its end was torn by a kill or a full disk: it is left out, and written over.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from ...space.bounded_input import from_json, read_bounded
from ..errors import HomeUnusable
from .usable import refuse_special, usable
from .validation import mistakes

SIZE = 256 * 1024 * 1024  # bytes of a file; a training under 10,000 test images has some 1,500

Line = TypeVar("Line")


def read_lines(
    path: Path, adapter: TypeAdapter[Line], keep: Callable[[Line], None], advice: str
) -> int:
    """Hand every line of a file to `keep`, which may refuse one by ValueError; returns the bytes
    up to the end of the last whole line, 0 for an absent file.

    Raises HomeUnusable, ending with the advice, for a damaged line; and for what is no file.
    """
    try:
        with usable(path.parent):
            refuse_special(path)
            if not path.is_file():
                return 0
            data = read_bounded(path, SIZE)
    except ValueError as error:
        raise HomeUnusable(f"{path} cannot be read: {error}; move it away") from error
    whole = data.rfind(b"\n") + 1
    for number, line in enumerate(io.BytesIO(data[:whole]), 1):
        try:
            from_json(line)  # which refuses what the validation does not: a name that stands twice
            keep(adapter.validate_json(line))
        except ValueError as error:
            reason = mistakes(error) if isinstance(error, ValidationError) else error
            raise HomeUnusable(
                f"{path}, line {number} is damaged ({reason}): restore it from a copy, or {advice}"
            ) from error
    return whole


def append_to(path: Path) -> BinaryIO:
    """A file opened to append to; a symbolic link is not followed (OSError, ELOOP)."""
    return cast(BinaryIO, open(path, "ab", opener=_without_links))


def write_lines(file: BinaryIO, whole: int, data: bytes) -> None:
    """Write lines after the last whole one, and see them onto the disk."""
    file.truncate(whole)
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)
