"""Known functions up to scaling: the candidate as a g(b x) + c for a fixed function g.

Also what every comparison with the catalog uses: the match it ends in, and when two are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from ..catalog.table import CATALOG
from ..expressions.algebra import scaled as factor_of
from ..expressions.algebra import shifted
from ..expressions.expression import (
    Call,
    Constant,
    Expression,
    Parameter,
    X,
    substitute,
)
from ..expressions.printer import number_text
from .everywhere import EQUAL, same_everywhere, squashed_values
from .first_fingerprint import sample_points
from .parameter_fit import fit, squashed

INPUT_SCALES = tuple(2.0 ** (k / 4) for k in sorted(range(-12, 13), key=abs))  # 1/8 to 8, 1 first
NEAR = 4.0  # scalings are compared coarsely on [-NEAR, NEAR], then fitted on all points
TRIED = 16  # functions whose scaling is fitted, the most similar ones
ROUND = 6  # digits of a fitted number in words


@dataclass(frozen=True, slots=True)
class Match:
    """A known function and how the candidate relates to it; `relation` is a formula in words,
    `distance` the root mean square difference under N(0, 1), absolute and not relative."""

    name: str
    relation: str
    distance: float
    values: Mapping[str, float]

    @property
    def formula(self) -> Expression:
        """The function that it names, without parameters."""
        if self.name == "constant":
            return Constant(self.values["c"])
        formula = CATALOG[self.name].expression
        if formula.parameters:
            numbers: dict[Expression, Expression] = {
                p: Constant(self.values[p.name]) for p in formula.parameters
            }
            return substitute(formula, numbers)
        a, b, c = (self.values[name] for name in "abc")
        inner = substitute(formula, {X: factor_of(X, b)})
        return shifted(factor_of(inner, a), -c)


def line(points: Tensor, target: Tensor, everywhere: Tensor) -> Match | None:
    """A constant or a line, which many functions contain as a limit.

    `target`: values at the sample's `points`; `everywhere`: its `squashed_values`.
    """
    if not target.isfinite().all():
        return None
    left, right = int(points.argmin()), int(points.argmax())
    slope = float((target[right] - target[left]) / (points[right] - points[left]))
    offset = float(target[left] - slope * points[left])
    if differ(squashed(slope * points + offset), squashed(target)) > EQUAL:
        return None
    known = squashed_values(_stretched(X), (slope, 1.0, offset))
    if not same_everywhere(known, everywhere, fitted=True):
        return None
    a, c = rounded(slope), rounded(offset)
    if a == 0:
        return Match("constant", f"constant, {number_text(c)}", 0.0, {"c": c})
    return Match("Identity", _scaling_text("Identity", a, 1.0, c), 0.0, {"a": a, "b": 1.0, "c": c})


def scaled(points: Tensor, target: Tensor, everywhere: Tensor) -> Match | None:
    """The known function g with a g(b x) + c equal to the target, fixed functions only; of
    several the one with the shortest relation. Arguments as of `line`."""
    near = points.abs() <= NEAR
    y = target[near] - target[near].mean()
    if not y.isfinite().all() or float(y.abs().max()) == 0:
        return None
    alike = {name: _alike(table, y) for name, table in _scalings().items()}
    matches = []
    for name in sorted(alike, key=lambda name: float(alike[name].max()), reverse=True)[:TRIED]:
        # Where several serve, b of an even function or of ReLU, the first is the simplest one.
        top = alike[name].max()
        best = int((alike[name] >= top - 1e-9 * top.abs()).nonzero()[0])
        b = float(_scales()[best])
        table = _scalings()[name][best]
        a = float(table @ y / table.square().sum())
        expression = CATALOG[name].expression
        raw = expression.values(b * points[near])
        c = float(target[near].mean() - a * raw.mean())
        stretched = _stretched(expression)
        fitted = fit(stretched, points, target, [(a, b, c)])
        known = squashed_values(stretched, fitted.values)
        if fitted.error <= EQUAL and same_everywhere(known, everywhere, fitted=True):
            a, b, c = (rounded(v) for v in fitted.values)
            relation = _scaling_text(name, a, b, c)
            matches.append(Match(name, relation, 0.0, {"a": a, "b": b, "c": c}))
    return min(matches, key=lambda match: len(match.relation), default=None)


def _alike(table: Tensor, y: Tensor) -> Tensor:
    """How much of y each row of a table explains, from 0 to |y|^2."""
    return (table @ y).square() / table.square().sum(1).clamp(min=1e-30)


def _scales() -> Tensor:
    return torch.tensor([*INPUT_SCALES, *(-b for b in INPUT_SCALES)], dtype=torch.float64)


@lru_cache(maxsize=1)
def _scalings() -> dict[str, Tensor]:
    """g(b x) of every fixed entry for every input scale b, float64 [scales, points], centred."""
    points = sample_points()
    near = points[points.abs() <= NEAR]
    scales = _scales()
    tables = {}
    for name, entry in CATALOG.items():
        if not entry.trainable:
            table = entry.expression.values(scales[:, None] * near)
            table = table - table.mean(1, keepdim=True)
            tables[name] = torch.where(table.isfinite().all(1, keepdim=True), table, 0.0)
    return tables


def _stretched(expression: Expression) -> Expression:
    a, b, c = (Parameter(name) for name in "abc")
    inner = substitute(expression, {X: Call("mul", (b, X))})
    return Call("add", (Call("mul", (a, inner)), c))


def _scaling_text(name: str, a: float, b: float, c: float) -> str:
    inner = "x" if b == 1 else "-x" if b == -1 else f"{number_text(b)} * x"
    outer = "" if a == 1 else "-" if a == -1 else f"{number_text(a)} * "
    shift = "" if c == 0 else f" {'+' if c > 0 else '-'} {number_text(abs(c))}"
    return f"{outer}{name}({inner}){shift}"


def differ(known: Tensor, target: Tensor) -> float:
    """The largest difference of two squashed values, float64 [points] each."""
    return float((known - target).abs().max())


def rounded(value: float) -> float:
    """A fitted number without the noise behind its sixth digit; zero where it is below 1e-6."""
    short = float(f"{value:.{ROUND}g}")
    return 0.0 if abs(short) < 1e-6 else short
