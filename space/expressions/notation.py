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

# What has no primitive -> how to write it
_CHOICE = "x where it is above 0 is max(x, 0), where it is below is min(x, 0)"
_CUT = "write min(max(x, low), high)"
OTHERWISE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("where", "piecewise", "heaviside", "ite", "sign", "step"), _CHOICE),
        **dict.fromkeys(("clamp", "clip", "threshold"), _CUT),
        "hardtanh": "write min(max(x, -1), 1)",
        "relu6": "write min(max(x, 0), 6)",
        "prelu": "write max(x, 0) + a=0.25 * min(x, 0)",
        "celu": "write max(x, 0) + a * (exp(min(x, 0) / a) - 1)",
        "log1p": "write log(1 + x); for x = exp(y) it is softplus(y)",
        "log2": "write log(x) / 0.6931471805599453",
        "log10": "write log(x) / 2.302585092994046",
        "tan": "write sin(x) / cos(x)",
        "rsqrt": "write 1 / sqrt(x)",
        "exp2": "write exp(0.6931471805599453 * x)",
        "hypot": "write sqrt(x ** 2 + y ** 2)",
    }
)


def mistakable(name: str) -> str | None:
    """Meaning of a name in formulas from elsewhere, and how to write it; None for any other.
    As a parameter such a name is always declared with its initial value: `e=1`.
    """
    if re.fullmatch("[xX]_?[0-9]*|inputs?", name) and name != "x":
        return "an input: write x"
    if name in EULER:
        return "the number e: write exp(x) for its powers, 2.718281828459045 for itself"
    if name.lower() in ("inf", "infinity", "infty", "oo", "zoo"):
        return "infinity: no constant is infinite"
    if name.lower() == "nan":
        return "not a number: no constant is"
    if name in ("Pi", "PI"):
        return "a number: write pi"
    if name in ("I", "True", "False", "None"):
        return "a value: a constant is a real number, as 1 or 0.5"
    return None
