"""Cheap rejection before training, always with the reason."""

from __future__ import annotations

import torch
from torch import Tensor

from .expression import Expression
from .fingerprint import DRAWS, TOLERANCE
from .moments import gaussian_nodes, initial_values, second_moment
from .program import compile_program

RANGE = 10.0  # pre-activation units; with unit-variance signals, ten standard deviations
POINTS = 2002  # even, so that 0 itself, where divisions have one odd point, is not among them
HUGE = 1e3  # largest |f| on [-5, 5]; facts: 221 of the 6,250 one-unit functions exceed it
MOMENTS = (1e-4, 1e6)  # second moment under N(0, 1) that an initial gain can correct
LIVE = 0.01  # least share of N(0, 1) on which the slope is not 0 …
FLAT = 1e-3  # … where this is 0: abs(x) / x is a step, though the divisor's floor tilts it
SPIKES = 0.03  # share of [-10, 10] that does not count as curvature: x ** 3 / x ** 3 is 1 but for
# the divisor's floor, which shows in the fifth digit up to |x| = 0.18


def screen(expression: Expression) -> str | None:
    """Why the candidate is not worth training, or None if it is.

    Looks at value and slope in float32 on [-10, 10] at the initial parameters; a function is
    constant or affine only if it stays so at other values of its parameters.
    """
    program = compile_program(expression)
    x = torch.linspace(-RANGE, RANGE, POINTS)
    value, slope = _value_and_slope(expression, x)
    for name, found in (("value", value), ("slope", slope)):
        bad = ~found.isfinite()
        if bad.any():
            return f"{name} is not finite at x = {x[bad].abs().min():.2f} or beyond"
    if value[x.abs() <= RANGE / 2].abs().max() > HUGE:
        return f"|f| exceeds {HUGE:g} on [-5, 5]"
    x64 = x.double()
    rows = [initial_values(expression)]
    rows += [
        [torch.tensor(draw[i % len(draw)], dtype=torch.float64) for i in range(len(rows[0]))]
        for draw in DRAWS
    ]
    straight = [_straightness(program(x64, row), x64) for row in rows]
    if all(kind == "constant" for kind in straight):
        return "constant"
    if all(kind in ("constant", "affine") for kind in straight):
        return "affine"
    z, weights = gaussian_nodes()
    _, slope = _value_and_slope(expression, z.float())
    live = float(((slope.abs() > FLAT).double() * weights).sum())
    if live < LIVE:
        return f"slope is below {FLAT:g} on {1 - live:.1%} of N(0, 1)"
    moment = second_moment(expression)
    if not MOMENTS[0] <= moment <= MOMENTS[1]:
        return f"second moment {moment:.2g} under N(0, 1) is outside [1e-4, 1e6]"
    return None


def _value_and_slope(expression: Expression, x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.detach().requires_grad_()
    parameters = [value.to(x.dtype) for value in initial_values(expression)]
    value = compile_program(expression)(x, parameters)
    if not value.requires_grad:
        return value, torch.zeros_like(x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    return value.detach(), slope


def _straightness(value: Tensor, x: Tensor) -> str:
    """constant, affine or curved; within TOLERANCE of the values' own size, but for spikes."""
    scale = TOLERANCE * max(1.0, float(value.abs().max()))

    def fits(line: Tensor) -> bool:
        return float((value - line).abs().quantile(1 - SPIKES)) <= scale

    if fits(value[0]):
        return "constant"
    ends = value[0] + (value[-1] - value[0]) * (x - x[0]) / (x[-1] - x[0])
    return "affine" if fits(ends) else "curved"
