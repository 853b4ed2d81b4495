"""Every error a user can cause or meet, under one base.

    ActsearchError
      ExpressionError     a text is no expression (carries the text and the position)
      UnknownNameError    a name that nothing has (carries the nearest one)
      SpaceError          a space that cannot be built or sampled as asked
      CandidateError      a candidate that cannot be used as asked (channels, networks)
      PackageMissing      a package is asked for that is no dependency, and not installed

Rooms above add their own classes beside the code that raises them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from .printable import shown

LONGEST = 80  # characters of a name that is compared with those there are, and shown


class ActsearchError(Exception):
    """Base of all expected errors; the command line prints its message as one line."""


class ExpressionError(ActsearchError):
    """Raised when a text does not parse; the message has a caret under the character."""

    def __init__(self, rule: str, text: str, position: int) -> None:
        self.rule, self.text, self.position = rule, text, position
        start = max(0, position - 40)
        line = re.sub(r"\s", " ", text[start : position + 40])  # one line, one column each
        super().__init__(f"{rule}\n  {line}\n  {' ' * (position - start)}^")

    def __reduce__(self) -> tuple[type[ExpressionError], tuple[str, str, int]]:
        return type(self), (self.rule, self.text, self.position)


class UnknownNameError(ActsearchError):
    """Raised when a name is asked for that does not exist."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        super().__init__(f"unknown {kind} {shown(name, LONGEST)}{nearest(name, self.known)}")

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, tuple[str, ...]]]:
        return type(self), (self.kind, self.name, self.known)


class SpaceError(ActsearchError):
    """Raised when a space cannot be built, or does not hold what is asked of it."""


class CandidateError(ActsearchError):
    """Raised when a candidate does not fit where it is put, e.g. without a channel count."""


class PackageMissing(ActsearchError):
    """Raised where a package would be used that is no dependency of ours, and is not there."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The advice that ends a message about an unknown name: the closest one, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name[:LONGEST].lower(), names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"; known: {listed}" if names else ""
