"""The operators that would leave the finite numbers, kept finite: each with its floor and reason.

The input is masked before the operator, never the output after it: where the output is replaced,
the derivative of what was replaced is still computed, and 0 * infinity is NaN.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

# Raised whenever a primitive computes other values than before: scores of another version are not
# those of today's formulas.
NUMERICS = 1
LOG_FLOOR = 1e-5  # added to |x| in log; GRAFS (Strack et al. 2024), slope at most 1e5
SQRT_FLOOR = 1e-3  # smallest argument of sqrt; GRAFS, slope at most 15.8
DIVIDE_FLOOR = 2.0**-24  # added to the divisor away from 0. Small on purpose: x / x must be 1 but
# for a sliver around 0, or removable singularities become spikes. NNI's Swish space has 1e-7; this
# is as good as that and the same number in every dtype, and float32 divisors from 1 on keep theirs
POWER_FLOOR = 1e-3  # smallest base of pow: with exponents down to -10 the slope, 10 * floor**-11,
# is 1e34, below the 3.4e38 at which float32 and bfloat16 end; 1e-4 would be beyond


def divide(a: Tensor, b: Tensor) -> Tensor:
    """a / b, the divisor moved away from 0 on its own side by DIVIDE_FLOOR."""
    # `where` of two numbers is float32, which would turn bfloat16 into float32 without the `to`.
    return a / (b + torch.where(b < 0, -DIVIDE_FLOOR, DIVIDE_FLOOR).to(b.dtype))


def divide_positive(a: Tensor, b: Tensor) -> Tensor:
    """`divide` bit for bit where b is not below 0: the floor has the divisor's sign."""
    return a / (b + DIVIDE_FLOOR)


def log(a: Tensor) -> Tensor:
    """log(|a| + LOG_FLOOR)."""
    return torch.log(a.abs() + LOG_FLOOR)


def sqrt(a: Tensor) -> Tensor:
    """The root of a, of SQRT_FLOOR where a is less."""
    return torch.sqrt(a.clamp(min=SQRT_FLOOR))


def power(a: Tensor, b: Tensor) -> Tensor:
    """|a| ** b, the base at least POWER_FLOOR.

    The size of the base and not its sign decides, so pow(x, 1) is |x|: a real power of a negative
    number exists at whole exponents only, and one that agrees there jumps wherever a saturating
    exponent rounds to a whole number, at another place in every dtype.
    """
    return torch.pow(a.abs().clamp(min=POWER_FLOOR), b)


def bessel_i1e(a: Tensor) -> Tensor:
    """exp(-|a|) I1(a); by way of float32 from the half types, for which torch has no slope."""
    wide = torch.promote_types(a.dtype, torch.float32)
    value: Tensor = torch.special.i1e(a.to(wide)).to(a.dtype)
    return value


def hard_sigmoid(a: Tensor) -> Tensor:
    """relu6(a + 3) / 6, the bits of F.hardsigmoid, which has no second derivative; by way of
    float32 from the half types, as there."""
    wide = torch.promote_types(a.dtype, torch.float32)
    value: Tensor = (F.relu6(a.to(wide) + 3.0) / 6.0).to(a.dtype)
    return value


def elish(a: Tensor) -> Tensor:
    """a * sigmoid(a) for a > 0, else (exp(a) - 1) * sigmoid(a); elu never overflows."""
    return F.elu(a) * torch.sigmoid(a)


def cube(a: Tensor) -> Tensor:
    """a ** 3, in two products: torch.pow of a tensor and a number is slower."""
    return a * a * a
