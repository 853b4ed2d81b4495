"""The names that the class of an exported file may have."""

from __future__ import annotations

import builtins
import re
from keyword import iskeyword, issoftkeyword

from ..errors import CandidateError

IMPORTED = (
    "F", "Tensor", "functional", "fx", "math", "nn", "one_tensor", "per_channel",
    "prelu_per_channel", "torch",
)  # fmt: skip


def check_class_name(name: str) -> None:
    """Raise CandidateError, with the rule and the reason, unless the file can have such a class.

    Letters of ASCII only: Python takes others for the plain ones that they look like, so that
    the class would have another name than the one asked for.
    """
    reason = _reason(name)
    if reason:
        raise CandidateError(
            f"a class needs a Python name that its file has no other use for, of ASCII letters, "
            f"digits and _, but '{name}' {reason}; try 'Activation'"
        )


def _reason(name: str) -> str | None:
    """The fault of a name; None if it has none."""
    if not name:
        return "is empty"
    if not re.fullmatch(r"[A-Za-z_0-9]+", name):
        return "has other characters"
    if not name[0].isalpha():
        return "does not begin with a letter"
    if iskeyword(name) or issoftkeyword(name):
        return "is a keyword of Python"
    if hasattr(builtins, name):
        return "is Python's own"
    return "is what the file imports or defines" if name in IMPORTED else None
