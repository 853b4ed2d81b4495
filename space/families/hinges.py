"""Piecewise linear families: sums of hinges, or values at knots with straight lines between."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..errors import CandidateError
from ..expressions.algebra import (
    add,
    call,
    combination,
    larger,
    scaled,
    shifted,
    smaller,
    sub,
)
from ..expressions.expression import Expression, X
from .bases import START, outer_slopes, tolerance
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

KEEP = 0.1  # for APL's fit: without it, a hinge that is not needed leaves [-10, 10]
LEAST = 0.01  # size of an APL slope at the start: at 0 its hinge would have no gradient


def _apl(config: Config) -> Fitted:
    start = fixed_target("apl", config["start"])
    count = config["hinges"]
    places = [k - (count - 1) / 2 for k in range(count)]
    hinge = [larger(sub(parameter(f"b{k + 1}", b), X), 0) for k, b in enumerate(places)]
    numbers = linear(hinge, larger(X, 0), start)
    slopes = [parameter(f"a{k + 1}", a) for k, a in enumerate(numbers)]
    fitted = refined(add(larger(X, 0), combination(slopes, hinge)), start, KEEP)
    return checked("apl", _lifted(fitted), start, config["tolerance"])


def _lifted(fitted: Expression) -> Expression:
    """The sum with no slope a_k below LEAST in size; what is added cancels outside the hinges."""
    slopes = [p for p in fitted.parameters if p.name[0] == "a" and abs(p.initial) < LEAST]
    signs = [1.0, -1.0] * (len(slopes) // 2) + [1.0] * (len(slopes) % 2)
    if len(slopes) % 2 and len(slopes) > 1:
        signs[-2] = -2.0  # …, 1, -2, 1
    lifted = {p.name: LEAST * sign for p, sign in zip(slopes, signs, strict=True)}
    return with_values(fitted, [lifted.get(p.name, p.initial) for p in fitted.parameters])


def _splash(config: Config) -> Fitted:
    start = fixed_target("splash", config["start"])
    if len(set(config["hinges"])) < len(config["hinges"]):
        raise CandidateError(
            f"hinges of splash must differ from each other, but got {config['hinges']}: "
            f"leave out what stands there twice"
        )
    right = [larger(shifted(X, float(b)), 0) for b in config["hinges"]]
    left = [larger(sub(-float(b), X), 0) for b in config["hinges"]]
    basis = [h for pair in zip(right, left, strict=True) for h in pair]
    names = [f"{side}{k}" for k in range(len(right)) for side in ("r", "l")]
    numbers = linear(basis, None, start)
    coefficients = [parameter(n, v) for n, v in zip(names, numbers, strict=True)]
    return checked("splash", combination(coefficients, basis), start, config["tolerance"])


def hats(count: int, width: float) -> list[Expression]:
    """Functions that are 1 at one of `count` knots on [-width, width], 0 at the others and linear
    between; the outermost two stay 1 beyond. Local, so that no large terms cancel."""
    knots = [-width + k * 2 * width / (count - 1) for k in range(count)]
    per_knot = float(f"{(count - 1) / (2 * width):.6g}")
    inner = [
        larger(sub(1, call("abs", scaled(shifted(X, float(f"{t:.6g}")), per_knot))), 0)
        for t in knots[1:-1]
    ]
    first = _ramp(sub(float(f"{knots[1]:.6g}"), X), per_knot)
    last = _ramp(shifted(X, float(f"{knots[-2]:.6g}")), per_knot)
    return [first, *inner, last]


def _ramp(distance: Expression, per_knot: float) -> Expression:
    return smaller(larger(scaled(distance, per_knot), 0), 1)


def _piecewise_linear(config: Config) -> Fitted:
    start = fixed_target("piecewise-linear", config["start"])
    count, width = config["count"], config["width"]
    knots = torch.linspace(-width, width, count, dtype=torch.float64)
    slopes = outer_slopes(start)
    outside = [smaller(add(X, width), 0), larger(sub(X, width), 0)]
    names = [*(f"y{k + 1}" for k in range(count)), "sl", "sr"]
    initial = [*start.values(knots).tolist(), *slopes]
    coefficients = [parameter(n, v) for n, v in zip(names, initial, strict=True)]
    expression = combination(coefficients, [*hats(count, width), *outside])
    return checked("piecewise-linear", expression, start, config["tolerance"])


def _relu_like(start: str) -> Option:
    return replace(START, default=start)


HINGES: tuple[Family, ...] = (
    Family(
        "apl",
        "max(x, 0) + sum_k a_k max(b_k - x, 0)",
        "Agostinelli et al. 2015, arXiv 1412.6830",
        (_relu_like("leaky_relu"), Option("hinges", 3, "number", 1, 8), tolerance(0.3)),
        _apl,
        f"Slopes start at {LEAST} at least: at 0 the place of the hinge has no gradient. Right of "
        "the last hinge it is x, whatever is learned.",
    ),
    Family(
        "splash",
        "sum_k r_k max(x - h_k, 0) + l_k max(-x - h_k, 0), h fixed",
        "Tavakoli et al. 2020, arXiv 2006.08947",
        (
            _relu_like("relu"),
            Option("hinges", (0.0, 1.0, 2.0, 2.5), "places h, 0 or more", 0.0, 10.0),
            tolerance(0.5),
        ),
        _splash,
        "f(0) = 0 unless a hinge is learned away; hinges are in units of a normalised input.",
    ),
    Family(
        "piecewise-linear",
        "y_k at uniform knots, straight between, slopes sl and sr outside",
        "Kunc and Kléma 2024, arXiv 2402.09092, sections 4.44 to 4.46",
        (
            START,
            Option("count", 9, "number of knots", 2, 32),
            Option("width", 4.0, "outermost knots, ±", 0.5, 10.0),
            tolerance(0.3),
        ),
        _piecewise_linear,
        "Exact at the knots; a table (LuTU, MTLU) with straight lines between.",
    ),
)
