"""The left side of a pasted equation, `y = …` or `f(x) = …`: refused, with how to write it.

`a=0.25 * x` declares a learnable parameter, and `y = 0.5 * x` looks the same. These are no
declarations where the name is used nowhere else in the text:
- names that stand for a result, as y, f and act, or for a function, as GELU;
- any other word with a space beside its =, unless it is a letter or a Greek letter's name, which
  formulas have for parameters.
A parameter of such a name is declared with what shares it: `y[layer]=0.5 * x`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import ExpressionError
from .lexer import Token
from .notation import CALLED, FOLDS, FORMS
from .primitives import ALIASES, PRIMITIVES

_RESULTS = frozenset(
    (
        *("y", "z", "f", "g", "h", "phi", "psi", "sigma", "fx", "fn", "func", "function"),
        *("out", "output", "result", "res", "ret", "act", "activation"),
    )
)
_OPERATORS = (PRIMITIVES, ALIASES, FORMS, FOLDS, CALLED)
_LETTER = re.compile(
    "([A-Za-z]|alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|omicron"
    "|rho|tau|upsilon|chi|omega)_?[0-9]*"
)


def names_result(name: str) -> bool:
    """Whether a name before = stands for what a formula computes, and for no parameter of it."""
    lower = name.lower()
    capitals = any(lower in names and name not in names for names in _OPERATORS)
    return lower in _RESULTS or capitals


def refuse_left_side(text: str, read: Sequence[Token]) -> None:
    """Raise ExpressionError where the text, of these tokens, begins with a left side."""
    if read[0].kind != "name":
        return
    equals = _end_of_call(read) if read[1].text == "(" else 1
    if read[equals].text != "=" or (equals == 1 and _declares(text, read)):
        return
    start, sign = read[0].position, read[equals].position
    rule = (
        f"an expression has no left side: write the formula alone, without "
        f"'{text[start:sign].rstrip()} ='"
    )
    if equals == 1 and not any(read[0].text in names for names in _OPERATORS):
        name = read[0].text
        rule += f" (a learnable parameter is declared with what shares it, {name}[layer]=1)"
    raise ExpressionError(rule, text, start)


def _declares(text: str, read: Sequence[Token]) -> bool:
    """Whether the name and = that the text begins with declare a parameter."""
    name, sign = read[0].text, read[1].position
    if sum(token.kind == "name" and token.text == name for token in read) > 1:
        return True
    spaced = text[sign - 1].isspace() or text[sign + 1 : sign + 2].isspace()
    return not names_result(name) and (not spaced or _LETTER.fullmatch(name) is not None)


def _end_of_call(read: Sequence[Token]) -> int:
    """The place after `f(x, a)`, where the text begins with names in a bracket; else 0."""
    for place in range(2, len(read) - 1, 2):
        if read[place].kind != "name":
            return 0
        if read[place + 1].text == ")":
            return place + 2
        if read[place + 1].text != ",":
            return 0
    return 0
