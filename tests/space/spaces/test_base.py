"""Laws of every space, on one whose choices depend on earlier ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from actsearch.space import (
    Call,
    CoreUnits,
    Corrected,
    Encoding,
    Expression,
    Listed,
    Mixtures,
    Operators,
    Parameter,
    ParametricTrees,
    Schema,
    Space,
    SpaceError,
    Union,
    Variable,
    parse,
)
from actsearch.space.expressions.expression import substitute
from actsearch.space.spaces.base import (
    Choose,
)
from actsearch.space.spaces.operator_sets import ACT_BENCH, GRAFS

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

    def encode(self, expression: Expression) -> dict[str, str] | None:
        encoding: dict[str, str] = {}

        def read(node: Expression, path: str) -> None:
            leaf = not isinstance(node, Call)
            encoding[path] = "leaf" if leaf else node.primitive  # type: ignore[attr-defined]
            if leaf:
                encoding[f"{path}.leaf"] = "x" if node == Variable() else "a"
            for i, child in enumerate(node.children):
                read(child, f"{path}.{i}")

        read(expression, "root")
        try:
            self.decode(encoding)
        except SpaceError:
            return None
        return encoding

    def _node(self, choose: Choose, path: str, depth: int) -> Expression:
        kind = choose(path, tuple(ARITY) if depth else ("leaf",))  # depth goes with the path
        if kind == "leaf":
            return Variable() if choose(f"{path}.leaf", ("x", "a")) == "x" else Parameter("a")
        below = (self._node(choose, f"{path}.{i}", depth - 1) for i in range(ARITY[kind]))
        return Call(kind, tuple(below))


FEW = Operators(("x", "sin(x)", "0"), ("x1 * x2", "max(x1, x2)"))
# Those that mutate by one choice, as the base does; then those with ways of their own.
BASIC: tuple[Space, ...] = (
    Trees(),
    CoreUnits(1),
    CoreUnits(2),
    CoreUnits(2, "channel"),
    Mixtures(3, "channel"),
    Schema("binary(unary(x),nary(unary(x),relu(x),unary(x)))", "channel", GRAFS),
    Listed("two", {"a": "x * sigmoid(b * x)", "b": "max(x, 0)"}),
)
SPACES: tuple[Space, ...] = (
    *BASIC,
    ParametricTrees(7),
    ParametricTrees(3, "channel", ACT_BENCH.restricted(only=("max", "sin", "tanh"))),
    Union(((CoreUnits(1), 1.0), (ParametricTrees(2), 2.5))),
    Corrected(CoreUnits(1, "channel")),
)
SMALL: tuple[Space, ...] = (
    Mixtures(2, pool=("x", "sin(x)", "relu(x)")),
    Trees(1),
    CoreUnits(1, operators=FEW),
    CoreUnits(2, operators=FEW),
    Schema("binary(x,nary(unary(x),unary(x),x))", operators=FEW),
    ParametricTrees(1, operators=FEW),
    ParametricTrees(2, operators=FEW),
    Listed("two", {"a": "x * sigmoid(b * x)", "b": "max(x, 0)"}),
    Union(((CoreUnits(1, operators=FEW), 3.0), (ParametricTrees(1, operators=FEW), 1.0))),
    Corrected(CoreUnits(1, operators=FEW)),
)
basic_space = pytest.mark.parametrize("space", BASIC, ids=lambda space: space.name)
every_space = pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
seeds = st.integers(0, 2**32 - 1)


def choices(space: Space, encoding: Encoding) -> dict[str, tuple[str, ...]]:
    """The options at every path that decoding comes along."""
    choices_by_path: dict[str, tuple[str, ...]] = {}

    def choose(path: str, options: tuple[str, ...]) -> str:
        choices_by_path[path] = options
        return encoding[path]

    space.build(choose)
    return choices_by_path


@every_space
@given(seed=seeds)
def test_asking_alone_asks_for_what_building_asks_for(space: Space, seed: int) -> None:
    def questions(visit: Callable[[Choose], object]) -> list[tuple[str, tuple[str, ...]]]:
        rng = np.random.default_rng(seed)
        choices: list[tuple[str, tuple[str, ...]]] = []

        def choose(path: str, options: tuple[str, ...]) -> str:
            choices.append((path, options))
            return options[rng.integers(len(options))]

        visit(choose)
        return choices

    assert questions(space.ask) == questions(space.build)


def test_a_space_is_shown_by_its_name() -> None:
    shown = "<Corrected core-1[channel]+eafo>"
    assert repr(Corrected(CoreUnits(1, "channel"))) == shown
    assert all(repr(s) == f"<{type(s).__name__} {s.name}>" for s in SPACES if type(s) is not Trees)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_enumeration_gives_every_encoding_once_as_many_as_size_says(depth: int) -> None:
    space = Trees(depth)
    encodings = list(space.encodings())
    assert len(encodings) == space.size
    assert len({tuple(sorted(e.items())) for e in encodings}) == space.size
    assert len({space.decode(e) for e in encodings}) == space.size


@pytest.mark.parametrize("space", SMALL, ids=lambda space: space.name)
def test_every_small_space_is_enumerated_whole(space: Space) -> None:
    encodings = list(space.encodings())
    assert len({tuple(sorted(e.items())) for e in encodings}) == len(encodings) == space.size
    assert all(space.contains(space.decode(encoding)) for encoding in encodings)


@pytest.mark.parametrize("space", SMALL, ids=lambda space: space.name)
def test_what_is_drawn_mutated_or_crossed_is_in_the_enumeration(space: Space) -> None:
    known = {frozenset(e.items()) for e in space.encodings()}
    rng = np.random.default_rng(0)
    for _ in range(200):
        first, second = space.sample(rng), space.sample(rng)
        for encoding in (first, space.mutate(first, rng), space.cross(first, second, rng)):
            assert frozenset(encoding.items()) in known


@every_space
@given(seed=seeds)
def test_a_mutation_is_another_encoding_of_the_space(space: Space, seed: int) -> None:
    rng = np.random.default_rng(seed)
    old = space.sample(rng)
    kept = dict(old)
    new = space.mutate(old, rng)
    assert old == kept  # the argument is left alone
    assert new != old
    space.decode(new)
    assert set(choices(space, new)) == set(new)  # no choice too many
    assert new == space.mutate(old, _after(seed, space))  # from the generator alone


def _after(seed: int, space: Space) -> np.random.Generator:
    """The generator of a seed, after one draw."""
    rng = np.random.default_rng(seed)
    space.sample(rng)
    return rng


@every_space
@given(seed=seeds)
def test_a_child_is_of_the_space_and_of_its_parents(space: Space, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = space.sample(rng), space.sample(rng)
    child = space.cross(first, second, rng)
    space.decode(child)
    assert set(choices(space, child)) == set(child)
    assert space.cross(first, first, rng) == first or isinstance(space, ParametricTrees | Union)


@every_space
@given(seed=seeds)
def test_a_candidate_of_the_space_is_recognised_whatever_its_parameters_are_called(
    space: Space, seed: int
) -> None:
    tree = space.decode(space.sample(np.random.default_rng(seed)))
    encoding = space.encode(tree)
    assert encoding is not None
    assert space.decode(encoding) == tree
    if not isinstance(space, Trees):  # whose one parameter has a fixed name
        renamed = substitute(
            tree,
            {
                p: Parameter(f"q{i}", p.initial, p.granularity)
                for i, p in enumerate(tree.parameters)
            },
        )
        assert space.contains(renamed)


@pytest.mark.parametrize("text", ["gelu(mish(x)) - 0.123", "q=7 * x", "x ** 3 / 17"])
@every_space
def test_what_is_not_of_the_space_is_not_recognised(space: Space, text: str) -> None:
    assert not space.contains(parse(text))


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


@pytest.mark.heavy
@every_space
def test_the_options_at_a_path_are_always_the_same(space: Space) -> None:
    rng = np.random.default_rng(0)
    offered: dict[str, tuple[str, ...]] = {}
    for _ in range(300):  # Optuna refuses a second distribution under one name
        for path, options in choices(space, space.sample(rng)).items():
            assert offered.setdefault(path, options) == options


@basic_space
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
    assert set(choices(space, new)) == set(new)  # no choice too many
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
    for path, options in choices(space, drawn[0]).items():
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
    space = CoreUnits(1, operators=Operators(("x",), ("x1 + x2",)))
    assert space.size == len(list(space.encodings())) == 1
    with pytest.raises(SpaceError, match="one candidate only: nothing to mutate"):
        space.mutate(space.sample(np.random.default_rng(0)), np.random.default_rng(0))
