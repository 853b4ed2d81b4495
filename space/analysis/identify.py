"""The known function that a candidate is: compared by values with all of the catalog.

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
    EQUAL,
    Match,
    differ,
    line,
    rounded,
    scaled,
)
from .fingerprint import agree, fingerprint
from .first_fingerprint import DRAWS, sample_points
from .moments import gaussian_nodes
from .parameter_fit import fit, squashed


@dataclass(frozen=True, slots=True)
class Identification:
    """A candidate's relations to known functions; `kind` names the strongest of them.

    `exact`: names of equal functions; `family`: the family that has the candidate's formula,
    parameter for parameter; `scaled`: a function that it is up to scaling; `member`: a family that
    has it at some parameters; `nearest`: the closest function, with its distance.
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
    """The known functions that the candidate is, at its initial parameters or at `values`.

    `values` maps names of parameters to numbers; those it leaves out stay at their initial values.
    Takes about a second; pure and without randomness.
    """
    numbers = values or {}
    fixed = substitute(
        expression,
        {p: Constant(numbers.get(p.name, p.initial)) for p in expression.parameters},
    )
    points = sample_points()
    target = fixed.values(points)
    here = squashed(target)
    exact = tuple(name for name, known in _known().items() if differ(known, here) <= EQUAL)
    straight = None if exact else line(points, target)
    sure = exact or straight
    return Identification(
        exact=exact,
        family=_family(expression),
        scaled=straight or (None if sure else scaled(points, target)),
        member=None if sure else _member(points, target),
        nearest=_nearest(fixed),
    )


@lru_cache(maxsize=1)
def _known() -> dict[str, Tensor]:
    """Every fixed entry's squashed values on the sample points."""
    points = sample_points()
    return {
        name: squashed(entry.expression.values(points))
        for name, entry in CATALOG.items()
        if not entry.trainable
    }


def _family(expression: Expression) -> str | None:
    """The trainable entry that is the same function at generic parameters, whatever their
    names, initial values and granularity."""
    if not expression.parameters:
        return None
    candidate = fingerprint(_uniform(expression)).values
    count = len(expression.parameters)
    for families in (_named_families, _configured_families):
        for name, (known, width) in families().items():
            if width == count and agree(known, candidate, EQUAL):
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
        fitted = fit(expression, points, target, starts)
        if fitted.error <= EQUAL:
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
    return Match(name, text, finite[name], {})


@lru_cache(maxsize=1)
def _on_gaussian() -> dict[str, Tensor]:
    z, _ = gaussian_nodes()
    return {name: entry.expression.values(z) for name, entry in CATALOG.items()}
