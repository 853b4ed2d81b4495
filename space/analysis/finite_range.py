"""The inputs for which a candidate's value and slope are finite numbers, dtype by dtype.

The slope is autograd's, which may be NaN where the value is finite: exp(x) is infinite in float32
from x = 88.73 on, and 0 times that is what a saturated gate around it passes back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context
from functools import cache

import torch
from torch import Tensor

from ..expressions.expression import Expression

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
WIDE = 1e4  # |x| up to which float32 must have a finite value and slope


@dataclass(frozen=True, slots=True)
class FiniteRange:
    """`low` to `high`: the largest range around 0 in which value and slope are finite in `dtype`;
    empty, two NaN, where they are not at 0. `everywhere`: at every finite number of the dtype."""

    dtype: str
    low: float
    high: float
    everywhere: bool

    @property
    def text(self) -> str:
        """As an interval of x, or in a word."""
        if self.everywhere:
            return "everywhere"
        if math.isnan(self.low):
            return "not at 0"
        most = float(torch.finfo(getattr(torch, self.dtype)).max)
        ends = (("-inf", self.low <= -most), ("inf", self.high >= most))
        low, high = (
            word if open_ended else _number(value)
            for (word, open_ended), value in zip(ends, (self.low, self.high), strict=True)
        )
        return f"{'(' if low == '-inf' else '['}{low}, {high}{')' if high == 'inf' else ']'}"

    def holds(self, x: float) -> bool:
        """Whether x is inside."""
        return self.low <= x <= self.high


def finite_ranges(
    expression: Expression, values: Sequence[float] | None = None
) -> dict[str, FiniteRange]:
    """By dtype, at the initial parameters or at `values`, one for each.

    In the half types every number is tried. In float32 every number that bfloat16 has, 20,001 of
    [-10, 10], and from the first bad one on either side the end is bisected to the last float.
    """
    return {
        str(dtype).removeprefix("torch."): finite_range(expression, dtype, values)
        for dtype in DTYPES
    }


def finite_text(ranges: Mapping[str, FiniteRange]) -> str:
    """One line: the ranges in words, dtypes of one range together."""
    if all(r.everywhere for r in ranges.values()):
        return f"everywhere in {', '.join(ranges)}"
    return ", ".join(f"{r.text} in {name}" for name, r in ranges.items())


def finite_points(where: FiniteRange) -> list[float]:
    """The points of a proof that a range holds: its ends, and every number between them at which
    the range was looked for, down to the smallest subnormals."""
    if math.isnan(where.low):
        return []
    x = _numbers(getattr(torch, where.dtype)).double()
    inside = x[(where.low <= x) & (x <= where.high)]
    return sorted({where.low, where.high, *inside.tolist()})


def float_numbers() -> Tensor:
    """The numbers at which float32 is looked at, in order, 0 once: do not write to them."""
    return _numbers(torch.float32)


def wide_enough(where: FiniteRange) -> bool:
    """Whether it reaches as far as signals do, to WIDE on both sides."""
    return where.holds(-WIDE) and where.holds(WIDE)


def finite_range(
    expression: Expression, dtype: torch.dtype, values: Sequence[float] | None = None
) -> FiniteRange:
    """The range in one dtype, as `finite_ranges` has it."""
    name = str(dtype).removeprefix("torch.")
    x = _numbers(dtype)
    good = _finite(expression, x, values)
    if bool(good.all()):
        return FiniteRange(name, float(x[0]), float(x[-1]), True)
    middle = int((x == 0).nonzero()[0])
    if not bool(good[middle]):
        return FiniteRange(name, math.nan, math.nan, False)
    bad = (~good).nonzero()[:, 0]
    above, below = bad[bad > middle], bad[bad < middle]
    high = low = None
    if len(above):
        high = _last(expression, x[above[0] - 1], x[above[0]], values)
    if len(below):
        low = _last(expression, x[below[-1] + 1], x[below[-1]], values)
    return FiniteRange(
        name, float(x[0]) if low is None else low, float(x[-1]) if high is None else high, False
    )


def _last(
    expression: Expression, good: Tensor, bad: Tensor, values: Sequence[float] | None
) -> float:
    """The last finite place from a good one towards a bad one, bisected on the dtype's grid."""
    if good.dtype != torch.float32:
        return float(good)  # every number of it was tried
    # The bits of floats of one sign are in order, as whole numbers.
    sign = 1.0 if float(bad) > 0 else -1.0
    first, last = (int(t.abs().reshape(1).view(torch.int32)) for t in (good, bad))
    while last - first > 1:
        centre = (first + last) // 2
        x = sign * torch.tensor([centre], dtype=torch.int32).view(torch.float32)
        if bool(_finite(expression, x, values).all()):
            first = centre
        else:
            last = centre
    return sign * float(torch.tensor([first], dtype=torch.int32).view(torch.float32))


def _finite(expression: Expression, x: Tensor, values: Sequence[float] | None) -> Tensor:
    numbers = None if values is None else [torch.tensor(v, dtype=x.dtype) for v in values]
    value, slope = expression.values_and_slopes(x, numbers)
    return value.isfinite() & slope.isfinite()


@cache
def _numbers(dtype: torch.dtype) -> Tensor:
    """The numbers of a dtype that are tried, in order, 0 once."""
    if dtype == torch.float32:
        wide = _numbers(torch.bfloat16).float()
        ends = torch.tensor([-1.0, 1.0]) * torch.finfo(dtype).max
        numbers: Tensor = torch.cat([wide, torch.linspace(-10, 10, 20_001), ends]).unique()
        return numbers
    bits = torch.arange(2**15, dtype=torch.int32).to(torch.int16).view(dtype)
    half = bits[bits.isfinite()]
    return torch.cat([-half.flip(0)[:-1], half])


def _number(value: float) -> str:
    """Five digits, the rest cut off: a rounded end could be outside."""
    short = Context(prec=5, rounding=ROUND_DOWN).create_decimal(value)
    return f"{float(short):.5g}"
