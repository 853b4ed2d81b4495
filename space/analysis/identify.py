"""The known function that a candidate is: compared by values with all of the catalog.

What is said holds at every point of `everywhere`, and by intervals between them, with the range in
which float32 has value and slope where that is not everywhere.

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

from ..catalog.table import CATALOG
from ..expressions.expression import (
    Constant,
    Expression,
    Parameter,
    substitute,
)
from ..expressions.printer import number_text
from ..families.table import FAMILIES, family
from .affine_match import (
    Match,
    line,
    rounded,
    scaled,
)
from .between import Ground, ground
from .everywhere import EQUAL, same_everywhere, squashed_values
from .fingerprint import agree, fingerprint
from .finite_range import FiniteRange, finite_range, wide_enough
from .first_fingerprint import DRAWS, sample_points
from .moments import gaussian_nodes
from .parameter_fit import fit

ALIKE = 1e-3  # distance below which the nearest function is said not to be equal


@dataclass(frozen=True, slots=True)
class Identification:
    """A candidate's relations to known functions; `kind` names the strongest of them.

    `exact`: names of equal functions; `family`: the family that has the candidate's formula,
    parameter for parameter; `scaled`: a function that it is up to scaling; `member`: a family that
    has it at some parameters; `nearest`: the closest function, with its distance; `finite`: where
    value and slope are finite in float32; `proven`: whether it is what it is known as also between
    the points that were looked at.
    """

    exact: tuple[str, ...]
    family: str | None
    scaled: Match | None
    member: Match | None
    nearest: Match
    finite: FiniteRange
    proven: bool

    @property
    def kind(self) -> str:
        """exact, scaled, member or nearest."""
        if self.exact:
            return "exact"
        return "scaled" if self.scaled else "member" if self.member else "nearest"

    @property
    def sentence(self) -> str:
        """In words, one line; with where it holds, since equal values are no help where a slope
        is NaN."""
        parts = []
        if self.exact:
            parts.append(f"exactly {' = '.join(self.exact)}")
        if self.scaled:
            parts.append(self.scaled.relation)
        if self.member:
            parts.append(f"{self.member.name} at {self.member.relation}")
        if not parts:
            parts.append(f"not known; nearest is {self.nearest.relation}")
        elif not self.proven:
            parts[-1] += " wherever it was looked at"
        known = bool(self.family) or self.kind != "nearest"
        if known and not wide_enough(self.finite):
            parts.append(f"in float32 value and slope are finite for x in {self.finite.text} only")
        here = "; ".join(parts)
        return f"the family {self.family}; here {here}" if self.family else here


def identify(expression: Expression, values: Mapping[str, float] | None = None) -> Identification:
    """The known functions that the candidate is, at its initial parameters or at `values`.

    `values` maps names of parameters to numbers; those it leaves out stay at their initial values.
    Takes up to a second, and none where it has just been answered; without randomness.
    """
    numbers = values or {}
    return _identify(
        expression, tuple(numbers.get(p.name, p.initial) for p in expression.parameters)
    )


@lru_cache(maxsize=256)  # a search shows its best on its page, in its gallery and on its card
def _identify(expression: Expression, values: tuple[float, ...]) -> Identification:
    fixed = substitute(
        expression,
        {p: Constant(value) for p, value in zip(expression.parameters, values, strict=True)},
    )
    points = sample_points()
    target, here = fixed.values(points), squashed_values(fixed)
    alike = [name for name, known in _known().items() if same_everywhere(known, here)]
    grounds = {name: ground(fixed, CATALOG[name].expression) for name in alike}
    exact = tuple(name for name in alike if grounds[name] != "different")
    straight = None if exact else _checked(fixed, line(points, target, here))
    sure = exact or straight
    stretched = straight or (None if sure else _checked(fixed, scaled(points, target, here)))
    member = None if sure else _checked(fixed, _member(points, target, here))
    fitted = {_ground(fixed, match) for match in (stretched, member) if match}
    return Identification(
        exact=exact,
        family=_family(expression),
        scaled=stretched,
        member=member,
        nearest=_nearest(fixed),
        finite=finite_range(fixed, torch.float32),
        proven="proven" in grounds.values() if exact else "looked at" not in fitted,
    )


def _checked(fixed: Expression, match: Match | None) -> Match | None:
    """The match, if the candidate is the same between the points as well."""
    return match if match and _ground(fixed, match) != "different" else None


def _ground(fixed: Expression, match: Match) -> Ground:
    return ground(fixed, match.formula, fitted=True)


@lru_cache(maxsize=1)
def _known() -> dict[str, Tensor]:
    """Every fixed entry's squashed values at every point."""
    return {
        name: squashed_values(entry.expression)
        for name, entry in CATALOG.items()
        if not entry.trainable
    }


def _family(expression: Expression) -> str | None:
    """The trainable entry that is the same function at generic parameters, whatever their
    names, initial values and granularity."""
    if not expression.parameters:
        return None
    candidate = _generic(expression)
    for families in (_named_families, _configured_families):
        for name, known in families().items():
            if known.matches(candidate):
                return name
    return None


@dataclass(frozen=True, slots=True)
class _Generic:
    """A function with its parameters all at 1 at every point, and at the fingerprint's settings
    of them."""

    at_one: Tensor
    settings: Tensor
    count: int

    def matches(self, other: _Generic) -> bool:
        return (
            self.count == other.count
            and agree(self.settings, other.settings, EQUAL)
            and same_everywhere(self.at_one, other.at_one)
        )


@lru_cache(maxsize=1)
def _named_families() -> dict[str, _Generic]:
    """Every trainable entry."""
    return {name: _generic(e.expression) for name, e in CATALOG.items() if e.trainable}


@lru_cache(maxsize=1)
def _configured_families() -> dict[str, _Generic]:
    """The same of space/families in their default configurations; half a second of fits."""
    return {name: _generic(family(name)) for name in FAMILIES}


def _generic(expression: Expression) -> _Generic:
    uniform = substitute(expression, {p: Parameter(p.name) for p in expression.parameters})
    settings = fingerprint(uniform).values
    return _Generic(squashed_values(uniform), settings, len(expression.parameters))


def _member(points: Tensor, target: Tensor, everywhere: Tensor) -> Match | None:
    """The family with the fewest parameters that has the target among its members."""
    if not target.isfinite().any():
        return None
    families = [entry for entry in CATALOG.values() if entry.trainable]
    for entry in sorted(families, key=lambda entry: len(entry.expression.parameters)):
        expression = entry.expression
        initial = [p.initial for p in expression.parameters]
        starts = [initial, *([d[i % 4] for i in range(len(initial))] for d in DRAWS)]
        starts.append([2.0 * v for v in initial])
        fitted = fit(expression, points, target, starts)
        known = squashed_values(expression, fitted.values)
        if fitted.error <= EQUAL and same_everywhere(known, everywhere, fitted=True):
            values = {
                p.name: rounded(v)
                for p, v in zip(expression.parameters, fitted.values, strict=True)
            }
            text = ", ".join(f"{name} = {number_text(value)}" for name, value in values.items())
            return Match(entry.name, text, 0.0, values)
    return None


def _nearest(fixed: Expression) -> Match:
    z, weights = gaussian_nodes()
    value = fixed.values(z)
    distances = {
        name: float(((known - value).square() * weights).sum().sqrt())
        for name, known in _on_gaussian().items()
    }
    finite = {n: d for n, d in distances.items() if math.isfinite(d)}
    if not finite:  # it overflows, or is NaN, within 8 standard deviations
        return Match("none", "none, since it is not finite under N(0, 1)", math.inf, {})
    name = min(finite, key=finite.__getitem__)
    text = f"{name}, {finite[name]:.3g} away (root mean square under N(0, 1))"
    if finite[name] < ALIKE:
        text += ", but not equal everywhere"
    return Match(name, text, finite[name], {})


@lru_cache(maxsize=1)
def _on_gaussian() -> dict[str, Tensor]:
    z, _ = gaussian_nodes()
    return {name: entry.expression.values(z) for name, entry in CATALOG.items()}
