"""Cheap rejection before training, always with the reason.

A network's initial gain divides by the root mean square under N(0, 1), so sizes and slopes are
judged as multiples of it: 300 * relu(x) is ReLU to the layer behind. What stays absolute is the
bound on the second moment: the gain scales weights, but not the steps by which AdamW changes them.
In `quick` on 12,000 images ReLU scaled by 1e-6 to 30 ends within 0.9 points of its 87.8 %, by 100
at 30 %, by 300 at chance. These pass nevertheless: other steps may fit them.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

from ..expressions.expression import Call, Constant, Expression
from .fingerprint import TOLERANCE
from .first_fingerprint import DRAWS
from .moments import gaussian_nodes, second_moment

RANGE = 10.0  # pre-activation units; with unit-variance signals, ten standard deviations
POINTS = 2002  # even, so that 0 itself, where divisions have one odd point, is not among them
HUGE = 200  # largest |f| on [-5, 5], in root mean squares: exp(x) has 55, x * exp(x) 121,
# x ** 2 * exp(x) 208, exp(2 * x) 403; of the last one most signals would see less than 0.02
MOMENTS = (
    1e-9,
    1e6,
)  # second moment under N(0, 1): of outputs from 3e-5, below which fingerprints
# cannot tell functions from 0, to 1e3
LIVE = 0.01  # least share of N(0, 1) on which the slope is not 0 …
FLAT = 1e-3  # … where this is 0, in root mean squares: abs(x) / x is a step, though the divisor's
# floor tilts it, and 1000 + relu(x) is a constant
SPIKES = 0.03  # share of [-10, 10] that does not count as curvature where something is divided by:
# x ** 3 / x ** 3 is 1 but for the divisor's floor, which shows in the fifth digit up to |x| = 0.18


def screen(expression: Expression) -> str | None:
    """The reason why the candidate is not worth training, or None if it is.

    Looks at value and slope in float32 on [-10, 10] at the initial parameters; a function is
    constant or affine only if it stays so at other values of its parameters. There 1e-5 is no
    difference, whatever the scale: what is that small has too small a second moment.
    """
    x, z, weights = screening_points()
    value, slope = expression.values_and_slopes(torch.cat([x, z]))
    value, slope, live_slope = value[:POINTS], slope[:POINTS], slope[POINTS:]
    for name, numbers in (("value", value), ("slope", slope)):
        bad = ~numbers.isfinite()
        if bad.any():
            return f"{name} is not finite at x = {x[bad].abs().min():.2f} or beyond"
    moment = second_moment(expression)
    size = math.sqrt(moment)
    if value[x.abs() <= RANGE / 2].abs().max() > HUGE * size:
        return f"|f| exceeds {HUGE:g} times sqrt(E[f^2]) on [-5, 5]"
    form = _straightness_everywhere(expression, x.double())
    if form != "curved":
        return form
    live = float(((live_slope.abs() > FLAT * size).double() * weights).sum())
    if live < LIVE:
        return f"slope is below {FLAT:g} sqrt(E[f^2]) on {1 - live:.1%} of N(0, 1)"
    if not MOMENTS[0] <= moment <= MOMENTS[1]:
        low, high = MOMENTS
        return f"second moment {moment:.2g} under N(0, 1) is outside [{low:g}, {high:g}]"
    return None


@cache
def screening_points() -> tuple[Tensor, Tensor, Tensor]:
    """Points on [-RANGE, RANGE], float32 [POINTS]; nodes of N(0, 1), float32, with weights.

    Remembered: do not write to them.
    """
    z, weights = gaussian_nodes()
    return torch.linspace(-RANGE, RANGE, POINTS), z.float(), weights


def _straightness_everywhere(expression: Expression, x: Tensor) -> str:
    """constant or affine only where it is so at every draw of the parameters, else curved."""
    always_constant = True
    count = len(expression.parameters)
    spikes = SPIKES if _divides(expression) else 0.0
    drawn = ([draw[i % len(draw)] for i in range(count)] for draw in DRAWS)
    for row in ([p.initial for p in expression.parameters], *drawn):
        parameters = [torch.tensor(value, dtype=x.dtype) for value in row]
        constant, affine = straight(expression.values(x, parameters), x, spikes)
        if not affine:
            return "curved"
        always_constant &= bool(constant)
    return "constant" if always_constant else "affine"


def _divides(expression: Expression) -> bool:
    """Whether something is divided by that is no number, and so has a floor that shows."""
    return any(
        isinstance(node, Call)
        and node.primitive == "div"
        and not isinstance(node.operands[1], Constant)
        for node in expression.nodes()
    )


def straight(values: Tensor, x: Tensor, spikes: float = SPIKES) -> tuple[Tensor, Tensor]:
    """Whether values [..., points] are constant, and whether they lie on a line: bool [...].

    Within TOLERANCE of the values' own size, but for a share of `spikes`.
    """
    largest = values.abs().amax(-1, keepdim=True)
    scale = TOLERANCE * torch.where(largest > 1, largest, 1.0)  # 1 where one is NaN
    first, last = values[..., :1], values[..., -1:]

    def fits(line: Tensor) -> Tensor:
        # <= and not: counting >, since a comparison with NaN is false and NaN fits no line
        return ((values - line).abs() <= scale).sum(-1) >= (1 - spikes) * values.shape[-1]

    constant = fits(first)
    return constant, constant | fits(first + (last - first) * (x - x[0]) / (x[-1] - x[0]))
