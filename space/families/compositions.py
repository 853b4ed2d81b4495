"""Families built from other functions: STAF's sines, a wrapper around anything, gated mixtures."""

from __future__ import annotations

import math
from dataclasses import replace

from ..errors import CandidateError
from ..expressions.algebra import (
    add,
    call,
    combination,
    div,
    larger,
    mul,
    sub,
    total,
)
from ..expressions.expression import (
    Expression,
    Parameter,
    X,
    substitute,
)
from .bases import START, tolerance
from .fitting import (
    checked,
    fixed_target,
    linear,
    parameter,
    refined,
    target,
    with_values,
)
from .schema import (
    Config,
    Family,
    Fitted,
    Option,
)

KEEP = 0.1  # for STAF's fit: without it, near-equal sines of height 100 cancel each other
LEAST = 0.01  # height of a sine at the start: at 0 its frequency and phase have no gradient
POOL = ("tanh(x)", "gelu(x)", "sin(x)")  # of AdaAF-PINN's five: one bounded, one rectifier, a wave


def _staf(config: Config) -> Fitted:
    start = fixed_target("staf", config["start"])
    count = config["terms"]
    # Multiples of one frequency, in pairs a quarter wave apart, where the paper draws at random:
    # a candidate draws nothing, and period 32 leaves room for tails that do not meet.
    places = [(math.pi * (k // 2 + 1) / 16, math.pi / 2 * (k % 2)) for k in range(count)]
    waves = [
        call("sin", add(mul(parameter(f"w{k}", w), X), parameter(f"phi{k}", phase)))
        for k, (w, phase) in enumerate(places, 1)
    ]
    heights = [parameter(f"b{k}", b) for k, b in enumerate(linear(waves, None, start), 1)]
    fitted = refined(combination(heights, waves), start, KEEP)
    heard = [
        math.copysign(max(abs(p.initial), LEAST), p.initial) if p.name[0] == "b" else p.initial
        for p in fitted.parameters
    ]
    return checked("staf", with_values(fitted, heard), start, config["tolerance"])


def _wrapper(config: Config) -> Fitted:
    inner = target(config["function"])
    names = {p.name for p in inner.parameters}
    a, b, c, d = (_free(name, config[name], names) for name in "abcd")
    outer = add(mul(a, substitute(inner, {X: add(mul(b, X), c)})), d)
    return Fitted(outer)


def _free(name: str, initial: float, taken: set[str]) -> Parameter:
    """A parameter under a name that the wrapped function does not use."""
    free = next(n for n in (name, *(f"{name}{k}" for k in range(1, 100))) if n not in taken)
    return parameter(free, initial)


def _mixture(config: Config) -> Fitted:
    parts = [_tagged(target(text), k) for k, text in enumerate(config["functions"], 1)]
    if not 2 <= len(parts) <= 6:
        raise CandidateError(f"a mixture has 2 to 6 functions, but got {len(parts)}")
    even = 0.0 if config["gates"] == "softmax" else -math.log(len(parts) - 1)  # gates of 1 / K
    scores = [
        add(mul(parameter(f"u{k}", 0.0), X), parameter(f"v{k}", even))
        for k in range(1, len(parts) + 1)
    ]
    gates = (
        _softmax(scores) if config["gates"] == "softmax" else [call("sigmoid", s) for s in scores]
    )
    return Fitted(combination(gates, parts))


def _softmax(scores: list[Expression]) -> list[Expression]:
    """exp(s_k - max s) / sum_j exp(s_j - max s); of two, sigmoids of their difference."""
    if len(scores) == 2:
        return [call("sigmoid", sub(a, b)) for a, b in (scores, scores[::-1])]
    most = scores[0]
    for score in scores[1:]:
        most = larger(most, score)
    powers = [call("exp", sub(score, most)) for score in scores]
    return [div(power, total(powers)) for power in powers]


def _tagged(part: Expression, number: int) -> Expression:
    """A part with its own parameters' names made its own: beta of the second is beta_2."""
    return substitute(part, {p: replace(p, name=f"{p.name}_{number}") for p in part.parameters})


_WRAP = tuple(
    Option(name, default, meaning, -10.0, 10.0)
    for name, default, meaning in (
        ("a", 1.0, "initial output scale"),
        ("b", 1.0, "initial input scale"),
        ("c", 0.0, "initial input shift"),
        ("d", 0.0, "initial output shift"),
    )
)

COMPOSITIONS: tuple[Family, ...] = (
    Family(
        "staf",
        "sum_k b_k sin(w_k x + phi_k)",
        "Morsali et al. 2025 (TMLR 2026), arXiv 2502.00869",
        (START, Option("terms", 8, "sines", 2, 16), tolerance(0.5)),
        _staf,
        "Published with random frequencies up to 30 for signals on [-1, 1]; here spread up to "
        "what [-10, 10] needs, and fitted. Bounded: beyond 10 it turns back.",
    ),
    Family(
        "wrapper",
        "a f(b x + c) + d",
        "Kunc 2024 (TAAF), arXiv 2402.09249",
        (Option("function", "gelu(x)", "any expression; keeps its own parameters"), *_WRAP),
        _wrapper,
    ),
    Family(
        "mixture",
        "sum_k g_k(x) phi_k(x), g = softmax or sigmoid of u_k x + v_k",
        "gates as in Jacobs et al. 1991; pools as in Wang et al. 2023, arXiv 2308.04073",
        (
            Option("functions", POOL, "2 to 6 expressions"),
            Option("gates", "softmax", "kind of gate", choices=("softmax", "sigmoid")),
        ),
        _mixture,
        "Gates start at 1 / K everywhere.",
    ),
)
