"""Characters that a formula is pasted with: what each is read as, or how to write it.

Every one is read as one character, so that a position in the text stays a position in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "^": "**",
        **dict.fromkeys("−–", "-"),
        **dict.fromkeys("·⋅×∗∙•", "*"),
        **dict.fromkeys("÷∕", "/"),
    }
)
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")  # as in x² and x⁻¹
LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")  # as in β₁

_COMPARISON = "there are no comparisons: max(x, 0) is x above 0, min(x, 0) is x below"
_LATEX = "LaTeX is not read: write sigmoid(x), x / 2, x ** 2"
_ALONE = "write the formula alone"
HINTS: Mapping[str, str] = MappingProxyType(
    {
        "|": "write abs(x) for |x|",
        "√": "write sqrt(x)",
        **dict.fromkeys("<>≤≥", _COMPARISON),
        **dict.fromkeys("\\{", _LATEX),
        ":": f"{_ALONE}, without 'lambda x:'",
        **dict.fromkeys(";→↦←≈≡", _ALONE),
        **dict.fromkeys("'\"", "leave out the quotes"),
        "∞": "no constant is infinite",
        "Φ": "the normal distribution function is (1 + erf(x / 1.4142135623730951)) / 2",
        "—": "write - for a minus",
        "%": "there are no remainders and no percents: write 0.01 for 1 %",
        **dict.fromkeys("₀₁₂₃₄₅₆₇₈₉", "write the digit itself, as in a1"),
        **dict.fromkeys("½¼¾⅓⅔", "write the quotient, as in x / 2"),
    }
)

# Letters of formulas, 𝑥 and 𝛽, of Chinese and Japanese keyboards, ｘ and （, and the other shapes
# of Greek ones: ϵ is ε.
_SHAPES = re.compile("[\U0001d400-\U0001d7ff\uff01-\uff5eϐϑϕϰϱϵµℯ]")


def plain_letters(text: str) -> str:
    """The text with its letters of mathematical shapes as the plain ones, one for one."""
    if text.isascii():
        return text
    return _SHAPES.sub(lambda shape: unicodedata.normalize("NFKC", shape[0]), text)
