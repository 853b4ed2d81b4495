"""A candidate's values and slopes on a fixed grid, as a short text that the page draws from.

Two bytes a value: little-endian int16 in steps of STEP, base64. What is beyond LIMIT stands at it
(no plot reaches so far), what is not a number is GAP.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from statistics import fmean

import torch
from torch import Tensor

from ...space import Constant, Expression
from ...space.expressions.expression import substitute

LEFT, RIGHT, POINTS = -5.0, 5.0, 161  # a point every 1/16: kinks at whole numbers stay sharp
LIMIT = 16.0
STEP = LIMIT / 32_000  # half a thousandth: a pixel is some twenty of these
GAP = -32_768

GRID = {"left": LEFT, "right": RIGHT, "points": POINTS, "step": STEP, "gap": GAP}


def learned_means(
    expression: Expression, learned: Mapping[str, Sequence[float]]
) -> dict[str, float]:
    """Mean over layers of what each parameter learned; empty where training diverged, or there is
    none."""
    means = {p.name: fmean(learned[p.name]) for p in expression.parameters if learned.get(p.name)}
    whole = len(means) == len(expression.parameters) and all(map(math.isfinite, means.values()))
    return means if whole else {}


def with_means(expression: Expression, means: Mapping[str, float]) -> Expression:
    """The expression with these constants in place of its parameters."""
    return substitute(
        expression, {p: Constant(means[p.name]) for p in expression.parameters if p.name in means}
    )


def curve(expression: Expression, learned: Mapping[str, Sequence[float]]) -> dict[str, str]:
    """`f` and `slope` as they were learned; where there are parameters, `initial` is f as training
    began."""
    x = torch.linspace(LEFT, RIGHT, POINTS, dtype=torch.float64)
    means = learned_means(expression, learned)
    value, slope = with_means(expression, means).values_and_right_slopes(x)
    curves = {"f": _packed(value), "slope": _packed(slope)}
    return curves | {"initial": _packed(expression.values(x))} if means else curves


def _packed(values: Tensor) -> str:
    """Values of the grid as base64 of two bytes each."""
    steps = (values.clamp(-LIMIT, LIMIT) / STEP).round().nan_to_num(GAP)
    return base64.b64encode(steps.numpy().astype("<i2").tobytes()).decode("ascii")
