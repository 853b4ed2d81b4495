"""The system's refusals to write, said as what to do; and what is never written through."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import HomeUnusable


@contextmanager
def usable(path: Path, option: str = "--home") -> Iterator[None]:
    """Turn the system's refusals to write into HomeUnusable, which says what to do.

    option: of the command line, by which another place can be chosen.
    """
    try:
        yield
    except OSError as error:
        room, elsewhere = "free some space and try again", f"choose another with {option}"
        place = "" if error.filename in (None, str(path)) else f" ({error.filename})"
        advice = {
            errno.ENOSPC: room,
            errno.EDQUOT: room,
            errno.EFBIG: room,
            errno.EROFS: elsewhere,
            errno.EACCES: f"{elsewhere}, or change its owner",
            errno.EPERM: f"{elsewhere}, or change its owner",
            errno.ENOTDIR: f"move away what stands where a folder should be, or {elsewhere}",
            errno.EEXIST: f"move away what stands where a folder should be, or {elsewhere}",
            errno.EISDIR: "move away the folder that stands where a file should be",
            errno.ENOENT: (
                "it was removed meanwhile: try again"
                if option == "--home"
                else f"make that folder first, or {elsewhere}"
            ),
            errno.ELOOP: f"remove that symbolic link, or {elsewhere}",
            errno.ENOLCK: f"its file system has no locks (flock): {elsewhere}",
            errno.EOPNOTSUPP: f"its file system has no locks (flock): {elsewhere}",
        }.get(error.errno or 0)
        if advice is None:
            raise
        raise HomeUnusable(f"cannot write in {path}: {error.strerror}{place}; {advice}") from error


def refuse_link(path: Path) -> None:
    """Raise HomeUnusable for a symbolic link: what it leads to is not ours to write or remove."""
    if path.is_symlink():
        raise HomeUnusable(f"{path} is a symbolic link, which is not written through: remove it")


def refuse_special(path: Path) -> None:
    """Raise HomeUnusable for what is there and no file, or a link to none: opening a named pipe
    or a device may wait for ever."""
    if os.path.lexists(path) and not path.is_file():
        kind = "a folder" if path.is_dir() else "neither a file nor a link to one"
        raise HomeUnusable(f"{path} is {kind}, where a file should be: move it away")
