"""Initial weights: one draw per seed, scaled by the gain that keeps signals at unit variance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from actsearch.evaluators.networks.init import initial_weights, weight_gain
from actsearch.space import Call, Expression, Space, parse, screen, space_from_name

SIZES = (7, 5, 3)


def test_gain_is_the_rule_of_he_for_relu_and_1_for_the_identity() -> None:
    assert weight_gain(parse("relu(x)")) == pytest.approx(math.sqrt(2), rel=1e-4)
    assert weight_gain(parse("x")) == pytest.approx(1, rel=1e-6)
    assert weight_gain(parse("2 * x")) == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("text", ["0 * x", "exp(exp(square(x)))"])
def test_gain_is_1_where_the_second_moment_is_0_or_infinite(text: str) -> None:
    assert weight_gain(parse(text)) == 1


def drawn(space: Space) -> Iterator[Expression]:
    """Different candidates that pass the screening."""
    rng, seen = np.random.default_rng(0), set[str]()
    while True:
        candidate = space.decode(space.sample(rng))
        if str(candidate) not in seen and screen(candidate) is None:
            seen.add(str(candidate))
            yield candidate


@pytest.mark.heavy
def test_the_documents_say_of_how_many_candidates_the_gain_misses_unit_variance() -> None:
    candidates = [*islice(drawn(space_from_name("core-1")), 331)]
    candidates += islice(drawn(space_from_name("tree-5")), 331)
    families = space_from_name("families")
    candidates += map(families.decode, families.encodings())
    # Ten times as fine as the gain's own quadrature, at other points.
    z = torch.linspace(-8, 8, 40_000, dtype=torch.float64)
    weights = torch.exp(-z.square() / 2)
    weights /= weights.sum()
    missed = [
        candidate
        for candidate in candidates
        if not 0.9
        < weight_gain(candidate) ** 2 * float(candidate.values(z).square() @ weights)
        < 1.1
    ]
    for candidate in missed:  # a pole is behind each, of a division or of a negative power
        operators = {n.primitive for n in candidate.nodes() if isinstance(n, Call)}
        assert operators & {"div", "pow"}, candidate
    page = (Path(__file__).parents[3] / "docs" / "concepts.md").read_text()
    assert f"of {len(candidates)} candidates that pass the screening {len(missed)} miss" in page


def test_members_of_one_seed_start_from_one_draw_up_to_their_gain() -> None:
    candidates = [parse("relu(x)"), parse("2 * x"), parse("relu(x)")]
    first, second = initial_weights(candidates, [3, 3, 4], SIZES, moment_init=True)
    assert torch.equal(first[0][0], first[0][1])
    assert not torch.equal(first[0][0], first[0][2])
    gains = [weight_gain(candidate) for candidate in candidates]
    torch.testing.assert_close(second[0][0] / gains[0], second[0][1] / gains[1])
    assert not first[1].any()
    assert not second[1].any()


def test_without_the_moment_weights_and_biases_are_within_the_bounds_of_linear() -> None:
    layers = initial_weights([parse("3 * x")], [0], SIZES, moment_init=False)
    for (weights, biases), fan_in in zip(layers, SIZES[:-1], strict=True):
        for tensor in (weights, biases):
            assert 0 < tensor.abs().max() <= 1 / math.sqrt(fan_in)
