"""Children of the fit: one choice changed, from a recent winner."""

from __future__ import annotations

import optuna
import pytest
from optuna.trial import TrialState

from actsearch.search.strategies import Evolution
from actsearch.space import CoreUnits

SPACE = CoreUnits()


def evolution(population: int = 64, tournament: int = 16) -> Evolution:
    return Evolution(SPACE, 0, startup=6, population=population, tournament=tournament)


def play(study: optuna.Study, rungs: dict[int, float] | None) -> dict[str, str]:
    """One trial that got these accuracies by epoch; None: it was never trained."""
    trial = study.ask()
    SPACE.build(trial.suggest_categorical)
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
    first = len(SPACE.known()) + 6
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


def test_it_begins_with_the_functions_that_everybody_knows() -> None:
    study = optuna.create_study(direction="maximize", sampler=evolution())
    known = list(SPACE.known())
    assert [play(study, {1: 0.5}) for _ in known] == known
