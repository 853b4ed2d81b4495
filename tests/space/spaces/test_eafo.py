"""EAFO as a choice of a space: the correction comes and goes, and is the same everywhere."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from actsearch.space import (
    CoreUnits,
    Corrected,
    Operators,
    SpaceError,
    family,
    fingerprint,
    parse,
    screen,
    space_from_name,
)
from actsearch.space.spaces.eafo import NONE, OPTIONS, PATH
from contracts.interpreter import Interpreter

SPACE = Corrected(CoreUnits(1))
RELU = {"unit.binary": "max(x1, x2)", "unit.left": "x", "unit.right": "max(x, 0)"}


def test_relu_corrected_under_normal_inputs_is_crrelu() -> None:
    candidate = SPACE.decode({PATH: "normal", **RELU})
    assert str(candidate) == "max(x, max(x, 0)) + epsilon=0.01 * (x * exp(-x ** 2 / 2))"
    assert fingerprint(candidate).matches(fingerprint(family("crrelu")))
    assert SPACE.encode(candidate) == {PATH: "normal", **RELU}


def test_without_correction_it_is_the_candidate_of_the_space() -> None:
    assert SPACE.decode({PATH: NONE, **RELU}) == CoreUnits(1).decode(RELU)
    assert [SPACE.decode(e) for e in SPACE.seed_candidates()] == [
        CoreUnits(1).decode(e) for e in CoreUnits(1).seed_candidates()
    ]


def test_what_cannot_be_corrected_stays_what_it_is() -> None:
    sigmoid = {"unit.binary": "max(x1, x2)", "unit.left": "sigmoid(x)", "unit.right": "sigmoid(x)"}
    texts = {under: str(SPACE.decode({PATH: under, **sigmoid})) for under in OPTIONS}
    assert texts["logistic"] == texts[NONE] == "max(sigmoid(x), sigmoid(x))"
    assert len(set(texts.values())) == len(OPTIONS) - 1


def test_a_correction_is_mutated_as_rarely_as_any_choice_and_the_rest_stays() -> None:
    rng = np.random.default_rng(0)
    start = {PATH: NONE, **RELU}
    changed = Counter[str]()
    for _ in range(2000):
        new = SPACE.mutate(start, rng)
        (path,) = [path for path in start if start[path] != new[path]]
        changed[path] += 1
    assert binomtest(changed[PATH], 2000, 1 / 4).pvalue > 1e-6  # false alarm: 1e-6 over seeds


def test_a_corrected_candidate_keeps_its_correction_when_it_mutates() -> None:
    rng = np.random.default_rng(1)
    start = {PATH: "normal", **RELU}
    mutated = [SPACE.mutate(start, rng) for _ in range(50)]
    kept = [new for new in mutated if new[PATH] == "normal"]
    assert len(kept) > 20  # three of its four choices are of the inner candidate
    for new in kept:
        inner = {path: option for path, option in new.items() if path != PATH}
        assert str(SPACE.decode(new)).startswith(str(CoreUnits(1).decode(inner)))


def test_every_second_draw_is_corrected() -> None:
    rng = np.random.default_rng(2)
    drawn = Counter(SPACE.sample(rng)[PATH] for _ in range(4000))
    assert binomtest(drawn[NONE], 4000, 0.5).pvalue > 1e-6  # false alarm: 1e-6 over seeds
    assert len(drawn) == len(OPTIONS)


@pytest.mark.heavy
def test_most_corrected_candidates_can_be_trained() -> None:
    rng, passed = np.random.default_rng(3), 0
    for _ in range(60):
        encoding = CoreUnits(1).sample(rng)
        if screen(CoreUnits(1).decode(encoding)) is None:
            candidate = SPACE.decode({PATH: "normal", **encoding})
            assert parse(str(candidate)) == candidate
            passed += screen(candidate) is None
    assert passed >= 30


@pytest.mark.heavy
def test_another_process_finds_the_same_candidates_without_sympy(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    code = (
        "import sys; sys.modules['sympy'] = None\n"
        "import numpy as np\n"
        "from actsearch.space import space_from_name\n"
        "space, rng = space_from_name('core-1+eafo'), np.random.default_rng(4)\n"
        "for _ in range(20): print(space.decode(space.sample(rng)))\n"
    )
    shown = interpreter.run(code, tmp_path).stdout
    rng = np.random.default_rng(4)
    assert shown.splitlines() == [str(SPACE.decode(SPACE.sample(rng))) for _ in range(20)]


def test_epsilon_is_shared_as_the_spaces_parameters_are() -> None:
    for name, granularity in (("core-1[channel]+eafo", "channel"), ("families+eafo", "layer")):
        space = space_from_name(name)
        encoding = space.sample(np.random.default_rng(0)) | {PATH: "normal"}
        assert [p.granularity for p in space.decode(encoding).parameters][-1] == granularity


def test_a_space_of_one_candidate_can_still_be_corrected() -> None:
    single = Corrected(CoreUnits(1, operators=Operators(("relu(x)",), ("max(x1, x2)",))))
    start = {PATH: NONE, **single.space.sample(np.random.default_rng(0))}
    assert single.mutate(start, np.random.default_rng(0))[PATH] != NONE


def test_a_union_is_corrected_member_by_member() -> None:
    with pytest.raises(SpaceError, match="goes to each member of a union"):
        Corrected(space_from_name("core-1|tree-2"))
    with pytest.raises(SpaceError, match="once"):
        Corrected(SPACE)
