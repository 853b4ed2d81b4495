"""Laws of every space, on one whose choices depend on earlier ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from actsearch.space import Call, CoreUnits, Expression, Parameter, Space, SpaceError, Variable
from actsearch.space.base import Choose

ARITY = {"leaf": 0, "sin": 1, "exp": 1, "max": 2}


@dataclass(frozen=True, slots=True)
class Trees(Space):
    """Trees up to a depth: what is chosen at a node decides which places there are below it."""

    depth: int = 2

    @property
    def name(self) -> str:
        return f"trees-{self.depth}"

    @property
    def size(self) -> int:
        size = 2
        for _ in range(self.depth):
            size = 2 + 2 * size + size**2
        return size

    def build(self, choose: Choose) -> Expression:
        return self._node(choose, "root", self.depth)

    def _node(self, choose: Choose, path: str, depth: int) -> Expression:
        kind = choose(path, tuple(ARITY) if depth else ("leaf",))
        if kind == "leaf":
            return Variable() if choose(f"{path}.leaf", ("x", "a")) == "x" else Parameter("a")
        below = (self._node(choose, f"{path}.{i}", depth - 1) for i in range(ARITY[kind]))
        return Call(kind, tuple(below))


SPACES = (Trees(), CoreUnits(1), CoreUnits(2), CoreUnits(2, "channel"))
every_space = pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_enumeration_gives_every_encoding_once_as_many_as_size_says(depth: int) -> None:
    space = Trees(depth)
    encodings = list(space.encodings())
    assert len(encodings) == space.size
    assert len({tuple(sorted(e.items())) for e in encodings}) == space.size
    assert len({space.decode(e) for e in encodings}) == space.size


def test_enumeration_is_lazy_and_the_last_choice_turns_fastest() -> None:
    iterator = CoreUnits(8).encodings()  # 10 ** 30 of them
    first, second = next(iterator), next(iterator)
    assert [path for path in first if first[path] != second[path]] == [list(first)[-1]]


@every_space
@given(seed=seeds)
def test_a_drawn_encoding_decodes_and_a_seed_draws_one_encoding(space: Space, seed: int) -> None:
    encoding = space.sample(np.random.default_rng(seed))
    assert isinstance(space.decode(encoding), Expression)
    assert encoding == space.sample(np.random.default_rng(seed))


@every_space
@given(seed=seeds)
def test_a_mutation_changes_one_choice_and_only_what_depends_on_it(
    space: Space, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    old = space.sample(rng)
    kept = dict(old)
    new = space.mutate(old, rng)
    assert old == kept  # the argument is left alone
    space.decode(new)
    assert set(space._walk(new)) == set(new)  # no choice too many
    changed = [path for path in old.keys() & new.keys() if old[path] != new[path]]
    changed += old.keys() ^ new.keys()
    target = min(changed, key=len)
    assert old[target] != new[target]
    assert all(path.startswith(target) for path in changed)
    if isinstance(space, CoreUnits):
        assert changed == [target]


def test_every_choice_is_mutated_equally_often() -> None:
    rng, space = np.random.default_rng(0), CoreUnits(2)
    start = space.sample(rng)
    counts: Counter[str] = Counter()
    for _ in range(1200):
        new = space.mutate(start, rng)
        counts.update(path for path in start if start[path] != new[path])
    assert len(counts) == 6
    assert chisquare(list(counts.values())).pvalue > 1e-6  # false alarm: 1e-6 over seeds


def test_sampling_is_uniform() -> None:
    rng, space = np.random.default_rng(1), CoreUnits(1)
    drawn = [space.sample(rng) for _ in range(5000)]
    for path, options in space._walk(drawn[0]).items():
        counts = Counter(encoding[path] for encoding in drawn)
        expected = len(drawn) / len(options)
        # The statistic's distribution is known: over seeds, one alarm in 1e6 for each of three.
        assert chisquare([counts[o] for o in options], [expected] * len(options)).pvalue > 1e-6
    # Choices are independent: 6,250 cells drawn 5,000 times leave 6250 * exp(-0.8) = 2,808 empty,
    # standard deviation 28; six of them make an alarm rarer than 1e-8.
    empty = space.size - len({tuple(encoding.values()) for encoding in drawn})
    assert abs(empty - 2808) < 6 * 28


@every_space
def test_an_encoding_that_names_no_option_is_refused_with_the_options(space: Space) -> None:
    encoding = space.sample(np.random.default_rng(3))
    path = next(iter(encoding))
    for bad in ({}, {**encoding, path: "tahn(x)"}):
        with pytest.raises(SpaceError, match=f"has no option .* at {path}; its options there: "):
            space.decode(bad)
        with pytest.raises(SpaceError, match="has no option"):
            space.mutate(bad, np.random.default_rng(0))


def test_a_space_of_one_candidate_has_no_mutation() -> None:
    space = CoreUnits(1, unary=("x",), binary=("x1 + x2",))
    assert space.size == len(list(space.encodings())) == 1
    with pytest.raises(SpaceError, match="one candidate only: nothing to mutate"):
        space.mutate(space.sample(np.random.default_rng(0)), np.random.default_rng(0))
