"""Text to tokens, with the signs and names that a formula is pasted with.

What stands for one thing only is read as it: `^` for a power, −, ·, ×, ÷ and ² from a paper, a
Greek letter for its name, `torch.` or `np.` before a function, `2x` and `βx` for a product. The
rest raises, with how to write it.
"""

from __future__ import annotations

import re
import unicodedata
from types import MappingProxyType
from typing import NamedTuple

from ..errors import ExpressionError

_GREEK = "αβγδεζηθικλμνξοπρστυφχψω"

_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_SIGNS = MappingProxyType(
    {"^": "**", "−": "-", "–": "-", "·": "*", "⋅": "*", "×": "*", "∗": "*", "÷": "/"}
)
_SUPERSCRIPTS = MappingProxyType({"²": "2", "³": "3"})

# Modules whose functions have the same names here: `torch.tanh(x)` is `tanh(x)`.
_LIBRARIES = (
    *(
        "torch",
        "torch.nn.functional",
        "torch.special",
        "nn.functional",
        "F",
        "math",
        "np",
        "numpy",
    ),
    *("jnp", "jax.numpy", "jax.nn", "tf", "tf.math", "tf.nn", "sp", "sympy", "scipy.special"),
)

_HINTS = MappingProxyType(
    {
        "|": "write abs(x) for |x|",
        "√": "write sqrt(x)",
        "<": "there are no comparisons: max(x, 0) is x above 0, min(x, 0) is x below",
        ">": "there are no comparisons: max(x, 0) is x above 0, min(x, 0) is x below",
        "≤": "there are no comparisons: max(x, 0) is x above 0, min(x, 0) is x below",
        "≥": "there are no comparisons: max(x, 0) is x above 0, min(x, 0) is x below",
        "\\": "LaTeX is not read: write sigmoid(x), x / 2, x ** 2",
        "{": "LaTeX is not read: write sigmoid(x), x / 2, x ** 2",
        ":": "write the formula alone, without 'lambda x:'",
        "'": "leave out the quotes",
        '"': "leave out the quotes",
        "∞": "no constant is infinite",
        "Φ": "the normal distribution function is (1 + erf(x / 1.4142135623730951)) / 2",
    }
)

_TOKEN = re.compile(
    r"[\s\u200b\u2060\ufeff]*"  # a web page's text has spaces of no width
    r"(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z][A-Za-z_0-9]*(?:\.[A-Za-z][A-Za-z_0-9]*)*)"
    rf"|(?P<greek>[{_GREEK}][0-9₀-₉]*)"
    r"|(?P<sign>\*\*|[-+*/(),\[\]=^−–·⋅×∗÷²³]))"
)


class Token(NamedTuple):  # made in half the time of a dataclass, and a text has 30 of them
    kind: str  # "number", "name", "sign", "implied" (the * in 2x) or "end"
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """The tokens of a text, the last of kind "end". Raises ExpressionError with the position."""
    read: list[Token] = []
    position, factor_end = 0, -1  # where a number or a Greek letter ended
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _unexpected(text, position)
        kind, value = match.lastgroup, match[match.lastgroup]
        start, position = match.start(kind), match.end()
        if start == factor_end and (kind in ("name", "greek") or value == "("):
            read.append(Token("implied", "*", start))
        factor_end = -1
        if kind == "number":
            read.append(Token(kind, value, start))
            factor_end = position
        elif kind == "name":
            read.append(Token(kind, _without_library(value, text, start), start))
        elif kind == "greek":
            letter = unicodedata.name(value[0]).split()[-1].lower()  # GREEK SMALL LETTER BETA
            name = "lambda" if letter == "lamda" else letter  # as Unicode spells it
            read.append(Token("name", name + value[1:].translate(_SUBSCRIPTS), start))
            factor_end = -1 if text.startswith("(", position) else position
        elif value in _SUPERSCRIPTS:
            read += [Token("sign", "**", start), Token("number", _SUPERSCRIPTS[value], start)]
        else:
            read.append(Token(kind, _SIGNS.get(value, value), start))
    return [*read, Token("end", "", len(text))]


def _unexpected(text: str, position: int) -> ExpressionError:
    position += len(text[position:]) - len(text[position:].lstrip("\u200b\u2060\ufeff \t\n\r"))
    character = text[position : position + 1]
    hint = f": {_HINTS[character]}" if character in _HINTS else ""
    return ExpressionError(f"unexpected character '{character}'{hint}", text, position)


def _without_library(name: str, text: str, position: int) -> str:
    library, dot, last = name.rpartition(".")
    if dot and library not in _LIBRARIES:
        rule = f"'{library}' is no library that is read: write the function alone, as in tanh(x)"
        raise ExpressionError(rule, text, position)
    return last
