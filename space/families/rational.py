"""Rational functions (Padé activation units) in the two safe versions, both in Horner form.

    A: P(x) / (1 + sum_k |b_k| |x|^k)        B: P(x) / (1 + |sum_k b_k x^k|)

Molina et al. 2020, arXiv 1907.06732, whose library calls them so. A denominator of at least 1 has
no pole; but a (5, 4) rational has one slope, a5 / |b4|, at both ends, so no ReLU-like function is
its limit: what a fit on [-3, 3] does at 10 is chance (16.3 off in a published table of
coefficients). These are fitted on all of [-10, 10].
"""

from __future__ import annotations

import math

from ..errors import CandidateError
from ..expressions.algebra import (
    add,
    call,
    div,
    horner,
    mul,
)
from ..expressions.expression import (
    Call,
    Constant,
    Expression,
    X,
)
from .bases import START, tolerance
from .fitting import (
    checked,
    fixed_target,
    linear,
    parameter,
    refined,
    with_values,
)
from .schema import (
    Config,
    Family,
    Fitted,
    Option,
)

SMALLEST = 1e-7  # of |b_k| at the start: |b| has no slope at 0, but a whole one beside it


def rational(version: str, numerator: list[float], denominator: list[float]) -> Expression:
    """P(x) / Q(x) with coefficients a0, a1, … and b1, b2, … as learnable parameters."""
    above = horner([parameter(f"a{k}", v) for k, v in enumerate(numerator)], X)
    learned = [parameter(f"b{k}", v) for k, v in enumerate(denominator, 1)]
    if version == "A":
        size = call("abs", X)
        below = mul(size, horner([call("abs", b) for b in learned], size))
    else:
        below = call("abs", mul(X, horner(learned, X)))
    return div(above, add(1, below))


def _build(config: Config) -> Fitted:
    start = fixed_target("rational", config["start"])
    version, degree = config["version"], config["degree"]
    if len(degree) != 2:
        raise CandidateError(
            f"degree of rational is two numbers, of numerator and denominator, but got {degree}"
        )
    top, bottom = degree
    # Any denominator will do that falls off with the power; even powers carry the tails.
    below = [0.3 * 0.5**k * (1.0 if k % 2 == 0 else 0.1) for k in range(1, bottom + 1)]
    guess = rational(version, [1.0] * (top + 1), below)
    assert isinstance(guess, Call)
    powers = [div(_power(k), guess.operands[1]) for k in range(top + 1)]
    above = linear(powers, None, start)
    fitted = _alive(refined(rational(version, above, below), start))
    return checked("rational", fitted, start, config["tolerance"])


def _power(k: int) -> Expression:
    return horner([0.0] * k + [1.0], X) if k else Constant(1.0)


def _alive(fitted: Expression) -> Expression:
    """With no b_k smaller than SMALLEST: |b| has slope 0 at 0."""
    return with_values(
        fitted,
        [
            p.initial
            if p.name[0] == "a" or abs(p.initial) >= SMALLEST
            else math.copysign(SMALLEST, p.initial)
            for p in fitted.parameters
        ],
    )


RATIONALS: tuple[Family, ...] = (
    Family(
        "rational",
        "sum_k a_k x^k / (1 + sum_k |b_k x^k|) (A), / (1 + |sum_k b_k x^k|) (B)",
        "Molina et al. 2020 (PAU), arXiv 1907.06732; Boullé et al. 2020, arXiv 2004.01902",
        (
            START,
            Option("degree", (5, 4), "of numerator and denominator", 1, 8),
            Option("version", "A", "denominator, see formula", choices=("A", "B")),
            tolerance(0.3),
        ),
        _build,
        "Fitted on [-10, 10]; beyond, a (5, 4) rational has one slope, a5 / |b4|, on both sides.",
    ),
)
