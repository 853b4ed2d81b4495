"""Text to tokens, with the signs and names that a formula is pasted with.

What stands for one thing only is read as it: `^` for a power, −, ·, ×, ÷, ² and 𝑥 from a paper,
a Greek letter for its name, `torch.` or `np.` before a function, `2x` and `βx` for a product. The
rest raises, with how to write it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from ..errors import ExpressionError
from .characters import HINTS, LOWERED, RAISED, SIGNS, plain_letters
from .libraries import LIBRARIES

_GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
_SUFFIXES = tuple("fFjJlL")  # of numbers in programs: 0.5f, 1L and 1j are no products
_HEXADECIMAL = re.compile("[xX][0-9A-Fa-f]+")  # after 0

_TOKEN = re.compile(
    r"[\s\u200b\u2060\ufeff]*"  # a web page's text has spaces of no width
    r"(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z][A-Za-z_0-9]*(?:\.[A-Za-z][A-Za-z_0-9]*)*)"
    rf"|(?P<greek>[{_GREEK}][0-9₀-₉]*)"
    r"|(?P<power>⁻?[⁰¹²³⁴-⁹]+)"
    r"|(?P<quoted>\"[^\"]*\"|'[^']*')"
    rf"|(?P<sign>\*\*|[-+*/(),\[\]={''.join(SIGNS)}]))"
)


class Token(NamedTuple):  # made in half the time of a dataclass, and a text has 30 of them
    kind: str  # "number", "name", "quoted", "sign", "implied" (the * in 2x) or "end"
    text: str
    position: int
    library: str = ""  # of a name: the library that stands before it


def tokens(text: str) -> list[Token]:
    """The tokens of a text, the last of kind "end". Raises ExpressionError with the position."""
    plain = plain_letters(text)
    read: list[Token] = []
    position, factor_end = 0, -1  # where a number or a Greek letter ended
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(plain, position)
        if match is None or match.lastgroup is None:
            raise _unexpected(text, position)
        kind, value = match.lastgroup, match[match.lastgroup]
        if kind == "quoted" and not (read and read[-1].text == "="):  # no keyword's value
            raise _unexpected(text, position)
        start, position = match.start(kind), match.end()
        if start == factor_end and (kind in ("name", "greek") or value == "("):
            if not plain.startswith("(", position):
                _refuse_suffix(read[-1], value, text)
            read.append(Token("implied", "*", start))
        factor_end = -1
        if kind == "number":
            read.append(Token(kind, value, start))
            factor_end = position
        elif kind == "name":
            read.append(_name(value, text, start))
        elif kind == "greek":
            letter = unicodedata.name(value[0]).split()[-1].lower()  # GREEK SMALL LETTER BETA
            name = "lambda" if letter == "lamda" else letter  # as Unicode spells it
            read.append(Token("name", name + value[1:].translate(LOWERED), start))
            factor_end = -1 if plain.startswith("(", position) else position
        elif kind == "power":
            read += _power(value.translate(RAISED), start)
        else:
            read.append(Token(kind, SIGNS.get(value, value), start))
    return [*read, Token("end", "", len(text))]


def _unexpected(text: str, position: int) -> ExpressionError:
    position += len(text[position:]) - len(text[position:].lstrip("\u200b\u2060\ufeff \t\n\r"))
    character = text[position : position + 1]
    hint = f": {HINTS[character]}" if character in HINTS else ""
    return ExpressionError(f"unexpected character '{character}'{hint}", text, position)


def _refuse_suffix(before: Token, name: str, text: str) -> None:
    """Raise where a name is the suffix of the number before it."""
    hexadecimal = before.text == "0" and _HEXADECIMAL.fullmatch(name)
    if before.kind == "number" and (name in _SUFFIXES or hexadecimal):
        rule = (
            f"'{before.text}{name}' is no real number: write {before.text} alone, or "
            f"{before.text} * {name} for a product"
        )
        raise ExpressionError(rule, text, before.position)


def _name(value: str, text: str, position: int) -> Token:
    prefix, dot, name = value.rpartition(".")
    if dot and prefix not in LIBRARIES:
        rule = f"'{prefix}' is no library that is read: write the function alone, as in tanh(x)"
        raise ExpressionError(rule, text, position)
    return Token("name", name, position, LIBRARIES[prefix] if dot else "")


def _power(digits: str, position: int) -> list[Token]:
    """`** 2` or `** - 1`, for a raised number."""
    minus = [Token("sign", "-", position)] if digits.startswith("-") else []
    number = Token("number", digits.lstrip("-"), position)
    return [Token("sign", "**", position), *minus, number]
