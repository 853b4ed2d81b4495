"""The least and greatest value and slope of a candidate over every x, proven where that is cheap.

Branch and bound (Moore 1966): an interval of x is halved until no value in it can exceed the
largest one seen by more than TOLERANCE. The axis ends where float32 and bfloat16 do. What still
rises over the last five powers of ten as over those before is taken to rise without bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import torch
from torch import Tensor

from ..expressions.expression import Call, Expression
from .enclosure import Jet, enclose
from .interval import Interval
from .wide import wide_values

LARGEST = 3.4e38  # |x|
TOLERANCE = 5e-5  # relative, half of the fourth digit that is shown …
LEAST = 1e-2  # … of a bound of at least this size
NEAR, CELLS = 10.0, 512  # equal cells within; outside each is RATIO times as wide as the last
RATIO = 1.3
HALVINGS = 80  # several to a round: fewer intervals than CELLS cost as much time as CELLS of them
MOST = 40_000  # intervals at once; a function that needs more is not bounded more closely
DECADES = (1e5, 1e10, 1e15)
# Of the second step between decades to the first: 0.585 in log(log(x)), which rises without bound;
# 0.333 in 1 - 1 / log(x), which has a limit.
STEADY = 0.45
ENDLESS = 1e300  # a value that counts as without bound: float64 ends at 1.8e308
TURNS_WITHIN, TURNS = 1e5, 16  # |x|, and how many of the highest places are looked at
DROP = 1e-6  # relative: how far values fall on either side of a place where f turns
CLOSE = 1e-9  # relative difference that counts as none
ZOOMED, ZOOMS = 401, 4  # points and rounds, each over two gaps of the last


@dataclass(frozen=True, slots=True)
class Bound:
    """A supremum: `value` is taken or approached at x = `at`, and no value exceeds `outer`.

    Infinite where there is none. endless: the sides, -1 and 1, on which it rises without bound.
    """

    value: float
    outer: float
    at: float
    endless: tuple[int, ...] = ()

    @property
    def proven(self) -> bool:
        """Whether the value is the supremum, to the digits shown."""
        return agree(self.value, self.outer)


# What is bounded: from a jet the quantity and its derivative.
Target = Callable[[Jet], tuple[Interval, Interval]]


def highest(jet: Jet) -> tuple[Interval, Interval]:
    """The value, to be bounded above."""
    return jet.value, jet.slope


def lowest(jet: Jet) -> tuple[Interval, Interval]:
    """Minus the value."""
    return -jet.value, -jet.slope


def steepest(jet: Jet) -> tuple[Interval, Interval]:
    """The slope."""
    return jet.slope, jet.bend


def steepest_down(jet: Jet) -> tuple[Interval, Interval]:
    """Minus the slope."""
    return -jet.slope, -jet.bend


class Enclosed:
    """An expression without parameters, with what each of its suprema begins by: computed once
    for the four that a card asks for."""

    def __init__(self, fixed: Expression) -> None:
        self.fixed = fixed

    @cached_property
    def at_samples(self) -> Jet:
        return enclose(self.fixed, _samples(), _samples())

    @cached_property
    def over_cells(self) -> Jet:
        return enclose(self.fixed, *_cells())

    @cached_property
    def at_middles(self) -> Jet:
        middle = _middle(*_cells())
        return enclose(self.fixed, middle, middle)


def supremum(enclosed: Enclosed, target: Target) -> Bound:
    """The supremum over every x."""
    fixed = enclosed.fixed
    low, high = _cells()
    value, at, endless = _seen(enclosed, target)
    if math.isinf(value):
        return Bound(value, value, at, endless)
    halvings = 0
    while True:
        middle = _middle(low, high)
        over = enclose(fixed, low, high) if halvings else enclosed.over_cells
        inside = enclose(fixed, middle, middle) if halvings else enclosed.at_middles
        (quantity, change), (point, _) = target(over), target(inside)
        best = int(point.low.argmax())
        if float(point.low[best]) > value:
            value, at = float(point.low[best]), float(middle[best])
        step = Interval(low - middle, high - middle)
        top = torch.minimum(quantity.high, (point + change * step).high)
        kept = top > value + tolerance(value)
        low, high, top = low[kept], high[kept], top[kept]
        if not len(low) or halvings >= HALVINGS or 2 * len(low) > MOST:
            break
        low, high, halvings = *_halved(low, high), halvings + 1
        while len(low) < CELLS:
            low, high, halvings = *_halved(low, high), halvings + 1
    (closer,), (there,) = _zoomed(fixed, target, torch.tensor([at], dtype=torch.float64))
    if float(closer) > value:
        value, at = float(closer), float(there)
    outer = float(top.max()) if len(top) else value + tolerance(value)
    return Bound(value, max(value, outer), at)


def tolerance(value: float) -> float:
    """How far a bound may be from the supremum."""
    return TOLERANCE * max(abs(value), LEAST)


def agree(value: float, outer: float) -> bool:
    """Whether a value that was seen is the supremum, to TOLERANCE."""
    return outer <= value + tolerance(value)


@cache
def _cells() -> tuple[Tensor, Tensor]:
    """Both ends of intervals that cover the axis, float64."""
    count = math.ceil(math.log(LARGEST / NEAR) / math.log(RATIO))
    outside = torch.logspace(math.log10(NEAR), math.log10(LARGEST), count, dtype=torch.float64)
    inside = torch.linspace(-NEAR, NEAR, CELLS + 1, dtype=torch.float64)
    edges = torch.cat([-outside.flip(0), inside[1:-1], outside])
    return edges[:-1], edges[1:]


def _halved(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Both ends of each interval's parts."""
    middle = _middle(low, high)
    return torch.cat([low, middle]), torch.cat([middle, high])


def _middle(low: Tensor, high: Tensor) -> Tensor:
    """Where an interval is parted: at 0, in the geometric or in the arithmetic mean."""
    around = (low < 0) & (high > 0)
    near, far = torch.minimum(low.abs(), high.abs()), torch.maximum(low.abs(), high.abs())
    geometric = near.sqrt() * far.sqrt() * torch.where(low < 0, -1.0, 1.0).to(low)
    mean = torch.where(far > 2 * near.clamp(min=1e-300), geometric, low / 2 + high / 2)
    mean = torch.where(near == 0, low / 2 + high / 2, mean)
    return torch.where(around, 0.0, mean)


@cache
def _samples() -> Tensor:
    """Points of the whole axis: dense near 0, 64 to a power of ten outside, a few beside 0."""
    inside = torch.linspace(-NEAR, NEAR, 4001, dtype=torch.float64)
    outside = torch.logspace(1, math.log10(LARGEST), 64 * 38, dtype=torch.float64)
    beside = torch.logspace(-30, -3, 100, dtype=torch.float64)
    points: Tensor = torch.cat(
        [inside, outside, -outside, beside, -beside, torch.zeros(1)]
    ).unique()
    return points


def _seen(enclosed: Enclosed, target: Target) -> tuple[float, float, tuple[int, ...]]:
    """The largest value at the samples and where, infinite where it rises without bound; the sides
    on which it does."""
    x, least = _samples(), _least(enclosed, target)
    endless = tuple(side for side in (-1, 1) if _rises_on(least[side * x > 0], x[side * x > 0]))
    if endless:
        return math.inf, endless[0] * math.inf, endless
    best = int(least.argmax())
    top = float(least[best])
    return (math.inf if top >= ENDLESS else top), float(x[best]), ()


def _rises_on(least: Tensor, x: Tensor) -> bool:
    """Whether what is seen on a side rises from decade to decade as what has no bound does."""
    reached = [float(least[x.abs() <= decade].max()) for decade in DECADES]
    first, second = reached[1] - reached[0], reached[2] - reached[1]
    rises = second > STEADY * first and second > TOLERANCE * max(1.0, abs(reached[2]))
    return rises or reached[2] == math.inf


def _least(enclosed: Enclosed, target: Target) -> Tensor:
    """The values at the samples, or what they are at least."""
    x = _samples()
    quantity, _ = target(enclosed.at_samples)
    least = quantity.low
    if target in (highest, lowest) and bool(quantity.high.isinf().any()):
        # Where float64 overflows within the formula the interval knows nothing: x exp(x) / (…).
        wide = wide_values(enclosed.fixed, x) * (1 if target is highest else -1)
        wide = wide.where(x.abs() <= DECADES[-1], -math.inf).nan_to_num(nan=-math.inf)
        least = torch.where(quantity.high.isinf(), wide, least)
    return least


def reached(enclosed: Enclosed, target: Target, bound: Bound) -> bool:
    """Whether a supremum is a value: on a flat piece, or where f turns. A limit is none: tanh(x)
    is 1 from x = 19 on by rounding only, it neither turns there nor is its slope 0."""
    if not math.isfinite(bound.value):
        return False
    fixed, close = enclosed.fixed, CLOSE * max(1.0, abs(bound.value))
    quantity, change = target(enclosed.over_cells)
    flat = (change.low == 0) & (change.high == 0)
    if bool((flat & ((quantity.centre - bound.value).abs() <= close)).any()):
        return True
    x = torch.cat([_samples(), torch.tensor([bound.at], dtype=torch.float64)]).unique()
    x = x[x.abs() <= TURNS_WITHIN]
    least = target(enclose(fixed, x, x))[0].low
    inner = least[1:-1]
    turns = ((inner >= least[:-2]) & (inner >= least[2:])).nonzero()[:, 0] + 1
    below = (least < bound.value - DROP * max(1.0, abs(bound.value))).nonzero()[:, 0]
    if not len(below):
        return False
    turns = turns[(turns > below[0]) & (turns < below[-1])]  # beyond is a plateau of rounding
    best = turns[least[turns].argsort(descending=True)[:TURNS]]
    after = torch.searchsorted(below, best)
    left, right = below[after - 1], below[after]  # between them f is close to the bound
    beside = target(enclose(fixed, x[left], x[right]))[1].size.high
    here = least >= bound.value - close
    jumps = beside.isinf()
    for first, last in zip(left[jumps], right[jumps], strict=True):
        inside = slice(int(first), int(last) + 1)  # at a jump f has the value of one side
        if bool((here[inside] & _divides_by_0(fixed, x[inside])).any()):
            return True
    values, _ = _zoomed(fixed, target, x[best[~jumps]])
    return bool((values >= bound.value - close).any())


def _divides_by_0(fixed: Expression, x: Tensor) -> Tensor:
    """Where a divisor is 0, so that the quotient jumps: bool, of x's shape."""
    divisors = {
        node.operands[1]
        for node in fixed.nodes()
        if isinstance(node, Call) and node.primitive == "div"
    }
    zero = torch.zeros_like(x, dtype=torch.bool)
    for divisor in divisors:
        zero |= divisor.values(x) == 0
    return zero


def has_flat_piece(enclosed: Enclosed) -> bool:
    """Whether f is constant over some of the intervals that cover the axis."""
    slope = enclosed.over_cells.slope
    return bool(((slope.low == 0) & (slope.high == 0)).any())


def _zoomed(fixed: Expression, target: Target, at: Tensor) -> tuple[Tensor, Tensor]:
    """The largest values beside places [n], to more digits than those have, and where."""
    value = torch.full_like(at, -math.inf)
    gap = (at.abs() / 16).clamp(min=NEAR / 2000)
    steps = torch.linspace(-1, 1, ZOOMED, dtype=torch.float64)
    for _ in range(ZOOMS):
        x = at[:, None] + gap[:, None] * steps
        quantity, _ = target(enclose(fixed, x.flatten(), x.flatten()))
        most, best = quantity.low.view(x.shape).max(1)
        higher = most > value
        value = torch.where(higher, most, value)
        at = torch.where(higher, x.gather(1, best[:, None])[:, 0], at)
        gap *= 4 / ZOOMED
    return value, at
