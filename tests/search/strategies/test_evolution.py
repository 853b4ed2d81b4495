"""Children of the fit: one choice changed, or choices of two, from recent winners."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from scipy.stats import binomtest

from actsearch.search import RunSettings, SearchConfig
from actsearch.search.engine.driver import Engine
from actsearch.search.executors.in_process import InProcess
from actsearch.search.remaining_time import Pace
from actsearch.search.strategies.evolution import CROSSED, Evolution
from actsearch.space import (
    CoreUnits,
    Encoding,
    Space,
    parse,
    space_from_name,
)
from contracts.interleaved import Checksums
from contracts.tiny import TINY, study_in

SPACE = CoreUnits()


def evolution(
    population: int = 64, tournament: int = 16, crossed: float = 0.0, space: Space = SPACE
) -> Evolution:
    return Evolution(
        space, 0, startup=6, population=population, tournament=tournament, crossed=crossed
    )


def play(
    study: optuna.Study, rungs: dict[int, float] | None, space: Space = SPACE
) -> dict[str, str]:
    """One trial that got these accuracies by epoch; None: it was never trained."""
    trial = study.ask()
    space.build(trial.suggest_categorical)
    for epoch, accuracy in (rungs or {}).items():
        trial.report(accuracy, epoch)
    if rungs and max(rungs) == 9:
        study.tell(trial, rungs[9])
    else:
        study.tell(trial, state=TrialState.PRUNED)
    return dict(trial.params)


def changes(child: dict[str, str], parent: dict[str, str]) -> int:
    return sum(child[path] != parent[path] for path in parent)


@pytest.fixture
def started() -> tuple[optuna.Study, list[dict[str, str]]]:
    """A study past its start: every known function and six more, with rising accuracies."""
    study = optuna.create_study(direction="maximize", sampler=evolution())
    first = len(SPACE.seed_candidates()) + 6
    return study, [play(study, {1: 0.1 + i / 100}) for i in range(first)]


def test_a_child_differs_from_a_trained_parent_in_one_choice(
    started: tuple[optuna.Study, list[dict[str, str]]],
) -> None:
    study, parents = started
    for _ in range(10):
        child = play(study, {1: 0.05})
        assert 1 in {changes(child, parent) for parent in parents}


def test_where_all_compete_the_best_is_the_parent(
    started: tuple[optuna.Study, list[dict[str, str]]],
) -> None:
    study, parents = started
    study.sampler = evolution(tournament=64)
    children = [play(study, {1: 0.0}) for _ in range(10)]
    assert {changes(child, parents[-1]) for child in children} == {1}


def test_a_higher_rung_beats_a_higher_score_at_a_lower_one(
    started: tuple[optuna.Study, list[dict[str, str]]],
) -> None:
    study, _ = started
    study.sampler = evolution(tournament=64)
    further = play(study, {1: 0.01, 3: 0.02})
    children = [play(study, {1: 0.9}) for _ in range(6)]
    assert {changes(child, further) for child in children} == {1}


def test_the_old_leave_the_population_however_good_they_are(
    started: tuple[optuna.Study, list[dict[str, str]]],
) -> None:
    study, _ = started
    study.sampler = evolution(population=3, tournament=3)
    best = play(study, {1: 0.8, 3: 0.9, 9: 0.95})
    line = [play(study, {1: 0.1}) for _ in range(3)]  # its children, which displace it
    assert {changes(child, best) for child in line} == {1}
    grandchild = play(study, {1: 0.1})
    assert 1 in {changes(grandchild, parent) for parent in line}


def test_what_was_never_trained_is_no_parent(
    started: tuple[optuna.Study, list[dict[str, str]]],
) -> None:
    study, _ = started
    study.sampler = evolution(population=3, tournament=3)
    parents = [play(study, {1: 0.9, 3: 0.9}) for _ in range(3)]
    for _ in range(5):
        child = play(study, None)
        assert 1 in {changes(child, parent) for parent in parents}


def test_what_diverged_is_no_parent_however_well_it_began(
    started: tuple[optuna.Study, list[dict[str, str]]],
) -> None:
    study, parents = started
    study.sampler = evolution(tournament=64)
    trial = study.ask()
    SPACE.build(trial.suggest_categorical)
    for epoch in (1, 3):
        trial.report(0.99, epoch)
    trial.set_user_attr("infeasible", "nan")
    study.tell(trial, state=TrialState.PRUNED)
    children = [play(study, {1: 0.0}) for _ in range(10)]
    assert {changes(child, parents[-1]) for child in children} == {1}


LUCKY = "sigmoid(x) * x"  # which evolution begins with


def test_an_old_lucky_candidate_is_gone_by_the_end_of_a_default_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parents: list[tuple[str, int]] = []  # each with the candidates that had entered
    mutate = CoreUnits.mutate

    def noted(space: CoreUnits, parent: Encoding, rng: np.random.Generator) -> Encoding:
        parents.append((str(space.decode(parent)), study.entered()))
        return mutate(space, parent, rng)

    monkeypatch.setattr(CoreUnits, "mutate", noted)
    study = study_in(tmp_path, Evolution(SPACE, 0))
    settings = RunSettings()
    config = SearchConfig(name="mine", recipe=TINY, second=None)
    engine = Engine(config, settings, SPACE, study, lambda _: None, Pace(1), lambda *_: None)
    engine.run(InProcess(), Checksums(lucky=LUCKY))
    assert study.entered() == settings.candidates == 60
    assert study.trials()[0].expression == LUCKY
    assert study.trials()[0].state == "complete"
    bred = [entered for parent, entered in parents if parent == LUCKY]
    assert min(bred) < 45, "it has children at first"
    assert max(bred) < 45, "27 results are in by then, and 16 alive"
    assert max(entered for _, entered in parents) >= 54


def test_it_begins_with_the_functions_that_everybody_knows() -> None:
    study = optuna.create_study(direction="maximize", sampler=evolution())
    known = list(SPACE.seed_candidates())
    assert [play(study, {1: 0.5}) for _ in known] == known


def alone(space: Space, parents: list[dict[str, str]]) -> optuna.Study:
    """A study past its start whose whole population are these two, each winning by turns."""
    sampler = evolution(population=2, tournament=1, crossed=1.0, space=space)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for _ in range(len(space.seed_candidates()) + 6):
        play(study, {1: 0.1}, space)
    for parent in parents:
        study.enqueue_trial(parent)
        assert play(study, {1: 0.5}, space) == parent
    return study


@pytest.mark.parametrize("name", ["core-2", "core-1+eafo", "mixture-4"])
def test_a_crossing_has_choices_of_both_parents_and_no_others(name: str) -> None:
    space, rng = space_from_name(name), np.random.default_rng(0)
    first, second = space.sample(rng), space.sample(rng)
    while first.keys() != second.keys() or changes(first, second) < 4:
        second = space.sample(rng)
    study, crossings = alone(space, [first, second]), 0
    for _ in range(20):
        child = play(study, None, space)
        assert space.contains(space.decode(child))
        if all(child[path] in (first[path], second[path]) for path in child):
            crossings += child not in (first, second)
        else:  # both tournaments had one winner: a mutation of it
            assert 1 in {changes(child, parent) for parent in (first, second)}
    assert (
        crossings >= 2
    )  # 3 in 8 would be 7.5; fewer than 2 has a chance of 1e-3, the seed is fixed


def test_a_crossing_of_trees_has_nodes_of_both() -> None:
    space = space_from_name("tree-7")
    texts = ("erf(erf(x)) * erf(erf(x))", "tanh(tanh(tanh(x)))")
    encodings = [space.encode(parse(text)) for text in texts]
    parents = [encoding for encoding in encodings if encoding is not None]
    assert len(parents) == 2
    study = alone(space, parents)
    children = [str(space.decode(play(study, None, space))) for _ in range(30)]
    assert any("erf(" in child and "tanh(tanh(" in child for child in children)


def test_a_quarter_of_the_children_have_two_parents(
    started: tuple[optuna.Study, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    study, _ = started
    study.sampler = Evolution(SPACE, 0, startup=6)
    crossed: list[bool] = []

    def counted(*_: object) -> dict[str, str]:
        crossed.append(True)
        return dict(SPACE.seed_candidates()[0])

    monkeypatch.setattr(CoreUnits, "cross", counted)
    for _ in range(200):
        play(study, None)
    assert binomtest(len(crossed), 200, CROSSED).pvalue > 1e-6  # false alarm: 1e-6 over seeds


def test_a_trial_names_the_trials_that_it_was_made_from_and_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, list[tuple[str, ...]]] = {}  # child -> its parents, each time it was made
    mutate, cross = CoreUnits.mutate, CoreUnits.cross

    def mutated(space: CoreUnits, parent: Encoding, rng: np.random.Generator) -> Encoding:
        child = mutate(space, parent, rng)
        made.setdefault(str(space.decode(child)), []).append((str(space.decode(parent)),))
        return child

    def crossed(
        space: CoreUnits, first: Encoding, second: Encoding, rng: np.random.Generator
    ) -> Encoding:
        child = cross(space, first, second, rng)
        parents = str(space.decode(first)), str(space.decode(second))
        made.setdefault(str(space.decode(child)), []).append(parents)
        return child

    monkeypatch.setattr(CoreUnits, "mutate", mutated)
    monkeypatch.setattr(CoreUnits, "cross", crossed)
    study = study_in(tmp_path, Evolution(SPACE, 0))
    settings = RunSettings(candidates=45)
    config = SearchConfig(name="mine", recipe=TINY, second=None)
    engine = Engine(config, settings, SPACE, study, lambda _: None, Pace(1), lambda *_: None)
    engine.run(InProcess(), Checksums())
    trials = study.trials()
    assert not any(trial.parents for trial in trials[:9])  # known functions, and random ones
    bred = [trial for trial in trials if trial.mutation]
    assert {trial.mutation for trial in bred} == {"mutation", "crossing"}
    for trial in bred:
        parents = tuple(trials[number].expression for number in trial.parents)
        assert parents in made[trial.expression]
        assert all(trials[number].val_accuracies for number in trial.parents)
