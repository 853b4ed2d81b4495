"""The same seed gives the same search, whoever ends first and however many workers there are."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from actsearch.evaluators.protocol.successive_halving import CUTOFF_SCORES
from actsearch.search import RunSettings, SearchConfig, Strategy
from actsearch.search.engine.lag import Lag, idle_workers
from actsearch.search.executors.in_process import InProcess
from actsearch.search.storage.study import Study
from actsearch.search.strategies.registry import BUILT_IN
from actsearch.space import CoreUnits, Encoding
from contracts.faults import Overtaken, RaisesAtOnce
from contracts.interleaved import Checksums, Interleaved
from contracts.tiny import CONFIG, Ran, run_engine

SPACE = CoreUnits()
CANDIDATES = 22
LAGGED = dataclasses.replace(CONFIG, bracket=3, lag=6)


def story(ran: Ran) -> list[Any]:
    """All of a search but its seconds: the trials in the order of their proposals, and the jobs
    with their cut-offs."""
    trials = [
        (t.number, t.expression, t.state, dict(t.val_accuracies), t.duplicate_of, t.reason)
        for t in ran.candidates
    ]
    return [trials, [(job.expressions, dict(job.cutoffs)) for job in ran.jobs]]


def searched(folder: Path, executor: Any, strategy: str = "evolution", **changes: Any) -> Ran:
    folder.mkdir(exist_ok=True)
    config = dataclasses.replace(LAGGED, strategy=strategy, **changes)
    return run_engine(folder, Checksums(), candidates=CANDIDATES, config=config, executor=executor)


@pytest.mark.heavy
@pytest.mark.parametrize("strategy", BUILT_IN)
def test_the_same_search_comes_out_on_any_number_of_workers_whoever_ends_first(
    strategy: str, tmp_path: Path
) -> None:
    alone = story(searched(tmp_path / "alone", InProcess(), strategy))
    assert len(alone[1]) == 8
    assert alone[1][-1][1], "there are cut-offs to compare"
    for i, (workers, stopped) in enumerate(((2, None), (2, 0), (4, 1))):
        executor = Interleaved(workers, np.random.default_rng(i), stopped)
        assert story(searched(tmp_path / str(i), executor, strategy)) == alone
        assert executor.most == min(workers, 3)


def test_a_stopped_worker_is_overtaken_by_the_lag_and_no_more(tmp_path: Path) -> None:
    executor = Interleaved(2, np.random.default_rng(0), stopped=0)
    searched(tmp_path, executor)
    assert executor.overtaken == 1 + 2  # its own bracket, and the two of the lag


def test_an_asynchronous_search_waits_for_nobody(tmp_path: Path) -> None:
    executor = Interleaved(2, np.random.default_rng(0), stopped=0)
    ran = searched(tmp_path / "a", executor, asynchronous=True)
    assert executor.overtaken == len(ran.jobs) == 8
    assert story(ran) != story(searched(tmp_path / "b", InProcess(), asynchronous=True))


def test_without_a_lag_each_bracket_waits_for_the_one_before(tmp_path: Path) -> None:
    executor = Interleaved(2, np.random.default_rng(0))
    searched(tmp_path, executor, lag=0)
    assert executor.most == 1


@pytest.mark.usefixtures("ray_session")
def test_two_real_workers_of_which_one_is_slow_search_as_one_does(tmp_path: Path) -> None:
    from actsearch.search.executors.ray_tune import RayTune

    alone = searched(tmp_path / "alone", InProcess())
    slow, fast = (alone.jobs[number].expressions[0] for number in (1, 3))
    (tmp_path / "two").mkdir()
    two = run_engine(
        tmp_path / "two",
        Overtaken(Checksums(), slow, by=fast, mark=str(tmp_path / "mark")),
        candidates=CANDIDATES,
        config=dataclasses.replace(LAGGED, strategy="evolution"),
        launch=RunSettings(workers=2),
        executor=RayTune(2, 0.0, None),
    )
    assert story(two) == story(alone)


class Watches(Strategy):
    """Notes what it is shown before each proposal."""

    def __init__(self, space: CoreUnits, seed: int) -> None:
        super().__init__(space, seed)
        self.shown: list[list[FrozenTrial]] = []

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        self.shown.append([t for t in study.get_trials() if t.number < trial.number])
        assert trial.number == len(self.shown) - 1
        return self.space.sample(rng)


def test_a_strategy_is_shown_the_results_before_the_lag_and_of_the_others_the_candidates(
    tmp_path: Path,
) -> None:
    strategy = Watches(SPACE, 1)
    ran = run_engine(
        tmp_path, Checksums(), candidates=CANDIDATES, config=LAGGED, strategy=strategy
    )
    stored = ran.candidates
    entered = [t.number for t in stored if t.entered_training]
    ended = set()
    for trials in strategy.shown:
        candidates = [t for t in trials if t.number in entered]
        seen = max(0, len(candidates) // 3 * 3 - 6)
        for trial in trials:
            assert trial.params
            assert trial.user_attrs["expression"] == stored[trial.number].expression
            if trial.number in entered[seen:]:
                assert trial.state == TrialState.RUNNING
                assert not trial.intermediate_values
                assert set(trial.user_attrs) == {"expression"}
                assert trial.values is None
            elif trial.number in entered:
                assert trial.intermediate_values == stored[trial.number].val_accuracies
                assert "result" in trial.user_attrs
                ended.add(stored[trial.number].state)
            else:
                assert trial.state == TrialState.PRUNED
                assert not {"duplicate_of", "infeasible"}.isdisjoint(trial.user_attrs)
    assert ended == {"complete", "pruned", "infeasible"}


@pytest.mark.heavy
@pytest.mark.parametrize("strategy", BUILT_IN)
def test_a_search_that_is_resumed_goes_on_as_one_that_was_never_stopped(
    strategy: str, tmp_path: Path
) -> None:
    config = dataclasses.replace(LAGGED, strategy=strategy)
    unbroken = searched(tmp_path / "unbroken", InProcess(), strategy)
    jobs: list[Any] = []
    for budget in (3, 9, 12, CANDIDATES):
        (tmp_path / "resumed").mkdir(exist_ok=True)
        last = run_engine(tmp_path / "resumed", Checksums(), candidates=budget, config=config)
        jobs += last.jobs
    trials, _ = story(last)
    assert [trials, [(job.expressions, dict(job.cutoffs)) for job in jobs]] == story(unbroken)


class Stops(BaseException):
    """As Ctrl-C, between two proposals."""


@pytest.mark.parametrize("strategy", ["evolution", "tpe"])
def test_a_search_killed_while_it_draws_a_bracket_proposes_the_rest_of_it_all_the_same(
    strategy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = searched(tmp_path / "unbroken", InProcess(), strategy)
    expected = [t.expression for t in unbroken.candidates]
    accept = Study.accept

    def accepts_16(study: Study, *arguments: Any) -> Any:
        if study.entered() == 16:
            raise Stops
        return accept(study, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Study, "accept", accepts_16)
        with pytest.raises(Stops):
            searched(tmp_path / "killed", InProcess(), strategy)
    resumed = searched(tmp_path / "killed", InProcess(), strategy)
    assert [t.state for t in resumed.candidates if t.retry] == ["complete"]
    proposed = [t.expression for t in resumed.candidates if not t.retry]
    assert proposed == expected, "what was tried again had the same scores"


def test_a_crashed_bracket_leaves_the_others_and_the_proposals_as_they_are(
    tmp_path: Path,
) -> None:
    config = dataclasses.replace(LAGGED, strategy="random")
    unharmed = searched(tmp_path / "unharmed", InProcess(), "random")
    culprit = unharmed.jobs[1].expressions[0]
    (tmp_path / "harmed").mkdir()
    harmed = run_engine(
        tmp_path / "harmed", RaisesAtOnce(Checksums(), culprit),
        candidates=CANDIDATES, config=config,
    )  # fmt: skip
    others = [job.expressions for job in unharmed.jobs if culprit not in job.expressions]
    assert [j.expressions for j in harmed.jobs if len(j.expressions) == 3][:1] == others[:1]
    assert [e for e in others if e not in [job.expressions for job in harmed.jobs]] == []


@pytest.mark.parametrize(
    ("lag", "bracket", "brackets"), [(0, 9, 1), (8, 9, 1), (9, 9, 2), (18, 9, 3), (10, 3, 4)]
)
def test_the_lag_feeds_as_many_brackets_as_it_lets_overtake_and_one(
    lag: int, bracket: int, brackets: int
) -> None:
    config = dataclasses.replace(CONFIG, lag=lag, bracket=bracket)
    assert Lag.of(config).brackets == brackets
    assert idle_workers(config, RunSettings(workers=brackets)) is None
    sentence = idle_workers(config, RunSettings(workers=brackets + 1)) or ""
    assert sentence.startswith(f"1 of {brackets + 1} workers will have nothing to do")
    assert "\n" not in sentence
    assert f"--lag {brackets * bracket} feeds all of them" in sentence
    assert "--asynchronous" in sentence
    enough = dataclasses.replace(config, lag=brackets * bracket)
    assert idle_workers(enough, RunSettings(workers=brackets + 1)) is None


def test_auto_is_told_how_many_the_lag_feeds_at_most() -> None:
    sentence = idle_workers(LAGGED, RunSettings(workers="auto")) or ""
    assert "3 at most will have something to do, by --lag 6" in sentence
    assert "a new search with 3 more feeds one more" in sentence
    free = dataclasses.replace(CONFIG, asynchronous=True)
    assert idle_workers(free, RunSettings(workers="auto")) is None


@pytest.mark.usefixtures("ray_session")
def test_as_many_workers_as_there_is_room_for_search_as_one_does(tmp_path: Path) -> None:
    from actsearch.search.executors.ray_tune import RayTune

    (tmp_path / "auto").mkdir()
    auto = run_engine(
        tmp_path / "auto",
        Checksums(),
        candidates=CANDIDATES,
        config=dataclasses.replace(LAGGED, strategy="evolution"),
        launch=RunSettings(workers="auto"),
        executor=RayTune(None, 0.0, None),
    )
    assert story(auto) == story(searched(tmp_path / "alone", InProcess()))


def test_an_asynchronous_search_feeds_any_number_of_workers() -> None:
    config: SearchConfig = dataclasses.replace(CONFIG, asynchronous=True)
    assert idle_workers(config, RunSettings(workers=99)) is None


@pytest.mark.parametrize(
    ("candidates", "bracket", "blind"), [(18, 9, 27), (20, 9, 36), (0, 3, 9), (None, 9, 9)]
)
def test_the_first_brackets_see_too_little_to_be_held_to_a_cut_off(
    candidates: int | None, bracket: int, blind: int
) -> None:
    lag = Lag(candidates, bracket)
    assert lag.blind == blind
    seen = [lag.seen(candidate) for candidate in (blind - 1, blind)]
    if candidates is not None:
        assert [s is not None and s >= CUTOFF_SCORES for s in seen] == [False, True]
