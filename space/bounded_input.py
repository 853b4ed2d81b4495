"""Files that anybody may have written, read in bounded time and memory.

Everything here raises ValueError that says what is wrong, for the caller to name the file and what
to do; OSError where a file cannot be read.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from .printable import shown

SETTINGS_SIZE = 64 * 1024  # bytes of a TOML file; a recipe with every number has 600
# Dots of a line that may part the names of a key: the parser's time is their square.
KEY_DOTS = 64

_DOTS = re.compile(rb"\.{2,}")  # as in comments; no key has two in a row
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")  # half of a character, which JSON can escape


def read_bounded(path: Path, limit: int) -> bytes:
    """A file's content, of at most `limit` bytes; no more than that is ever read."""
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"it has more than {limit:,} bytes")
    return content


def from_json(content: bytes) -> Any:
    """The value of a JSON document in UTF-8, in which no name stands twice in an object.

    NaN and infinities are read, as Python writes them.
    """
    try:
        value = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_unique)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _SURROGATE.search(content):
        json.dumps(value, ensure_ascii=False).encode()  # a lone one raises UnicodeEncodeError
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in members if names.count(name) > 1)
        raise ValueError(f"{shown(twice)} stands twice in one object")
    return members


def toml_file(path: Path) -> dict[str, Any]:
    """The content of a TOML file of settings."""
    content = read_bounded(path, SETTINGS_SIZE)
    for number, line in enumerate(content.splitlines(), 1):
        if _DOTS.sub(b"", line).count(b".") > KEY_DOTS:
            raise ValueError(f"line {number} has more than {KEY_DOTS} dots")
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
