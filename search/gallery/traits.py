"""Traits of a function, for filters: smooth, monotone, bounded, its operators, its known name.

Quick answers, some 15 ms a candidate, so that a page of 1,000 takes seconds: measured, not proven
as `actsearch describe` does. At the initial parameters, where it has any.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from ...space import Call, Expression, baselines
from ...space.analysis.asymptotes import asymptote
from ...space.analysis.cost import flops
from ...space.analysis.everywhere import every_point, same_everywhere, squashed_values
from ...space.analysis.moments import gaussian_nodes
from ...space.analysis.smoothness import RANGE, Smoothness, smoothness
from ...space.catalog.table import CATALOG

POINTS = 4001  # on [-RANGE, RANGE], for the direction and the largest value
FLAT = 1e-9  # a relative difference of neighbours that counts as none
POLE = 1e4  # a value within the range above which it has a pole, and is not bounded
PROBED = 97  # of the points at which functions are compared, every so many comes first
LIKELY = 1e-3  # difference after asinh beyond which two functions are not compared further
ALIKE = 0.05  # distance under N(0, 1) below which the nearest function is named as "close to"

Smooth = Literal["smooth", "once", "kinks", "jumps"]
Direction = Literal["increasing", "decreasing", "constant", "neither"]


@dataclass(frozen=True, slots=True)
class Traits:
    """smooth: twice differentiable, once, continuous with kinks, or with jumps. direction: on
    [-10, 10]. known_as: in words; known: whether it is exactly that. operations: per element."""

    smooth: Smooth
    direction: Direction
    bounded: bool
    operators: tuple[str, ...]
    operations: int
    known: bool
    known_as: str

    @property
    def monotone(self) -> bool:
        return self.direction in ("increasing", "decreasing")


def traits(expression: Expression) -> Traits:
    """The traits of a candidate."""
    values = expression.values(torch.linspace(-RANGE, RANGE, POINTS, dtype=torch.float64))
    far = (asymptote(expression, -1), asymptote(expression, 1))
    exact = equal_functions(expression)
    calls = (node.primitive for node in expression.nodes() if isinstance(node, Call))
    return Traits(
        smooth=_smooth(smoothness(expression)),
        direction=_direction(values),
        bounded=all(side.bounded for side in far) and bool((values.abs() < POLE).all()),
        operators=tuple(sorted(set(calls))),
        operations=flops(expression),
        known=bool(exact),
        known_as=" = ".join(exact) if exact else _nearest(expression),
    )


def _smooth(places: Smoothness) -> Smooth:
    if places.jumps:
        return "jumps"
    if places.kinks:
        return "kinks"
    return "once" if places.bends else "smooth"


def _direction(values: Tensor) -> Direction:
    steps = values.diff()
    moving = steps[~(steps.abs() <= FLAT * (1 + values[1:].abs()))]
    if not len(moving):
        return "constant"
    if (moving > 0).all():
        return "increasing"
    return "decreasing" if (moving < 0).all() else "neither"


def equal_functions(expression: Expression) -> list[str]:
    """Names of the catalog's functions that an expression equals at its initial parameters."""
    here = squashed_values(expression)
    names, values, probes = _known()
    probe = here[_probed()]
    differ = (probes - probe).abs() > LIKELY  # what is not finite does not
    likely = (~differ.any(1)).nonzero().flatten().tolist()
    return [names[i] for i in likely if same_everywhere(values[i], here)]


def _nearest(expression: Expression) -> str:
    """The nearest function of the catalog by the root mean square under N(0, 1), in words."""
    z, weights = gaussian_nodes()
    names, values = _on_gaussian()
    distances = ((values - expression.values(z)).square() * weights).sum(1).sqrt()
    least = distances.nan_to_num(math.inf).argmin()
    distance = float(distances[least])
    if not math.isfinite(distance):
        return "new; not finite under N(0, 1)"
    word = "close to" if distance < ALIKE else "new; nearest is"
    return f"{word} {names[least]}, {distance:.2g} away"


@lru_cache(maxsize=1)
def _probed() -> Tensor:
    """Indices of some 100 points that are compared before all are; none is so near 0 that the
    floor of a division shows."""
    x = every_point().abs()
    return ((x > 0.01) & (x < 50)).nonzero().flatten()[::PROBED]


@lru_cache(maxsize=1)
def _known() -> tuple[list[str], list[Tensor], Tensor]:
    """Names of the catalog's fixed functions, baselines first, their squashed values, and these at
    a few points: float64 [functions, points]."""
    first = baselines()
    names = sorted(
        (name for name, entry in CATALOG.items() if not entry.trainable),
        key=lambda name: name not in first,
    )
    values = [squashed_values(CATALOG[name].expression) for name in names]
    return names, values, torch.stack([v[_probed()] for v in values])


@lru_cache(maxsize=1)
def _on_gaussian() -> tuple[list[str], Tensor]:
    """Names of the catalog, and its values at the nodes of N(0, 1): float64 [functions, nodes]."""
    z, _ = gaussian_nodes()
    return list(CATALOG), torch.stack([e.expression.values(z) for e in CATALOG.values()])
