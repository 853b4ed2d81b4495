"""Where a candidate is not smooth: jumps of its value, slope and second derivative.

A difference between the ends of an interval is followed into the part of it that has most of it:
at a jump it stays, in a smooth function it goes to zero with the width. What turns within 1e-8,
less than float32 tells apart at 1, counts as a jump: a division's floor, or erf(1e9 * x).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ..expressions.expression import Call, Constant, Expression

RANGE = 10.0
CELLS = 3333  # odd, so that 0 lies inside a cell; two jumps in one cell of 0.006 count as one
SECANT = 1e-8  # step of the second derivative, in float64; below the width that is left
BESIDE = 1e-3  # where a jump of the second derivative must show too …
CLOSE = 1e-7  # … or here, far within the floor of log, 1e-5
PARTS = 9  # of an interval in one evaluation; odd, or an end would be 0 itself, where the slopes
# of max and min are torch's choice
ROUNDS = 6  # leaves a width of 1.1e-8
JUMP = 1e-4  # relative to the largest value within NEAR cells; seen below frequencies of 4,000
NEAR = 50
STAYS = 0.15  # of a difference over a ninth of its interval: 0.11 where f is smooth, 0.19 at the
# floor of a division
MOST = 64  # jumps that are listed; more is no piecewise function


@dataclass(frozen=True, slots=True)
class Smoothness:
    """Places on [-10, 10] where value, slope and second derivative jump. `everywhere`: whether
    there are none at any x, which its operators tell."""

    jumps: tuple[float, ...]
    kinks: tuple[float, ...]
    bends: tuple[float, ...]
    everywhere: bool = field(default=False, compare=False)

    @property
    def text(self) -> str:
        """In words."""
        if self.everywhere:
            return "twice differentiable or smoother"
        return f"{self._near} on [-10, 10]"

    @property
    def _near(self) -> str:
        if self.jumps:
            return f"jumps at {_listed(self.jumps)}"
        if self.kinks:
            return f"continuous, kinks at {_listed(self.kinks)}"
        if self.bends:
            return f"once differentiable, second derivative jumps at {_listed(self.bends)}"
        return "twice differentiable or smoother"


# A composition of these alone is smooth; it is searched all the same if a factor is STEEP.
_ANALYTIC = frozenset(
    {
        *("neg", "add", "sub", "mul", "square", "cube", "exp", "expm1", "sin", "cos", "sinc"),
        *("sinh", "cosh", "tanh", "asinh", "atan", "erf", "erfc"),
        *("sigmoid", "log_sigmoid", "softplus", "silu", "gelu", "mish"),
    }
)
STEEP = 1e3  # a factor above which a smooth step may turn within 1e-8


# A search shows its candidates on their pages in MLflow and then in its gallery; 20 ms each.
@lru_cache(maxsize=4096)
def smoothness(expression: Expression) -> Smoothness:
    """At the initial parameters, in float64."""
    if _is_analytic(expression):
        return Smoothness((), (), (), everywhere=True)
    jumps, kinks, bends = (_jumps(expression, order) for order in range(3))
    kinks = [place for place in kinks if not _among(place, jumps)]
    bends = [p for p in bends if not _among(p, jumps + kinks) and _bends(expression, p)]
    return Smoothness(tuple(jumps), tuple(kinks), tuple(bends))


def _is_analytic(expression: Expression) -> bool:
    nodes = list(expression.nodes())
    factors = [node.value for node in nodes if isinstance(node, Constant)]
    factors += [parameter.initial for parameter in expression.parameters]
    operators = {node.primitive for node in nodes if isinstance(node, Call)}
    return operators <= _ANALYTIC and all(abs(factor) <= STEEP for factor in factors)


def derivative(expression: Expression, x: Tensor, order: int) -> Tensor:
    """The derivative of order 0, 1 or 2 at the initial parameters, of x's shape.

    The second one is a secant of slopes: not every torch operator can be differentiated twice,
    and the first one that can loads the compiler, three seconds.
    """
    if order == 2:
        ahead, here = (derivative(expression, x + h, 1) for h in (SECANT, 0.0))
        return (ahead - here) / SECANT
    return expression.values(x) if order == 0 else expression.values_and_slopes(x)[1]


def _bends(expression: Expression, place: float) -> bool:
    """Whether the second derivative differs left and right of a place by more than it changes on
    either side: beside the removable pole of sinc, the rounding of slopes looks like a jump."""
    for step, times in ((BESIDE, 4), (CLOSE, 40)):
        beside = torch.tensor([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0], dtype=torch.float64) * step
        left2, left, _, right, right2 = derivative(expression, place + beside, 1).diff() / step
        drift = (left - left2).abs() + (right2 - right).abs()
        if bool((right - left).abs() > times * drift + JUMP):
            return True
    return False


def _jumps(expression: Expression, order: int) -> list[float]:
    edges = torch.linspace(-RANGE, RANGE, CELLS + 1, dtype=torch.float64)
    at_edges = derivative(expression, edges, order)
    sizes = at_edges[:-1].nan_to_num(posinf=0.0, neginf=0.0).abs()
    large = F.max_pool1d(sizes[None], 2 * NEAR + 1, stride=1, padding=NEAR)[0]
    least = JUMP * large.clamp(min=1.0)
    low, width = edges[:-1], 2 * RANGE / CELLS
    differences = at_edges.diff()
    stays = torch.ones_like(low)
    parts = torch.arange(PARTS + 1, dtype=torch.float64) / PARTS
    for turn in range(ROUNDS):
        # What is not finite stays, and what is not yet far below: a slope may hide a jump.
        kept = ~(differences.abs() <= least / 4)
        low, least, before = low[kept], least[kept], differences[kept]
        if not len(low):
            return []
        points = low[:, None] + width * parts
        within = derivative(expression, points.flatten(), order).view_as(points).diff()
        steepest = within.abs().argmax(1, keepdim=True)  # or what is not a number
        # Of the cell around 0 all parts, then the one around 0 as well: floors are here, and
        # sqrt(abs(x)) has a kink on either side.
        centre = (low < 0) & (low + width > 0)
        taken = slice(PARTS) if turn == 0 else slice(PARTS // 2, PARTS // 2 + 1)
        inner = within[centre, taken]
        low = torch.cat([points.gather(1, steepest)[:, 0], points[centre, taken].flatten()])
        differences = torch.cat([within.gather(1, steepest)[:, 0], inner.flatten()])
        more = centre.nonzero()[:, 0].repeat_interleave(inner.shape[1])
        least, before = (torch.cat([of, of[more]]) for of in (least, before))
        width /= PARTS
        stays = differences.abs() / before.abs()
    places = low[(differences.abs() > least) & ~(stays < STAYS)].tolist()
    merged: list[float] = []
    for place in places:
        if not _among(place, merged):
            merged.append(round(place, 5) + 0.0)
    return sorted(merged)[:MOST]


def _among(place: float, others: list[float]) -> bool:
    return any(abs(place - other) < 1e-4 for other in others)


def _listed(places: tuple[float, ...]) -> str:
    shown = ", ".join(f"{place:.4g}" for place in places[:6])
    return shown + (f" and {len(places) - 6} more" if len(places) > 6 else "")
