"""Text of strangers as it may be printed: nothing in it moves a cursor, hides or reorders text.

A name, formula, reason or path from a file may hold escape sequences of terminals, carriage
returns, marks that reverse the direction of writing, or halves of characters that no encoding has.
"""

from __future__ import annotations


def printable(text: str, keep: str = "\n\t") -> str:
    r"""The text with what is not printable as Python escapes it (`\x1b`, `\u202e`), but for the
    characters of `keep`."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in keep
        else character.encode("unicode_escape").decode()
        for character in text
    )


def shown(value: object, longest: int = 80) -> str:
    """A value in an error's message: Python's text of it, at most so many characters."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python prints no integer of more than 4,300 digits
        text = f"a {type(value).__name__} too large to print"
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
