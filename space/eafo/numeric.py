"""EAFO's eta in numbers: from a candidate's derivatives at points, fitted with a short formula.

    eta(x) = p(x) (f''(x) / f'(x) + s(x)),   s = -p' / p

Only f'' / f' has to be fitted where s is known in symbols; with p in front, it need be right only
where inputs are. Where f' is near 0 it diverges and is damped.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import CandidateError
from ..expressions.algebra import (
    add,
    call,
    horner,
    mul,
)
from ..expressions.expression import Constant, Expression, X
from ..families.fitting import linear_to
from .density import Density

REACH = 6.0  # |x| up to which eta is looked at: beyond, p is below 2e-8
POINTS = 2000  # even: 0, where kinks are, is not among them
FITTED = slice(2, None, 7)  # 286 of the points, symmetric: a fit of 8 numbers needs no more
DEGREE = 7  # of the polynomial in tanh(x) that stands for f'' / f'
DIGITS = 4  # of its coefficients: what is left of a fit does not depend on the machine
FLAT = 0.25  # slope, relative to its root mean square, around which f'' / f' is damped
STEP = 1e-5  # of second differences; the nearest point to a kink at 0 is 3e-3 away
LARGEST = 20.0  # |eta|: x^2 for x > 0 has an inverse, but its f'' / f' is 1 / x
SAME = 1e-5  # difference that counts as none


@dataclass(frozen=True, slots=True)
class EtaSamples:
    """eta at POINTS points x, float64, and where the damping changes nothing (bool)."""

    x: Tensor
    eta: Tensor
    clear: Tensor


def sampled_eta(candidate: Expression, under: Density) -> EtaSamples:
    """eta from automatic derivatives at the initial parameters; raises CandidateError where the
    slope is not finite or 0 all over, or eta is 0."""
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
    eta = p * (damped if diverges else exact) - density_slope
    if float(eta.abs().max()) < SAME:
        raise CandidateError(f"eta of {candidate} is 0 under {under.name}: nothing to correct")
    return EtaSamples(x, eta, clear & (not diverges))


def fitted_eta(samples: EtaSamples, under: Density) -> Expression:
    """p(x) (s(x) + q(tanh(x))), q a polynomial by least squares; without s where p has none.

    Finite on the whole line, where a polynomial of x would overflow.
    """
    bounded = call("tanh", X)
    basis = [mul(under.shape, horner([0.0] * k + [1.0], bounded)) for k in range(1, DEGREE + 1)]
    rest = samples.eta
    if under.score is not None:
        rest = rest - mul(under.shape, under.score).values(samples.x)
    numbers = linear_to([under.shape, *basis], samples.x[FITTED], rest[FITTED])
    coefficients = [float(f"{c:.{DIGITS}g}") if abs(c) >= SAME else 0.0 for c in numbers]
    while len(coefficients) > 1 and not coefficients[-1]:
        coefficients.pop()
    factor: Expression = Constant(coefficients.pop())
    for coefficient in reversed(coefficients):
        factor = mul(bounded, factor)
        factor = add(coefficient, factor) if coefficient else factor
    if under.score is not None:
        factor = under.score if factor == Constant(0.0) else add(under.score, factor)
    return mul(factor, under.shape)


def _derivatives(expression: Expression, x: Tensor) -> tuple[Tensor, Tensor]:
    """f'(x) and f''(x), the second by differences of the first: some of torch's kernels have no
    second derivative."""
    before, now, after = (expression.values_and_slopes(x + h)[1] for h in (-STEP, 0.0, STEP))
    return now, (after - before) / (2 * STEP)
