"""Sums of fixed basis functions with learned coefficients, and learned straight tails.

Hidden units see unbounded inputs, but polynomials explode and splines end. So every basis here is
bounded on the whole line, and four tail functions, 1, x, softplus(x) and tanh(x), carry any
asymptote: slopes t1 left and t1 + t2 right, offsets t0 - t3 and t0 + t3.

All are linear in their coefficients, so the fit at construction is one least-squares step, and
no coefficient is ever without gradient. The slopes are taken from the function beyond 10, and
only the rest is fitted: a slow wave of the basis must not lean on the tails inside [-10, 10] to
leave with them outside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch

from ..expressions.algebra import (
    add,
    call,
    combination,
    div,
    horner,
    larger,
    mul,
    scaled,
    shifted,
    sub,
)
from ..expressions.expression import Constant, Expression, X
from .fitting import (
    checked,
    fixed_target,
    linear,
    parameter,
)
from .schema import (
    Config,
    Family,
    FitError,
    Fitted,
    Option,
)

START = Option("start", "gelu", "function it starts as: a unary primitive or an expression")
TAILS: tuple[Expression, ...] = (Constant(1.0), X, call("softplus", X), call("tanh", X))
_TAIL_NOTE = "Tails t0 + t1 x + t2 softplus(x) + t3 tanh(x) are ours."


def tolerance(default: float) -> Option:
    """How far off on [-10, 10] a start may be."""
    return Option("tolerance", default, "largest start error on [-10, 10]", 1e-6, 100.0)


def fitted_sum(name: str, config: Config, basis: Sequence[Expression]) -> Fitted:
    """sum c_k basis_k + tails, started as `config['start']`."""
    start = fixed_target(name, config["start"])
    left, right = outer_slopes(start)
    unit, line, plus, turn = TAILS
    straight = add(mul(left, line), mul(right - left, plus))
    *heights, offset, height = linear([*basis, unit, turn], straight, start)
    names = [*(f"c{k + 1}" for k in range(len(basis))), "t0", "t1", "t2", "t3"]
    initial = [*heights, offset, left, right - left, height]
    coefficients = [parameter(n, v) for n, v in zip(names, initial, strict=True)]
    expression = combination(coefficients, [*basis, *TAILS])
    return checked(name, expression, start, config["tolerance"])


def outer_slopes(start: Expression) -> tuple[float, float]:
    """Mean slope of the function on [-30, -10] and on [10, 30]."""
    at = start.values(torch.tensor([-30.0, -10.0, 10.0, 30.0], dtype=torch.float64))
    if not at.isfinite().all():
        raise FitError(f"{start} is not finite at 10 or 30, so it has no straight tails to start")
    a, b, c, d = at.tolist()
    return (b - a) / 20, (d - c) / 20


def b_splines(count: int, width: float) -> list[Expression]:
    """Cubic B-splines centred on [-width, width], one knot distance apart.

    Written by distance from the centre in knots, u: max(2 - u, 0)^3 / 6 - 2 max(1 - u, 0)^3 / 3.
    No term exceeds 4/3, while differences of the usual max(x - t, 0)^3 cancel at 10 from 3,000.
    """
    knots = [-width + k * 2 * width / (count - 1) for k in range(count)]
    per_knot = (count - 1) / (2 * width)
    splines = []
    for knot in knots:
        u = call("abs", scaled(shifted(X, float(f"{knot:.6g}")), float(f"{per_knot:.6g}")))
        outer = call("cube", larger(sub(2, u), 0))
        inner = call("cube", larger(sub(1, u), 0))
        splines.append(sub(div(outer, 6), div(mul(2, inner), 3)))
    return splines


def fourier(terms: int, period: float) -> list[Expression]:
    """cos and sin of j w x, j = 1..terms, with w = 2 pi / period."""
    w = 2 * math.pi / period
    return [
        call(wave, mul(float(f"{j * w:.7g}"), X))
        for j in range(1, terms + 1)
        for wave in ("cos", "sin")
    ]


def cosines(terms: int, width: float) -> list[Expression]:
    """Of the discrete cosine transform on [-width, width]: cos(pi q (x + width) / (2 width))."""
    step = math.pi / (2 * width)
    return [call("cos", mul(float(f"{q * step:.7g}"), add(X, width))) for q in range(1, terms + 1)]


def hermite(terms: int) -> list[Expression]:
    """Hermite functions He_n(x) exp(-x^2 / 4) / sqrt(n!), n = 0..terms - 1, in Horner form.

    With their Gaussian they are orthogonal and bounded by 1; the polynomials alone reach
    10^6 at 10 for n = 6.
    """
    envelope = call("exp", div(call("neg", call("square", X)), 4))
    square = call("square", X)
    functions = []
    for n in range(terms):
        powers = [c / math.sqrt(math.factorial(n)) for c in _hermite_coefficients(n)]
        even = [float(f"{c:.9g}") for c in powers[n % 2 :: 2]]
        value = horner(even, square)
        if len(even) == 1:  # 1 and x
            functions.append(mul(X, envelope) if n else envelope)
        else:
            functions.append(mul(mul(X, value) if n % 2 else value, envelope))
    return functions


def chebyshev(terms: int) -> list[Expression]:
    """Boyd's rational Chebyshev functions T_n(x / sqrt(x^2 + 4)), n = 1..terms.

    T_n(cos a) = cos(n a), and x / sqrt(x^2 + 4) is the cosine of pi/2 - atan(x / 2): bounded by
    1 on the whole line, where T_n itself is 5e9 at x = 10 for n = 8.
    """
    angle = sub(math.pi / 2, call("atan", div(X, 2)))
    return [call("cos", scaled(angle, n)) for n in range(1, terms + 1)]


def _hermite_coefficients(n: int) -> list[float]:
    """Of He_n, lowest power first: He_{n+1} = x He_n - n He_{n-1}."""
    before, now = [0.0], [1.0]
    for k in range(n):
        step = [0.0, *now]
        for i, c in enumerate(before):
            step[i] -= k * c
        before, now = now, step
    return now


def _family(
    name: str,
    formula: str,
    source: str,
    options: tuple[Option, ...],
    basis: Callable[[Config], Sequence[Expression]],
    off: float,
    note: str = "",
) -> Family:
    def build(config: Config) -> Fitted:
        return fitted_sum(name, config, basis(config))

    every = (START, *options, tolerance(off))
    return Family(name, formula, source, every, build, f"{note} {_TAIL_NOTE}".strip())


BASES: tuple[Family, ...] = (
    _family(
        "b-spline",
        "sum_k c_k B_k(x) + tails, B_k cubic on uniform knots",
        "Bohra et al. 2020, Learning activation functions in deep (spline) neural networks; "
        "as an edge of KAN, Liu et al. 2024, arXiv 2404.19756",
        (
            Option("count", 11, "number of splines", 4, 24),
            Option("width", 5.0, "outermost centres, ±", 1.0, 10.0),
        ),
        lambda c: b_splines(c["count"], c["width"]),
        0.3,
        "KAN's edge has w SiLU(x) for its tails.",
    ),
    _family(
        "fourier",
        "sum_j c_(2j-1) cos(j w x) + c_2j sin(j w x) + tails, w = 2 pi / period",
        "Kunc and Kléma 2024, arXiv 2402.09092, section 4.48",
        (
            Option("terms", 6, "frequencies", 1, 16),
            Option("period", 20.0, "in units of x", 2.0, 100.0),
        ),
        lambda c: fourier(c["terms"], c["period"]),
        0.3,
        "Zero coefficients, as published, would be a dead unit: they are fitted.",
    ),
    _family(
        "dct",
        "sum_q c_q cos(pi q (x + width) / (2 width)) + tails",
        "Martinez-Gost et al. 2023 (ENN), arXiv 2307.00673",
        (
            Option("terms", 12, "cosines", 1, 32),
            Option("width", 10.0, "half of the interval that is expanded", 1.0, 20.0),
        ),
        lambda c: cosines(c["terms"], c["width"]),
        0.3,
        "ENN keeps every second cosine and normalises its input to [-1, 1].",
    ),
    _family(
        "hermite",
        "sum_n c_n He_(n-1)(x) exp(-x^2 / 4) / sqrt((n-1)!) + tails",
        "Lokhande et al. 2020, arXiv 1909.05479",
        (Option("terms", 7, "functions", 1, 12),),
        lambda c: hermite(c["terms"]),
        0.3,
        "With the Gaussian that makes them orthogonal on the line and bounded.",
    ),
    _family(
        "chebyshev",
        "sum_n c_n T_n(x / sqrt(x^2 + 4)) + tails",
        "Boyd 1987, Orthogonal rational functions on a semi-infinite interval; as an activation "
        "(with tanh for the map) in ChebyKAN, arXiv 2405.07200",
        (Option("terms", 8, "polynomials", 1, 20),),
        lambda c: chebyshev(c["terms"]),
        0.3,
    ),
)
