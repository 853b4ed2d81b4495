"""Names that the papers use for what needs no primitive, and what each is read as.

AQuaSurF writes constants and the identity as functions and folds a binary operator over several
operands; GRAFS has a choice of either operand. A reader may use these names; canonical text does
not, so `prod_n(x, one(x), sigmoid(x))` is the candidate `x * 1 * sigmoid(x)`.
"""

from __future__ import annotations

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
