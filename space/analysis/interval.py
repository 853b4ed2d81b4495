"""Interval arithmetic in float64: a result holds every value that its operands allow.

Ends are rounded outwards by more than any of torch's kernels errs. An infinite end says that no
finite one is known; 0 times it is 0, since an interval holds numbers. An end is 0 only where the
value may be 0 exactly: what underflows counts as up to SMALLEST.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

WIDER = 1e-14  # relative. torch's elementary kernels are within a few units of 1.1e-16, its
# special functions within some tens
SMALLEST = 1e-300
BIGGEST = 1.79e308  # a lower end that overflowed


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from `low` to `high`, float64 tensors of one shape."""

    low: Tensor
    high: Tensor

    def __add__(self, other: Interval) -> Interval:
        return outwards(self.low + other.low, self.high + other.high)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __sub__(self, other: Interval) -> Interval:
        return self + -other

    def __mul__(self, other: Interval) -> Interval:
        a = torch.stack((self.low, self.low, self.high, self.high))
        b = torch.stack((other.low, other.high, other.low, other.high))
        lows = highs = product = a * b
        if not bool((product.isfinite() & (product != 0)).all()):
            zero = (a == 0) | (b == 0)
            lost = (product == 0) & ~zero
            positive = (a > 0) == (b > 0)
            product = torch.where(zero, 0.0, product)
            lows = torch.where(lost & ~positive, -SMALLEST, product)
            highs = torch.where(lost & positive, SMALLEST, product)
        return outwards(lows.amin(0), highs.amax(0))

    def times(self, factor: float) -> Interval:
        """The product with a number."""
        return self * number(factor, self.low)

    @property
    def size(self) -> Interval:
        """Of the absolute values."""
        low, high = self.low.abs(), self.high.abs()
        around = (self.low <= 0) & (self.high >= 0)
        return Interval(
            torch.where(around, 0.0, torch.minimum(low, high)), torch.maximum(low, high)
        )

    @property
    def squared(self) -> Interval:
        """Of the squares, never below 0."""
        return self.size * self.size

    @property
    def reciprocal(self) -> Interval:
        """One over it; everything where it holds 0."""
        around = (self.low <= 0) & (self.high >= 0)
        result = outwards(1 / self.high, 1 / self.low)
        return result.where(~around, everything(self.low))

    @property
    def centre(self) -> Tensor:
        """A number inside it, about the middle."""
        return self.low / 2 + self.high / 2

    def where(self, chosen: Tensor, other: Interval) -> Interval:
        """This one where `chosen`, else the other."""
        return Interval(
            torch.where(chosen, self.low, other.low), torch.where(chosen, self.high, other.high)
        )

    def joined(self, other: Interval) -> Interval:
        """The least interval around both."""
        return Interval(torch.minimum(self.low, other.low), torch.maximum(self.high, other.high))

    def within(self, low: float | Tensor, high: float | Tensor) -> Interval:
        """Its part between two numbers that are known to bound the value."""
        least, most = (torch.as_tensor(end).to(self.low) for end in (low, high))
        return Interval(self.low.clamp(least, most), self.high.clamp(least, most))

    def larger(self, other: Interval) -> Interval:
        """Of the larger of a number from each."""
        return Interval(torch.maximum(self.low, other.low), torch.maximum(self.high, other.high))

    def smaller(self, other: Interval) -> Interval:
        """Of the smaller of a number from each."""
        return Interval(torch.minimum(self.low, other.low), torch.minimum(self.high, other.high))

    def rising(self, function: Callable[[Tensor], Tensor]) -> Interval:
        """The values of a function that never falls."""
        return outwards(function(self.low), function(self.high))

    def falling(self, function: Callable[[Tensor], Tensor]) -> Interval:
        """The values of a function that never rises."""
        return outwards(function(self.high), function(self.low))


def outwards(low: Tensor, high: Tensor) -> Interval:
    """The interval with its ends moved apart by what rounding may have moved them."""
    low = low.nan_to_num(nan=-math.inf, posinf=BIGGEST, neginf=-math.inf)
    high = high.nan_to_num(nan=math.inf, posinf=math.inf, neginf=-BIGGEST)
    low, high = low - low.abs() * WIDER, high + high.abs() * WIDER
    if bool(((low.abs() < SMALLEST) | (high.abs() < SMALLEST)).any()):
        low = torch.where((low > -SMALLEST) & (low < 0), -SMALLEST, low)
        low = torch.where((low > 0) & (low < SMALLEST), 0.0, low)
        high = torch.where((high > 0) & (high < SMALLEST), SMALLEST, high)
        high = torch.where((high > -SMALLEST) & (high < 0), 0.0, high)
    return Interval(low, high)


def number(value: float, like: Tensor) -> Interval:
    """A number, at every place of `like`."""
    constant = torch.full_like(like, value)
    return Interval(constant, constant)


def everything(like: Tensor) -> Interval:
    """All numbers, at every place of `like`."""
    return Interval(torch.full_like(like, -math.inf), torch.full_like(like, math.inf))
