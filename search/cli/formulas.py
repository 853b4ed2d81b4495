"""Formulas that begin with a minus, which argparse by itself takes for flags."""

from __future__ import annotations

import re
from collections.abc import Container

_INPUT = re.compile(r"(?<![A-Za-z_])x(?![A-Za-z_0-9])")  # also in 2x and βx
_CALL_OR_PRODUCT = re.compile(r"-[A-Za-z_][A-Za-z_0-9.]*\s*[(*]")


def is_formula(word: str, flags: Container[str]) -> bool:
    """Whether a word that begins with a minus is a formula, as -tanh(x) or -2*x: it has x in it,
    or a function; flags: those there are, of which `-o/tmp/x` is one with its value."""
    if word.startswith("--"):
        return False
    has_input, applies = _INPUT.search(word) is not None, _CALL_OR_PRODUCT.match(word) is not None
    if word[:2] in flags:
        return has_input and applies  # -omega * x, -hard_swish(x)
    return has_input or applies
