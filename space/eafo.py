"""Entropy-based activation optimisation (Sun et al. 2024, arXiv 2405.12954), for any candidate.

Let p be the density of the pre-activation, f the activation, y its inverse. The entropy of f's
output is stationary where p(y) y' is constant: f is then an affine copy of p's distribution
function, the worst activation with boundary conditions. Away from it leads

    eta = -(p'(y) y' + p(y) y'' / y')                      added to the inverse,

and with y' = 1 / f', y'' = -f'' / f'^3 that is, for f itself and up to the sign,

    eta(x) = p(x) f''(x) / f'(x) - p'(x)                   added to f, times a learned epsilon.

For ReLU and N(0, 1) it is x exp(-x^2 / 2) where the inverse exists, x > 0, and the paper's CRReLU
uses it on both sides. The sign is free: epsilon learns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from numpy.random import Generator
from torch import Tensor

from .density import DENSITIES, Density, density
from .errors import CandidateError
from .expression import Expression, Parameter, X, substitute
from .families.algebra import add, combination, larger, mul, smaller
from .families.bases import hermite
from .families.fitting import linear_to, rounded
from .from_sympy import from_sympy
from .moments import initial_values
from .program import compile_program
from .symbolic import bounded, to_sympy

REACH = 6.0  # |x| up to which eta is looked at: beyond, p is below 2e-8
POINTS = 2000  # even: 0, where kinks are, is not among them
TERMS = 14  # Hermite functions of a numerical eta
FLAT = 0.25  # slope, relative to its root mean square, around which f'' / f' is damped
STEP = 1e-5  # of second differences; the nearest point to a kink at 0 is 3e-3 away
LARGEST = 20.0  # |eta| in symbols: x^2 for x > 0 has an inverse, but its f'' / f' is 1 / x
SAME = 1e-5  # largest difference of the symbolic eta from f's own derivatives
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


def correction(candidate: Expression, under: Density | None = None) -> Correction:
    """eta(x) = p f'' / f' - p', in symbols where f has an inverse, else numerically.

    In symbols where f is strictly monotone, or is so on one side of 0 and constant on the other
    (then that side's formula serves both). Otherwise f'' / f' is damped where f' is near 0, and
    eta is fitted with Hermite functions. sympy is bounded in time, which works in the main thread
    only: in another, or past the bound, the answer is the numerical one. Raises CandidateError
    where eta is 0, as for the worst activation itself, or f is not finite.
    """
    under = density() if under is None else under
    x, wanted, clear = _sampled(candidate, under)
    ratio = _in_symbols(candidate, under) if bool(clear.any()) else None
    if ratio is not None:
        for held in (ratio, substitute(ratio, {X: smaller(larger(X, -10.0), 10.0)})):
            # Held to [-10, 10], where p is 2e-22: a quotient of exponentials is NaN far out.
            eta = mul(held, under.shape)
            found = _values(eta, x)[clear]
            off = float((found - wanted[clear]).abs().max())
            small = float(found.abs().max()) <= LARGEST
            if off <= SAME and small and _finite_far_out(eta):
                return Correction(eta, "symbolic", off)
    basis = hermite(TERMS)
    heights = linear_to(basis, x, wanted)
    kept = [k for k, c in enumerate(heights) if abs(c) > SAME]
    eta = combination([rounded(heights[k]) for k in kept], [basis[k] for k in kept])
    return Correction(eta, "numerical", float((_values(eta, x) - wanted).abs().max()))


def corrected(
    candidate: Expression, under: Density | None = None, *, epsilon: float = EPSILON
) -> Expression:
    """The candidate plus epsilon times eta, epsilon a learnable parameter per layer."""
    taken = {p.name for p in candidate.parameters}
    names = ("epsilon", *(f"epsilon{k}" for k in range(2, 100)))
    learned = Parameter(next(n for n in names if n not in taken), epsilon)
    return add(candidate, mul(learned, correction(candidate, under).eta))


def mutate(candidate: Expression, rng: Generator) -> Expression:
    """For strategies: the candidate corrected under a named density, drawn uniformly.

    Raises CandidateError as `correction` does; a strategy then tries another mutation.
    """
    return corrected(candidate, density(DENSITIES[rng.integers(len(DENSITIES))]))


def _sampled(candidate: Expression, under: Density) -> tuple[Tensor, Tensor, Tensor]:
    """Points, eta there from automatic derivatives (damped), and where damping changes nothing."""
    x = torch.linspace(-REACH, REACH, POINTS, dtype=torch.float64)
    slope, bend = _derivatives(candidate, x)
    density_slope, _ = _derivatives(under.shape, x)
    if not (slope.isfinite().all() and bend.isfinite().all()):
        raise CandidateError(f"{candidate} has no finite slope on [-{REACH:g}, {REACH:g}]")
    p = under.at(x)
    usual = float((p * slope.square()).sum() / p.sum()) ** 0.5
    if usual < SAME:
        raise CandidateError(f"{candidate} is constant: there is nothing to correct")
    invertible = bool((slope >= 0).all() or (slope <= 0).all())
    clear = (slope.abs() > 1e-6 * usual) & invertible
    damped = bend * slope / (slope.square() + (FLAT * usual) ** 2)
    exact = torch.where(clear, bend / torch.where(clear, slope, 1.0), damped)
    diverges = bool((p * exact).abs().max() > LARGEST)
    wanted = p * (damped if diverges else exact) - density_slope
    if float(wanted.abs().max()) < SAME:
        raise CandidateError(f"eta of {candidate} is 0 under {under.name}: nothing to correct")
    return x, wanted, clear & (not diverges)


def _derivatives(expression: Expression, x: Tensor) -> tuple[Tensor, Tensor]:
    """f'(x) and f''(x) at the initial parameters, the second by differences of the first: some of
    torch's kernels have no second derivative."""
    before, now, after = (_slope(expression, x + step) for step in (-STEP, 0.0, STEP))
    return now, (after - before) / (2 * STEP)


def _slope(expression: Expression, x: Tensor) -> Tensor:
    x = x.clone().requires_grad_()
    value = compile_program(expression)(x, initial_values(expression))
    if not value.requires_grad:
        return torch.zeros_like(x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    return slope


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
        found = bounded(partial(_ratio, **there), PATIENCE)
        if found is None:
            return None
        if found != "constant":
            forms.append(found.subs(x, line))
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
    x = torch.tensor([-1000.0, -100.0, 100.0, 1000.0]).requires_grad_()
    value = compile_program(eta)(x, [v.float() for v in initial_values(eta)])
    if not value.requires_grad:
        return bool(value.isfinite().all())
    (slope,) = torch.autograd.grad(value.sum(), x)
    return bool(value.isfinite().all() and slope.isfinite().all())


def _values(expression: Expression, x: Tensor) -> Tensor:
    return compile_program(expression)(x, initial_values(expression)).detach()
