"""Entropy-based activation optimisation (Sun et al. 2024, arXiv 2405.12954), for any candidate.

Let p be the density of the pre-activation, f the activation, y its inverse. The entropy of f's
output is stationary where p(y) y' is constant: f is then an affine copy of p's distribution
function, the worst activation with boundary conditions. Away from it leads

    eta = -(p'(y) y' + p(y) y'' / y')                      added to the inverse,

and with y' = 1 / f', y'' = -f'' / f'^3 that is, for f itself and up to the sign,

    eta(x) = p(x) f''(x) / f'(x) - p'(x)                   added to f, times a learned epsilon.

For ReLU and N(0, 1) it is x exp(-x^2 / 2) where the inverse exists, x > 0, and the paper's CRReLU
uses it on both sides. The paper wants less entropy than the worst activation has; with this sign
of eta, and + epsilon as in CRReLU, a small epsilon > 0 gives more. epsilon is learned, either way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch

from ..errors import CandidateError
from ..expressions.algebra import (
    add,
    larger,
    mul,
    smaller,
)
from ..expressions.expression import (
    Expression,
    Granularity,
    Parameter,
    X,
    substitute,
)
from ..expressions.from_sympy import from_sympy
from ..expressions.symbolic import bounded, to_sympy
from .density import Density, density
from .numeric import (
    LARGEST,
    SAME,
    fitted_eta,
    sampled_eta,
)

EPSILON = 0.01  # initial value of epsilon in the paper's CRReLU
PATIENCE = 4.0  # CPU seconds for one step of sympy


@dataclass(frozen=True, slots=True)
class Correction:
    """eta of a candidate. `error`: largest difference, on [-6, 6], from the derivatives of f."""

    eta: Expression
    how: Literal["symbolic", "numerical"]
    error: float


def worst(under: Density | None = None, *, low: float = 0.0, high: float = 1.0) -> Expression:
    """The worst activation between `low` and `high`: an affine copy of the distribution function.

    A density without a formula for it is integrated numerically; its mass must lie in [-6, 6].
    """
    under = density() if under is None else under
    scaled = under.distribution()
    scaled = scaled if high - low == 1 else mul(high - low, scaled)
    return scaled if low == 0 else add(low, scaled)


def correction(
    candidate: Expression, under: Density | None = None, *, symbols: bool = True
) -> Correction:
    """eta(x) = p f'' / f' - p', in symbols where f has an inverse, else numerically.

    In symbols where f is strictly monotone, or is so on one side of 0 and constant on the other
    (then that side's formula serves both). sympy is bounded in time, which works in the main
    thread only: in another, or past the bound, the answer is the numerical one. So it is with
    `symbols=False`, which gives the same on every machine. Raises CandidateError where eta is 0,
    as for the worst activation itself, or f is not finite.
    """
    under = density() if under is None else under
    samples = sampled_eta(candidate, under)
    ratio = None
    if symbols and bool(samples.clear.any()):
        ratio = _in_symbols(candidate, under)
    if ratio is not None:
        for held in (ratio, substitute(ratio, {X: smaller(larger(X, -10.0), 10.0)})):
            # Held to [-10, 10], where p is 2e-22: a quotient of exponentials is NaN far out.
            eta = mul(held, under.shape)
            fitted = eta.values(samples.x)[samples.clear]
            off = float((fitted - samples.eta[samples.clear]).abs().max())
            small = float(fitted.abs().max()) <= LARGEST
            if off <= SAME and small and _finite_far_out(eta):
                return Correction(eta, "symbolic", off)
    eta = fitted_eta(samples, under)
    return Correction(eta, "numerical", float((eta.values(samples.x) - samples.eta).abs().max()))


def corrected(
    candidate: Expression,
    under: Density | None = None,
    *,
    epsilon: float = EPSILON,
    granularity: Granularity = "layer",
    symbols: bool = True,
) -> Expression:
    """The candidate plus epsilon times eta, epsilon a learnable parameter; see `correction`."""
    taken = {p.name for p in candidate.parameters}
    names = ("epsilon", *(f"epsilon{k}" for k in range(2, 100)))
    learned = Parameter(next(n for n in names if n not in taken), epsilon, granularity)
    return add(candidate, mul(learned, correction(candidate, under, symbols=symbols).eta))


def _in_symbols(candidate: Expression, under: Density) -> Expression | None:
    """f'' / f' - p' / p by sympy where one formula holds on both sides of 0, or f is constant on
    the other side; None where there is none, or it needs what no primitive gives."""
    import sympy

    line = sympy.Symbol("x", real=True)
    f, p = to_sympy(candidate), to_sympy(under.shape)
    forms = []
    for side in ("positive", "negative"):
        x = sympy.Symbol("x", **{side: True})
        there = {"s": sympy, "f": f.subs(line, x), "p": p.subs(line, x), "x": x}
        form = bounded(partial(_ratio, **there), PATIENCE)
        if form is None:
            return None
        if form != "constant":
            forms.append(form.subs(x, line))
    if not forms or (len(forms) == 2 and not _equal(sympy, *forms)):
        return None
    symbols: dict[Any, Expression] = {line: X}
    symbols |= {sympy.Symbol(p.name, real=True): p for p in candidate.parameters}
    try:
        return from_sympy(forms[0], symbols)
    except CandidateError:
        return None


def _ratio(s: Any, f: Any, p: Any, x: Any) -> Any:
    slope = s.diff(f, x)
    if slope == 0:
        return "constant"
    return s.simplify(s.simplify(s.diff(slope, x) / slope) - s.simplify(s.diff(p, x) / p))


def _equal(s: Any, a: Any, b: Any) -> bool:
    return bool(a == b or bounded(lambda: s.simplify(a - b), PATIENCE) == 0)


def _finite_far_out(eta: Expression) -> bool:
    value, slope = eta.values_and_slopes(torch.tensor([-1000.0, -100.0, 100.0, 1000.0]))
    return bool(value.isfinite().all() and slope.isfinite().all())
