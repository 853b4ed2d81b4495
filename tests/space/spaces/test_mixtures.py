"""Mixtures are the family's, over every choice of functions and gates."""

from __future__ import annotations

import pytest

from actsearch.space import (
    Mixtures,
    SpaceError,
    family,
    fingerprint,
    parse,
)


def test_the_space_holds_the_familys_mixtures_and_nothing_else() -> None:
    space = Mixtures(2)
    inside = family("mixture", functions=("tanh(x)", "sin(x)"), gates="sigmoid")
    assert space.encode(inside) == {
        "gates": "sigmoid",
        "function.0": "tanh(x)",
        "function.1": "sin(x)",
    }
    for outside in (
        family("mixture", functions=("tanh(x)", "mish(x)")),
        family("mixture", functions=("tanh(x)", "sin(x)", "x")),
        family("mixture", functions=("tanh(x)", "sin(x)"), granularity="channel"),
        parse("x"),
        parse("x + tanh(x)"),
        parse("2 * tanh(x) + 3 * sin(x)"),
    ):
        assert not space.contains(outside)


def test_the_order_of_the_functions_does_not_matter() -> None:
    space = Mixtures(2)
    first, second = (
        space.decode({"gates": "softmax", "function.0": a, "function.1": b})
        for a, b in (("tanh(x)", "sin(x)"), ("sin(x)", "tanh(x)"))
    )
    assert fingerprint(first).matches(fingerprint(second))


def test_a_mixture_of_one_or_of_many_is_refused() -> None:
    for count in (1, 7):
        with pytest.raises(SpaceError, match=f"a mixture has 2 to 6 functions, but got {count}"):
            Mixtures(count)
