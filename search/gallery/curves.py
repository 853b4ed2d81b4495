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

from ...space import Expression

LEFT, RIGHT, POINTS = -5.0, 5.0, 161  # a point every 1/16: kinks at whole numbers stay sharp
LIMIT = 16.0
STEP = LIMIT / 32_000  # half a thousandth: a pixel is some twenty of these
GAP = -32_768

GRID = {"left": LEFT, "right": RIGHT, "points": POINTS, "step": STEP, "gap": GAP}


def curve(expression: Expression, learned: Mapping[str, Sequence[float]]) -> dict[str, str]:
    """`f` and `slope` at the learned parameters, each its mean over layers; where there are any,
    `initial` is f as training began. What diverged is shown as it began."""
    x = torch.linspace(LEFT, RIGHT, POINTS, dtype=torch.float64)
    names = [p.name for p in expression.parameters]
    means = [fmean(learned[name]) for name in names if learned.get(name)]
    if not means or len(means) < len(names) or not all(map(math.isfinite, means)):
        value, slope = expression.values_and_slopes(x)
        return {"f": _packed(value), "slope": _packed(slope)}
    values = [torch.tensor(mean, dtype=torch.float64) for mean in means]
    value, slope = expression.values_and_slopes(x, values)
    return {
        "f": _packed(value),
        "slope": _packed(slope),
        "initial": _packed(expression.values(x)),
    }


def _packed(values: Tensor) -> str:
    """Values of the grid as base64 of two bytes each."""
    steps = (values.clamp(-LIMIT, LIMIT) / STEP).round().nan_to_num(GAP)
    return base64.b64encode(steps.numpy().astype("<i2").tobytes()).decode("ascii")
