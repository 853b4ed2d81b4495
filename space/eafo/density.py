"""Densities of a pre-activation, as expressions: what EAFO weighs a function with.

Only the shape matters: a density is given up to a constant, with its largest value about 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch

from ..errors import CandidateError
from ..expressions.algebra import combination
from ..expressions.expression import (
    Call,
    Constant,
    Expression,
    X,
    substitute,
)
from ..expressions.parser import parse
from ..families.bases import b_splines
from ..families.fitting import linear_to, rounded

LIMIT = 10.0  # |x| up to which densities are looked at, in their own unit


@dataclass(frozen=True, slots=True)
class Density:
    """p(x), not normalised; its distribution function, and -p'(x) / p(x), where those have
    formulas."""

    name: str
    shape: Expression
    cumulative: Expression | None
    score: Expression | None

    def at(self, x: torch.Tensor) -> torch.Tensor:
        """p(x) for float64 x."""
        return self.shape.values(x)

    def distribution(self) -> Expression:
        """The integral of the normalised density from minus infinity, 0 to 1.

        Without a formula: by the trapezoidal rule on [-10, 10], fitted with cubic splines on
        [-6, 6], where the mass must lie.
        """
        if self.cumulative is not None:
            return self.cumulative
        x = torch.linspace(-LIMIT, LIMIT, 2000, dtype=torch.float64)
        p = self.at(x)
        summed = torch.cumsum((p + p.roll(1)) / 2, 0) - p[0] / 2
        basis = [*b_splines(25, 6.0), Constant(1.0), Call("tanh", (X,))]
        return combination([rounded(c) for c in linear_to(basis, x, summed / summed[-1])], basis)


# p up to a constant, the integral of its normalised form from minus infinity, and -p' / p; which
# is the sign of x for laplace, a jump that nothing learns from.
_KNOWN: Mapping[str, tuple[str, str, str | None]] = MappingProxyType(
    {
        "normal": ("exp(-x ** 2 / 2)", "(1 + erf(x / 1.4142135623730951)) / 2", "x"),
        "logistic": ("4 * sigmoid(x) * sigmoid(-x)", "sigmoid(x)", "tanh(x / 2)"),
        "laplace": ("exp(-abs(x))", "(exp(min(x, 0)) + 1 - exp(-max(x, 0))) / 2", None),
        "cauchy": ("1 / (1 + x ** 2)", "0.5 + atan(x) / pi", "2 * x / (1 + x ** 2)"),
    }
)
DENSITIES: tuple[str, ...] = tuple(_KNOWN)


def density(text: str = "normal", *, mean: float = 0.0, scale: float = 1.0) -> Density:
    """A density by name (see DENSITIES), or any expression that is positive, as its shape.

    `mean` and `scale` move and stretch it. Raises CandidateError where it is negative, has
    parameters, or is 0 all over.
    """
    if not scale > 0:
        raise CandidateError(f"the scale of a density must be above 0, but got {scale}")
    shape, cumulative, score = _KNOWN.get(text, (text, None, None))
    moved = _standardised(mean, scale)
    slower = substitute(parse(score), {X: moved}) if score else None
    result = Density(
        text,
        substitute(parse(shape), {X: moved}),
        substitute(parse(cumulative), {X: moved}) if cumulative else None,
        slower if slower is None or scale == 1 else Call("div", (slower, Constant(scale))),
    )
    if result.shape.parameters:
        raise CandidateError(f"a density has no parameters, but '{text}' learns some")
    x = torch.linspace(mean - LIMIT * scale, mean + LIMIT * scale, 2000, dtype=torch.float64)
    values = result.at(x)
    if not values.isfinite().all() or values.min() < 0 or values.max() == 0:
        raise CandidateError(
            f"a density is finite and nowhere negative, but '{text}' is not; "
            f"known: {', '.join(DENSITIES)}"
        )
    return result


def _standardised(mean: float, scale: float) -> Expression:
    moved: Expression = X if mean == 0 else Call("sub", (X, Constant(mean)))
    return moved if scale == 1 else Call("div", (moved, Constant(scale)))
