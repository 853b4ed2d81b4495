"""Nothing is trained twice, and what is not trained is recorded with the reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.trial import FrozenTrial

from actsearch.evaluators import ImageClassification
from actsearch.search import (
    NothingToTrain,
    Strategy,
    StrategyError,
)
from actsearch.search.engine import proposer as proposer_module
from actsearch.search.engine.proposer import TRIES, Proposer
from actsearch.search.strategies.exhaustive import Exhaustive
from actsearch.search.strategies.registry import strategy_from_name
from actsearch.space import (
    CoreUnits,
    Encoding,
    Operators,
    SpaceError,
    fingerprint,
    parse,
)
from actsearch.space.counted import counted
from contracts.interleaved import Checksums
from contracts.tiny import PRODUCTS, SMALL, Ran, run_engine, study_in


class Stuck(Strategy):
    """Proposes the same encoding for ever."""

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        return next(self.space.encodings())


@pytest.fixture(scope="module")
def in_order(images: ImageClassification, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The small space, searched in order to its end."""
    folder = tmp_path_factory.mktemp("search")
    return run_engine(folder, images, candidates=99, space=SMALL, strategy=Exhaustive(SMALL, 0))


def test_a_function_seen_before_is_recorded_as_a_duplicate_of_the_first_and_never_trained(
    in_order: Ran,
) -> None:
    trials = in_order.candidates
    duplicates = in_order.by_state("duplicate")
    assert len(duplicates) == 9
    for duplicate in duplicates:
        assert duplicate.duplicate_of is not None
        first = trials[duplicate.duplicate_of]
        assert first.number < duplicate.number
        assert first.entered_training
        assert fingerprint(parse(duplicate.expression)).matches(
            fingerprint(parse(first.expression))
        )
        assert not duplicate.val_accuracies
        assert not duplicate.trained


def test_what_is_screened_out_is_recorded_as_infeasible_with_the_reason(in_order: Ran) -> None:
    (screened,) = in_order.by_state("infeasible")
    assert (screened.expression, screened.reason) == ("max(x, x)", "affine")
    assert not screened.trained
    assert not screened.entered_training


def test_a_strategy_that_goes_in_order_is_not_broken_by_the_fallback(in_order: Ran) -> None:
    proposed = [c.expression for c in in_order.candidates]
    assert proposed == [str(SMALL.decode(encoding)) for encoding in SMALL.encodings()]


def test_a_strategy_that_is_stuck_gives_way_to_unseen_random_candidates(tmp_path: Path) -> None:
    space = CoreUnits()
    study = study_in(tmp_path, Stuck(space, 0))
    proposer = Proposer(study, space, 0, 2)
    trials = [proposer.next() for _ in range(3)]
    expressions = [str(trial.expression) for trial in trials if trial is not None]
    assert len(set(expressions)) == 3
    stuck = [trial for trial in study.trials() if trial.expression == "x + x"]
    assert len(stuck) >= 3 * TRIES
    assert {c.state for c in stuck} == {"infeasible"}


def test_a_stuck_strategy_still_comes_to_the_end_of_a_small_space(
    images: ImageClassification, tmp_path: Path
) -> None:
    ran = run_engine(tmp_path, images, space=PRODUCTS, strategy=Stuck(PRODUCTS, 0))
    assert ran.engine.exhausted
    assert {c.expression for c in ran.reported} == {"x * x", "x * tanh(x)", "tanh(x) * tanh(x)"}


def test_what_an_earlier_process_trained_is_known_by_its_function(tmp_path: Path) -> None:
    expressions = [SMALL.decode(encoding) for encoding in SMALL.encodings()]
    first = Proposer(study_in(tmp_path, Exhaustive(SMALL, 0)), SMALL, 0, 2)
    assert [str(trial.expression) for trial in (first.next(), first.next()) if trial] == [
        str(expression) for expression in expressions[:2]
    ]
    study = study_in(tmp_path, Exhaustive(SMALL, 0))
    study.sweep()
    second = Proposer(study, SMALL, 0, 2)
    assert [study.retry(SMALL).retry for _ in range(study.waiting())] == [1, 1]
    following = [second.next() for _ in range(4)]  # tanh(x) * x, the fourth, repeats the second
    assert [str(trial.expression) for trial in following if trial] == [
        "x * max(x, 0)", "tanh(x) * tanh(x)", "tanh(x) * max(x, 0)", "max(x, tanh(x))",
    ]  # fmt: skip


def test_the_fallback_of_a_resumed_search_is_not_the_one_it_had(tmp_path: Path) -> None:
    space = CoreUnits()
    drawn = []
    for _ in range(3):
        proposer = Proposer(study_in(tmp_path, Stuck(space, 0)), space, 0, 2)
        trial = proposer.next()
        assert trial is not None
        drawn.append(str(trial.expression))
    assert len(set(drawn)) == 3


@pytest.mark.parametrize("name", ["random", "evolution", "tpe", "exhaustive"])
def test_no_strategy_makes_the_proposer_give_out_a_function_twice(
    name: str, tmp_path: Path
) -> None:
    study = study_in(tmp_path, strategy_from_name(name, PRODUCTS, 0))
    proposer = Proposer(study, PRODUCTS, 0, 2)
    trials = []
    while (trial := proposer.next()) is not None:
        trials.append(trial)
    prints = [fingerprint(trial.expression) for trial in trials]
    assert len(prints) == 3
    assert not any(a.matches(b) for i, a in enumerate(prints) for b in prints[:i])


BEYOND_ONE = "beta * x1 + (1 - beta) * max(x2, 0)"
TWINS = CoreUnits(operators=Operators(("x",), ("max(x1, beta * x2)", BEYOND_ONE)))


@pytest.mark.parametrize(("version", "trained"), [(1, 1), (2, 2)])
def test_a_search_goes_on_under_the_fingerprints_that_it_was_begun_with(
    tmp_path: Path, version: int, trained: int
) -> None:
    proposer = Proposer(study_in(tmp_path, Exhaustive(TWINS, 0)), TWINS, 0, version)
    trials = [proposer.next() for _ in range(3)]
    assert len([trial for trial in trials if trial is not None]) == trained


def test_fingerprints_of_a_later_version_are_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match="version 9, but this actsearch knows 1 and 2: go on"):
        Proposer(study_in(tmp_path, Exhaustive(TWINS, 0)), TWINS, 0, 9)


AFFINE = CoreUnits(
    operators=Operators(tuple(f"{k} * x" for k in range(2, 10)), ("x1 + x2", "x1 - x2"))
)  # 128 encodings of straight lines


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (
            "random",
            r"^60 proposals in a row were rejected, so the search ends with 0 candidates: ",
        ),
        ("exhaustive", "^all 128 encodings that there are were rejected, so the search ends with"),
    ],
)
def test_a_space_of_which_nothing_passes_ends_with_the_commonest_reasons_and_the_next_step(
    strategy: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposer_module, "REJECTED", 60)
    study = study_in(tmp_path, strategy_from_name(strategy, AFFINE, 0))
    with pytest.raises(NothingToTrain, match=message) as caught:
        Proposer(study, AFFINE, 0, 2).next()
    error = str(caught.value)
    rejected = len(study.trials())
    constants = sum(trial.reason == "constant" for trial in study.trials())
    assert f"affine ({rejected - constants:,}), constant ({constants:,}); the last one" in error
    assert "Take a --space with other operators" in error
    assert "\n" not in error
    resumed = study_in(tmp_path, strategy_from_name(strategy, AFFINE, 0))
    with pytest.raises(NothingToTrain):  # and begins no other sixty
        Proposer(resumed, AFFINE, 0, 2).next()
    assert len(study.trials()) == rejected


def test_a_search_that_finds_nothing_more_ends_with_what_it_has_and_a_warning(
    images: ImageClassification,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(proposer_module, "REJECTED", 60)
    few = CoreUnits(operators=Operators((*AFFINE.operators.unary, "max(x, 0)"), ("x1 + x2",)))
    ran = run_engine(tmp_path, Checksums(), candidates=99, space=few, strategy=Seldom(few, 0))
    assert not ran.engine.exhausted
    assert len(ran.reported) >= 1
    assert {trial.state for trial in ran.reported} <= {"complete", "pruned", "infeasible"}
    (warning,) = [r.message for r in caplog.records if "proposals in a row" in r.message]
    assert warning.startswith("60 proposals in a row were rejected")
    assert f"ends with {counted(len(ran.reported), 'candidate')}: " in warning


def test_where_the_evaluator_objects_it_is_its_advice_that_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposer_module, "REJECTED", 60)
    proposer = Proposer(study_in(tmp_path, strategy_from_name("random", SMALL, 0)), SMALL, 0, 2)
    proposer.objection = lambda expression: "no score of it: search --space tree-5"
    with pytest.raises(NothingToTrain, match="no score of it: search --space tree-5") as caught:
        proposer.next()
    assert "do what it says of them" in str(caught.value)
    assert "other operators" not in str(caught.value)


class Seldom(Strategy):
    """One candidate that passes, then straight lines."""

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        left = "max(x, 0)" if trial.number == 0 else str(rng.choice(AFFINE.operators.unary))
        return {"unit.binary": "x1 + x2", "unit.left": left, "unit.right": "2 * x"}


class StuckInOrder(Stuck):
    may_repeat = False


def test_a_strategy_that_repeats_itself_against_its_word_is_an_error_that_names_it(
    tmp_path: Path,
) -> None:
    proposer = Proposer(study_in(tmp_path, StuckInOrder(PRODUCTS, 0)), PRODUCTS, 0, 2)
    assert proposer.next() is not None
    with pytest.raises(
        StrategyError, match=r"StuckInOrder has may_repeat False.*x1 \* x2"
    ) as error:
        proposer.next()
    assert "leave may_repeat out" in str(error.value)
