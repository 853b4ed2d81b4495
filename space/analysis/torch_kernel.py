"""The one kernel of torch that computes a candidate, found by its values however it is written.

Compared as `identify` compares with the catalog, at every point of `everywhere`, closer than that
where networks work, and by intervals between the points: the kernel stands in for the searched
formula in an exported file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ..expressions.expression import Call, Constant, Expression, Parameter, Variable, substitute
from ..modules.kernels import OPERATORS, PRELU, Kernel
from .between import ground_by_values
from .everywhere import REACH, every_point, same_everywhere

CLOSE = 1e-6  # relative, of value and slope for |x| <= REACH: the floor of a division, 6e-8,
# passes (float32 has no finer steps); that of a logarithm, 1e-5, makes another function of it
SLOPES = (0.25, -0.7, 1.9)  # of a learned left slope: max(x, a * x) is a PReLU up to 1 only
DIGITS = 4  # to which a number read off the curve is rounded, if that is within NOISE of it
NOISE = 1e-7  # relative; a division by 2 has a floor of 3e-8


def torch_kernel(expression: Expression) -> Kernel | None:
    """The kernel, or None where torch has none, or the formula is a single call of it already."""
    if isinstance(expression, Call) and all(isinstance(o, Variable) for o in expression.operands):
        return None
    if expression.parameters:
        return _prelu(expression)
    expected = _values_and_slopes(expression.values)
    if not bool(expected[0][_near()].isfinite().all()):
        return None

    def curve(x: float) -> float:
        return float(expression.values(torch.tensor(x, dtype=torch.float64)))

    for operator in OPERATORS.values():
        numbers = operator.guess(curve)
        if numbers is not None:
            kernel = operator.kernel(tuple(map(_short, numbers)))
            assert kernel.compute is not None
            same = _same(_values_and_slopes(kernel.compute), expected)
            if same and ground_by_values(expression, kernel.compute) == "proven":
                return kernel
    return None


def _prelu(expression: Expression) -> Kernel | None:
    """F.prelu, where the candidate is one for every value of its only parameter."""
    if len(expression.parameters) != 1:
        return None
    (parameter,) = expression.parameters
    for slope in SLOPES:
        weight = torch.tensor(slope, dtype=torch.float64)
        fixed = _fixed(expression, parameter, slope)

        def prelu(x: Tensor, weight: Tensor = weight) -> Tensor:
            return F.prelu(x, weight)

        if not _same(_values_and_slopes(prelu), _values_and_slopes(fixed.values)):
            return None
        if ground_by_values(fixed, prelu) != "proven":
            return None
    return Kernel(PRELU, f"{PRELU}(x, {{0}})")


def _fixed(expression: Expression, parameter: Parameter, value: float) -> Expression:
    return substitute(expression, {parameter: Constant(value)})


@cache
def _near() -> Tensor:
    return every_point().abs() <= REACH


def _values_and_slopes(function: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    x = every_point().clone().requires_grad_()
    with torch.enable_grad():
        value = function(x)
    if not value.requires_grad:
        return value, torch.zeros_like(x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    return value.detach(), slope


def _same(kernel: tuple[Tensor, Tensor], expected: tuple[Tensor, Tensor]) -> bool:
    """Values everywhere, and values and slopes closely near 0, but for kinks, where slopes are
    a choice: at 0 only, of all points."""
    near = _near()
    for computed, wanted in zip(kernel, expected, strict=True):
        difference = (computed - wanted).abs() / wanted.abs().clamp(min=1.0)
        if not bool((difference[near & (every_point() != 0)] <= CLOSE).all()):
            return False
    return same_everywhere(torch.asinh(kernel[0]), torch.asinh(expected[0]))


def _short(number: float) -> float:
    """A number without what is behind its fourth digit, if that is noise."""
    short = float(f"{number:.{DIGITS}g}")
    return short if abs(short - number) <= NOISE * abs(number) else number
