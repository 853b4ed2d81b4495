"""Where cost is an objective, parents are those of the front, and evolution finds cheaper ones."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from actsearch.evaluators import ImageClassification
from actsearch.search.storage.ranking import finalist_order, front
from actsearch.search.storage.study import Study
from actsearch.search.strategies.evolution import Evolution
from actsearch.search.strategies.objectives import (
    fitnesses,
    front_of,
    is_multi_objective,
    results,
)
from actsearch.space import CoreUnits
from contracts.tiny import CONFIG, Ran, run_engine

SPACE = CoreUnits()


def study_of(rows: list[tuple[dict[int, float], float]], *objectives: str) -> optuna.Study:
    """Trials with these accuracies by epoch and these costs."""
    study = optuna.create_study(direction="maximize")
    study.set_user_attr("objectives", list(objectives))
    for rungs, cost in rows:
        trial = study.ask()
        trial.set_user_attr("cost", {"time": cost})
        for epoch, accuracy in rungs.items():
            trial.report(accuracy, epoch)
        study.tell(trial, state=TrialState.PRUNED)
    return study


ROWS = [
    ({1: 0.99}, 0.6),  # an early rung, whatever it scored
    ({1: 0.5, 3: 0.8}, 5.0),  # the most accurate
    ({1: 0.5, 3: 0.7}, 1.0),  # the cheapest
    ({1: 0.5, 3: 0.75}, 2.0),  # between them, on the front
    ({1: 0.5, 3: 0.74}, 2.1),  # beaten
]


def order(study: optuna.Study) -> list[int]:
    """Trials by fitness, the best first, equals by number."""
    trials = study.get_trials(deepcopy=False)
    fitness = fitnesses(study, trials)
    return sorted(range(len(trials)), key=fitness.__getitem__, reverse=True)


def test_by_accuracy_alone_the_deepest_rung_comes_first_then_the_accuracy() -> None:
    assert order(study_of(ROWS)) == order(study_of(ROWS, "accuracy")) == [1, 3, 4, 2, 0]


def test_with_cost_the_deepest_rung_comes_first_then_the_front_and_on_it_its_ends() -> None:
    study = study_of(ROWS, "accuracy", "cost")
    assert is_multi_objective(study)
    assert order(study) == [1, 2, 3, 4, 0]


def test_a_strategy_reads_the_accuracies_and_costs_of_what_has_finished_and_its_front() -> None:
    study = study_of(ROWS, "accuracy", "cost")
    study.ask()  # is running
    finished = results(study)
    assert [(r.epoch, r.accuracy, r.cost) for r in finished[:2]] == [(1, 0.99, 0.6), (3, 0.8, 5.0)]
    assert [r.trial.number for r in front_of(finished)] == [1, 3, 2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("search")


@pytest.fixture(scope="module")
def searched(images: ImageClassification, folder: Path) -> Ran:
    """A real search of the front by evolution: 24 candidates, of which 12 are bred."""
    return run_engine(
        folder,
        images,
        candidates=24,
        strategy=Evolution(SPACE, 1, startup=12),
        config=replace(CONFIG, objectives=("accuracy", "cost")),
    )


def test_a_search_of_the_front_measures_whatever_trains_and_halves_by_accuracy(
    searched: Ran,
) -> None:
    trained = [trial for trial in searched.candidates if trial.entered_training]
    assert len(trained) == 24
    assert all(trial.cost is not None for trial in trained)
    assert {trial.state for trial in trained} <= {"complete", "pruned", "infeasible"}


def test_its_front_begins_with_the_best_and_every_next_one_is_cheaper(searched: Ran) -> None:
    members = front(searched.candidates)
    best = max(trial.val_accuracy or 0.0 for trial in searched.by_state("complete"))
    assert members[0].val_accuracy == best
    costs = [trial.cost.time for trial in members if trial.cost]
    assert costs == sorted(costs, reverse=True)
    assert finalist_order(searched.candidates, ("accuracy", "cost"))[: len(members)] == members


def test_resumed_twice_the_search_proposes_the_same(
    searched: Ran, folder: Path, tmp_path: Path
) -> None:
    proposals = []
    for name in ("first", "second"):
        copied = Path(shutil.copytree(folder, tmp_path / name))
        study = Study(copied, Evolution(SPACE, 1, startup=12))
        proposals.append([study.ask(SPACE).encoding for _ in range(4)])
    assert proposals[0] == proposals[1]
