"""What a candidate is known as: compared by values with every function of the catalog.

In this order: exactly a known function; one up to scaling of input and output, a g(b x) + c; a
member of a known family, at fitted parameters; else the nearest known function with its distance.
A candidate with learnable parameters is one function per choice of them: the initial values are
taken, or those that are passed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from .catalog import CATALOG, Entry
from .expression import Call, Constant, Expression, Parameter, X, substitute
from .families import FAMILIES, family
from .fingerprint import DRAWS, fingerprint, sample_points
from .fitting import fit, squashed
from .moments import gaussian_nodes, initial_values
from .program import compile_program
from .text import number_text

EQUAL = 3e-5  # largest difference after asinh of two equal functions. Above the fingerprint's
# 1e-5, because the protection of log, 1e-5 added, is part of some formulas and not of others
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


@dataclass(frozen=True, slots=True)
class Identification:
    """Everything found; `kind` is the strongest statement: exact, scaled, member or nearest.

    `exact`: names of equal functions; `family`: the family that has the candidate's formula,
    parameter for parameter.
    """

    exact: tuple[str, ...]
    family: str | None
    scaled: Match | None
    member: Match | None
    nearest: Match

    @property
    def kind(self) -> str:
        """exact, scaled, member or nearest."""
        if self.exact:
            return "exact"
        return "scaled" if self.scaled else "member" if self.member else "nearest"

    @property
    def sentence(self) -> str:
        """In words, one line."""
        parts = []
        if self.exact:
            parts.append(f"exactly {' = '.join(self.exact)}")
        if self.scaled:
            parts.append(self.scaled.relation)
        if self.member:
            parts.append(f"{self.member.name} at {self.member.relation}")
        if not parts:
            parts.append(f"not known; nearest is {self.nearest.relation}")
        here = "; ".join(parts)
        return f"the family {self.family}; here {here}" if self.family else here


def identify(expression: Expression, values: Mapping[str, float] | None = None) -> Identification:
    """What the candidate is at its initial parameters, or at `values` (by parameter name).

    Takes about a second; pure and without randomness.
    """
    given = values or {}
    fixed = substitute(
        expression,
        {p: Constant(given.get(p.name, p.initial)) for p in expression.parameters},
    )
    points = sample_points()
    target = compile_program(fixed)(points)
    here = squashed(target)
    exact = tuple(name for name, known in _known().items() if _differ(known, here) <= EQUAL)
    scaled = None if exact else _line(points, target)
    member = None if exact or scaled else _member(points, target)
    if scaled is None and not exact:
        scaled = _scaled(points, target)
    return Identification(exact, _family(expression), scaled, member, _nearest(fixed))


def _differ(known: Tensor, target: Tensor) -> float:
    return float((known - target).abs().max())


@lru_cache(maxsize=1)
def _known() -> dict[str, Tensor]:
    """Every fixed entry's squashed values on the sample points."""
    points = sample_points()
    return {
        name: squashed(_values(entry, points))
        for name, entry in CATALOG.items()
        if not entry.trainable
    }


def _values(entry: Entry, x: Tensor) -> Tensor:
    expression = entry.expression
    return compile_program(expression)(x, initial_values(expression))


def _family(expression: Expression) -> str | None:
    """The trainable entry that is the same function at generic parameters, whatever their
    names, initial values and granularity."""
    if not expression.parameters:
        return None
    wanted = fingerprint(_uniform(expression)).values
    count = len(expression.parameters)
    for families in (_named_families, _configured_families):
        for name, (known, width) in families().items():
            if width == count and _differ(known, wanted) <= EQUAL:
                return name
    return None


@lru_cache(maxsize=1)
def _named_families() -> dict[str, tuple[Tensor, int]]:
    """Fingerprint values and number of parameters of every trainable entry."""
    return {name: _generic(e.expression) for name, e in CATALOG.items() if e.trainable}


@lru_cache(maxsize=1)
def _configured_families() -> dict[str, tuple[Tensor, int]]:
    """The same of space/families in their default configurations; half a second of fits."""
    return {name: _generic(family(name)) for name in FAMILIES}


def _generic(expression: Expression) -> tuple[Tensor, int]:
    return fingerprint(_uniform(expression)).values, len(expression.parameters)


def _uniform(expression: Expression) -> Expression:
    return substitute(expression, {p: Parameter(p.name) for p in expression.parameters})


def _line(points: Tensor, target: Tensor) -> Match | None:
    """A constant or a line, which many functions contain as a limit."""
    if not target.isfinite().all():
        return None
    left, right = int(points.argmin()), int(points.argmax())
    slope = float((target[right] - target[left]) / (points[right] - points[left]))
    offset = float(target[left] - slope * points[left])
    if _differ(squashed(slope * points + offset), squashed(target)) > EQUAL:
        return None
    a, c = _rounded(slope), _rounded(offset)
    if a == 0:
        return Match("constant", f"constant, {number_text(c)}", 0.0, {"c": c})
    return Match("Identity", _scaling_text("Identity", a, 1.0, c), 0.0, {"a": a, "b": 1.0, "c": c})


def _scaled(points: Tensor, target: Tensor) -> Match | None:
    """The known function g with a g(b x) + c equal to the target, fixed functions only; of
    several the one with the shortest relation."""
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
        raw = compile_program(expression)(b * points[near])
        c = float(target[near].mean() - a * raw.mean())
        found = fit(_stretched(expression), points, target, [(a, b, c)])
        if found.error <= EQUAL:
            a, b, c = (_rounded(v) for v in found.values)
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
            table = compile_program(entry.expression)(scales[:, None] * near)
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


def _member(points: Tensor, target: Tensor) -> Match | None:
    """The family with the fewest parameters that has the target among its members."""
    if not target.isfinite().any():
        return None
    families = [entry for entry in CATALOG.values() if entry.trainable]
    for entry in sorted(families, key=lambda entry: len(entry.expression.parameters)):
        expression = entry.expression
        initial = [p.initial for p in expression.parameters]
        starts = [initial, *([d[i % 4] for i in range(len(initial))] for d in DRAWS)]
        starts.append([2.0 * v for v in initial])
        found = fit(expression, points, target, starts)
        if found.error <= EQUAL:
            values = {
                p.name: _rounded(v)
                for p, v in zip(expression.parameters, found.values, strict=True)
            }
            told = ", ".join(f"{name} = {number_text(value)}" for name, value in values.items())
            return Match(entry.name, told, 0.0, values)
    return None


def _nearest(fixed: Expression) -> Match:
    z, weights = gaussian_nodes()
    value = compile_program(fixed)(z)
    distances = {
        name: float(((known - value).square() * weights).sum().sqrt())
        for name, known in _on_gaussian().items()
    }
    finite = {n: d for n, d in distances.items() if math.isfinite(d)}
    if not finite:  # it overflows, or is NaN, within 8 standard deviations
        return Match("none", "none, since it is not finite under N(0, 1)", math.inf, {})
    name = min(finite, key=finite.__getitem__)
    told = f"{name}, {finite[name]:.3g} away (root mean square under N(0, 1))"
    return Match(name, told, finite[name], {})


@lru_cache(maxsize=1)
def _on_gaussian() -> dict[str, Tensor]:
    z, _ = gaussian_nodes()
    return {name: _values(entry, z) for name, entry in CATALOG.items()}


def _rounded(value: float) -> float:
    """A fitted number without the noise behind its sixth digit; zero where it is below 1e-6."""
    short = float(f"{value:.{ROUND}g}")
    return 0.0 if abs(short) < 1e-6 else short
