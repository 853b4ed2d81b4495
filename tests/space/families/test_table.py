"""The table of families: names, options, bounds, and formulas that agree with the published."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from actsearch.space import (
    FAMILIES,
    CandidateError,
    Expression,
    UnknownNameError,
    family,
    parse,
)

X = torch.linspace(-6, 6, 1202, dtype=torch.float64)

# The same formulas once more, as the papers write them: by cases, over torch alone.
PUBLISHED = {
    "prelu": F.leaky_relu(X, 0.25),
    "swish-beta": F.silu(X),
    "e-swish": 1.5 * F.silu(X),
    "ahaf": F.silu(X),
    "pelu": F.elu(X),
    "mpelu": F.elu(X),
    "learnable-elu": F.elu(X),
    "srelu": torch.where(X >= 1, 1 + 0.5 * (X - 1), torch.where(X <= -1, -1 + 0.25 * (X + 1), X)),
    "crrelu": X.clamp(min=0) + 0.01 * X * torch.exp(-X.square() / 2),
    "acon-c": F.silu(X),
    "smu": ((1.25) * X + 0.75 * X * torch.erf(2.5 * 0.75 * X)) / 2,
    "smu-1": (1.25 * X + (0.75**2 * X.square() + 1).sqrt()) / 2,
    "erfact": X * torch.erf(0.75 * torch.exp(0.75 * X)),
    "pserf": X * torch.erf(1.25 * torch.log1p(torch.exp(0.85 * X))),
    "arelu": torch.where(X >= 0, (1 + 1 / (1 + math.exp(-2))) * X, 0.9 * X),
    "starrelu": 0.8944 * F.relu(X).square() - 0.4472,
    "snake": X + torch.sin(X).square(),
    "xielu": torch.where(
        X > 0, 0.8 * X.square() + 0.5 * X, 0.8 * torch.expm1(X) - 0.8 * X + 0.5 * X
    ),
    "adaptive-sigmoid": torch.sigmoid(X),
    "sgt": torch.tanh(X),
    "nipuna": torch.where(X >= 0, X, F.silu(X)),
    "telu": X * torch.tanh(torch.exp(X)),
    "tanhsoft-1": torch.tanh(0.87 * X) * F.softplus(X),
    "tanhsoft-2": X * torch.tanh(0.6 * torch.exp(X)),
    "dyt": torch.tanh(0.5 * X),
    "polyrelu": sum(F.relu(X) ** k for k in (1, 2, 3)) / 3,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_default_is_the_published_function(name: str) -> None:
    torch.testing.assert_close(family(name).values(X), PUBLISHED[name], rtol=1e-4, atol=1e-4)


def test_parameters_do_what_the_papers_say() -> None:
    x = torch.tensor([-1.5, 2.0], dtype=torch.float64)
    checks = {
        family("pelu", a=2.0, b=0.5): [2 * math.expm1(-3), 8.0],
        family("mpelu", a=2.0, b=0.5): [2 * math.expm1(-0.75), 2.0],
        family("sgt", alpha=2.0, beta=0.5): [math.tanh(-2.25), math.tanh(math.sqrt(2))],
        family("snake", a=2.0): [-1.5 + math.sin(3) ** 2 / 2, 2 + math.sin(4) ** 2 / 2],
        family("adaptive-sigmoid", k=2.0, theta=1.0): [
            1 / (1 + math.exp(5)),
            1 / (1 + math.exp(-2)),
        ],
    }
    for candidate, expected in checks.items():
        torch.testing.assert_close(
            candidate.values(x), torch.tensor(expected).double(), rtol=1e-4, atol=1e-6
        )


def numerator_and_denominator(x: float, version: str) -> tuple[float, float]:
    a, b = (0.1, -0.2, 0.3), (-0.4, 0.5)
    powers = [b[0] * x, b[1] * x**2]
    below = sum(map(abs, powers)) if version == "A" else abs(sum(powers))
    return a[0] + a[1] * x + a[2] * x**2, 1 + below


@pytest.mark.parametrize("version", ["A", "B"])
def test_both_safe_versions_are_their_definitions(version: str) -> None:
    from actsearch.space.families.rational import rational

    candidate = rational(version, [0.1, -0.2, 0.3], [-0.4, 0.5])
    for x in (-3.0, -0.5, 0.7, 4.0):
        above, below = numerator_and_denominator(x, version)
        value = float(candidate.values(torch.tensor([x], dtype=torch.float64)))
        assert value == pytest.approx(above / below, rel=1e-6)


def test_b_splines_sum_to_one_and_are_local() -> None:
    from actsearch.space.families.bases import b_splines

    x = torch.linspace(-3, 3, 101, dtype=torch.float64)  # away from the ends by two knots
    every = torch.stack([b.values(x) for b in b_splines(11, 5.0)])
    torch.testing.assert_close(every.sum(0), torch.ones_like(x), rtol=0, atol=1e-7)
    assert ((every > 0).sum(0) <= 4).all()


def test_hermite_functions_are_orthogonal() -> None:
    from actsearch.space.families.bases import hermite

    x = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    every = torch.stack([h.values(x) for h in hermite(7)])
    gram = every @ every.T * float(x[1] - x[0]) / math.sqrt(2 * math.pi)
    torch.testing.assert_close(gram, torch.eye(7, dtype=torch.float64), rtol=0, atol=1e-6)


def test_chebyshev_functions_are_the_polynomials_of_the_mapped_input() -> None:
    from actsearch.space.families.bases import chebyshev

    x = torch.linspace(-9, 9, 301, dtype=torch.float64)
    t = x / (x.square() + 4).sqrt()
    expected = [t, 2 * t**2 - 1, 4 * t**3 - 3 * t, 8 * t**4 - 8 * t**2 + 1]
    for basis, polynomial in zip(chebyshev(4), expected, strict=True):
        torch.testing.assert_close(basis.values(x), polynomial, rtol=0, atol=1e-7)


def test_gates_of_a_mixture_start_even_and_sum_to_one() -> None:
    parts = ("x", "sin(x)", "tanh(x)")
    mean = (X + X.sin() + X.tanh()) / 3
    for gates in ("softmax", "sigmoid"):
        candidate = family("mixture", functions=parts, gates=gates)
        torch.testing.assert_close(candidate.values(X), mean, rtol=1e-5, atol=1e-6)
    ones = family("mixture", functions=("1 + 0 * x", "1 + 0 * x", "1 + 0 * x"))
    moved = parse(str(ones).replace("u1=0", "u1=3").replace("v2=0", "v2=-2"))
    torch.testing.assert_close(moved.values(X), torch.ones_like(X))


def test_parts_of_a_mixture_keep_their_own_parameters() -> None:
    candidate = family("mixture", functions=["x * sigmoid(beta=2 * x)", "beta * sin(x)"])
    names = {p.name: p.initial for p in candidate.parameters}
    assert names == {"u1": 0, "v1": 0, "u2": 0, "v2": 0, "beta_1": 2, "beta_2": 1}


def test_a_wrapper_keeps_the_parameters_inside() -> None:
    candidate = family("wrapper", function="max(x, 0) + a=0.25 * min(x, 0)")
    assert {p.name for p in candidate.parameters} == {"a", "a1", "b", "c", "d"}
    torch.testing.assert_close(candidate.values(X), F.leaky_relu(X, 0.25))


@pytest.mark.parametrize(
    ("name", "config", "error", "message"),
    [
        ("rationel", {}, UnknownNameError, "did you mean 'rational'"),
        ("rational", {"degre": (5, 4)}, UnknownNameError, "did you mean 'degree'"),
        ("rational", {"version": "C"}, UnknownNameError, "unknown version of rational 'C'"),
        ("rational", {"degree": (5, 40)}, CandidateError, "from 1 to 8, but got 40"),
        ("rational", {"degree": 5}, CandidateError, "takes several numbers"),
        ("rational", {"degree": (5, 4, 3)}, CandidateError, "is two numbers"),
        ("b-spline", {"count": 5.5}, CandidateError, "must be a whole number from 4 to 24"),
        ("prelu", {"a": float("nan")}, CandidateError, "a of prelu must be a number"),
        ("prelu", {"a": True}, CandidateError, "but got True"),
        ("prelu", {"granularity": "chanel"}, UnknownNameError, "did you mean 'channel'"),
        ("prelu", {"granularity": ["layer"]}, UnknownNameError, "unknown granularity"),
        ("prelu", {"granularity": 3}, UnknownNameError, "unknown granularity '3'"),
        ("mixture", {"functions": ("x",)}, CandidateError, "2 to 6 functions, but got 1"),
        ("mixture", {"functions": "xx"}, CandidateError, "several functions, .* but got 'xx'"),
        ("mixture", {"functions": "relu(x)"}, CandidateError, "but got 'relu"),
        ("mixture", {"functions": parse("sin(x)")}, CandidateError, "takes several functions"),
        ("mixture", {"functions": {"x": "sin(x)"}}, CandidateError, "takes several functions"),
        ("mixture", {"functions": ["relu(x)", 3]}, CandidateError, "such as 'tanh.*but got 3"),
        ("wrapper", {"function": 3}, CandidateError, "must be a function, .* but got 3"),
        ("wrapper", {"function": ["relu(x)"]}, CandidateError, "such as 'gelu"),
        ("rational", {"start": None}, CandidateError, "start of rational .* but got None"),
        ("splash", {"hinges": ()}, CandidateError, r"takes several numbers, .* but got \(\)"),
        ("splash", {"hinges": (0, 0.0)}, CandidateError, "must differ from each other"),
    ],
)
def test_a_wrong_configuration_is_refused_with_what_is_right(
    name: str, config: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        family(name, **config)  # type: ignore[arg-type]


def test_equal_configurations_are_one_candidate() -> None:
    first = family("rational", start="gelu", degree=[5, 4])
    assert first is family("rational", start="gelu", degree=(5, 4))
    assert isinstance(first, Expression)


def test_every_family_of_the_issue_is_there() -> None:
    names = """prelu swish-beta e-swish pelu mpelu srelu crrelu acon-c smu smu-1 erfact pserf arelu
        starrelu snake xielu adaptive-sigmoid sgt nipuna learnable-elu telu tanhsoft-2 rational
        b-spline fourier staf hermite chebyshev dct apl splash piecewise-linear wrapper mixture"""
    assert set(names.split()) <= set(FAMILIES)
