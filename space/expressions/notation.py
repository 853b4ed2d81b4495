"""Names that papers and programs use for what is no primitive, and what each is read as.

AQuaSurF writes constants and the identity as functions and folds a binary operator over several
operands; GRAFS has a choice of either operand. A reader may use these names; canonical text does
not, so `prod_n(x, one(x), sigmoid(x))` is the candidate `x * 1 * sigmoid(x)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

# name -> (number of operands, the expression over x1, x2). An operand not in it is dropped.
FORMS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "zero": (1, "0"),  # AQuaSurF
        "one": (1, "1"),  # AQuaSurF
        "identity": (1, "x1"),  # AQuaSurF
        "reciprocal": (1, "1 / x1"),  # AQuaSurF; with the divisor's floor, as every quotient
        "left": (2, "x1"),  # GRAFS
        "right": (2, "x2"),  # GRAFS
        "sigmul": (2, "sigmoid(x1) * x2"),  # GRAFS
    }
)

# name -> the binary primitive folded over two operands or more, from the left; AQuaSurF
FOLDS: Mapping[str, str] = MappingProxyType(
    {"sum_n": "add", "prod_n": "mul", "max_n": "max", "min_n": "min"}
)

# name before a bracket -> the primitive of it; bare, the name is a parameter as any other
CALLED: Mapping[str, str] = MappingProxyType(
    {
        "sigma": "sigmoid",
        "logistic": "sigmoid",
        "expit": "sigmoid",
        "ln": "log",
        "absolute": "abs",
        "fabs": "abs",
    }
)

EULER = ("e", "E")  # sympy prints E; before ** it is the base of exp

_INPUT = re.compile("[xX](_*[0-9]*|_+[A-Za-z]?[0-9]*|s|_in|_input)|[iI]nputs?|INPUTS?|inp")
_FACTOR = "[A-Za-hj-z]|pi|alpha|beta|gamma|delta|theta|omega|lambda|sigma|mu"  # xi is a letter, ξ
_PRODUCT = re.compile(f"({_FACTOR}|i|x)_?[xX][0-9]*")  # words may end in x: mix, index
_PRODUCT_BEHIND = re.compile(f"x({_FACTOR})")


def doubtful(name: str) -> str | None:
    """Meaning of a name in formulas from elsewhere, and how to write it; None for any other.
    As a parameter such a name is always declared with its initial value: `e=1`, `ax=1`.
    """
    meaning = mistakable(name)
    if meaning is not None:
        return meaning
    if product := _PRODUCT.fullmatch(name):
        return f"a product with the input: write {product[1]} * x"
    if product := _PRODUCT_BEHIND.fullmatch(name):
        return f"a product with the input: write x * {product[1]}"
    return None


def mistakable(name: str) -> str | None:
    """`doubtful`, of those names alone that are no words: the name of a search may end in x."""
    if _INPUT.fullmatch(name) and name != "x":
        return "an input: write x"
    if name in EULER:
        return "the number e: write exp(x) for its powers, 2.718281828459045 for itself"
    if name.lower() in ("inf", "infinity", "infty", "oo", "zoo"):
        return "infinity: no constant is infinite"
    if name.lower() == "nan":
        return "not a number: no constant is"
    if name in ("Pi", "PI"):
        return "a number: write pi"
    if name == "I" or name.lower() in ("true", "false", "none", "null"):
        return "a value: a constant is a real number, as 1 or 0.5"
    return None
