"""Traits of a function, for filters: its shape, its operations, its known name.

Quick answers, some 15 ms a candidate, so that a page of 1,000 takes seconds: measured, not proven
as `actsearch describe` does. At the initial parameters, where it has any.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from ...space import Expression, baselines
from ...space.analysis.cost import flops
from ...space.analysis.everywhere import every_point, same_everywhere, squashed_values
from ...space.analysis.moments import gaussian_nodes
from ...space.analysis.shape import Shape, shape_of
from ...space.catalog.table import CATALOG

PROBED = 97  # of the points at which functions are compared, every so many comes first
LIKELY = 1e-3  # difference after asinh beyond which two functions are not compared further
ALIKE = 0.05  # distance under N(0, 1) below which the nearest function is named as "close to"


@dataclass(frozen=True, slots=True)
class Traits:
    """operations: per element. known_as: in words; known: whether it is exactly that."""

    shape: Shape
    operations: int
    known: bool
    known_as: str


def traits(expression: Expression) -> Traits:
    """The traits of a candidate."""
    exact = equal_functions(expression)
    return Traits(
        shape=shape_of(expression),
        operations=flops(expression),
        known=bool(exact),
        known_as=" = ".join(exact) if exact else _nearest(expression),
    )


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
