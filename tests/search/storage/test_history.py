"""A strategy sees a search as Optuna itself would have told it, before a resume and after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from actsearch.evaluators import CandidateReport
from actsearch.evaluators.protocol.evaluator import State
from actsearch.search.strategies.random import Random
from actsearch.space import CoreUnits, Encoding
from contracts.tiny import study_in

SPACE = CoreUnits()
CURVES: tuple[tuple[State, dict[int, float]], ...] = (
    ("complete", {1: 0.5, 3: 0.75}),
    ("pruned", {1: 0.25}),
    ("infeasible", {1: 0.375, 3: 0.0}),
)


class Watching(Random):
    """Keeps what it saw at its latest proposal, and which trials it was told the end of."""

    def __init__(self) -> None:
        super().__init__(SPACE, 0)
        self.seen: list[FrozenTrial] = []
        self.ended: list[tuple[int, TrialState, Any]] = []

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        self.seen = study.get_trials(deepcopy=True)[: trial.number]
        return super().propose(study, trial, rng)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Any
    ) -> None:
        self.ended.append((trial.number, state, values))
        super().after_trial(study, trial, state, values)


def reports(state: State, curve: dict[int, float]) -> dict[int, CandidateReport]:
    last = max(curve)
    return {
        epoch: CandidateReport(
            index=0,
            state=state if epoch == last else "live",
            val_accuracy=accuracy,
            val_loss=0.5,
            train_losses=(0.9,) * epoch,
            learned={},
            reason="it diverged" if (state, epoch) == ("infeasible", last) else None,
        )
        for epoch, accuracy in curve.items()
    }


def searched(folder: Path) -> Watching:
    """The strategy of a search of three candidates that ended, and one draw that was rejected."""
    strategy = Watching()
    study = study_in(folder, strategy)
    trials = [study.accept(study.ask(SPACE)) for _ in CURVES]
    study.reject(study.ask(SPACE), reason="affine")
    for trial, (state, curve) in zip(trials, CURVES, strict=True):
        for epoch, accuracy in curve.items():
            if state != "infeasible" or epoch != max(curve):
                study.rung(trial.number, epoch, accuracy)
        study.end(trial.number, reports(state, curve), 1.0)
    study.ask(SPACE)
    return strategy


def told_by_optuna() -> Watching:
    """The same through `Study.ask` and `Study.tell` alone."""
    strategy = Watching()
    study = optuna.create_study(direction="maximize", sampler=strategy)
    trials = [study.ask() for _ in range(4)]
    for trial in trials:
        SPACE.build(trial.suggest_categorical)
    study.tell(trials[3], state=TrialState.PRUNED)
    for trial, (state, curve) in zip(trials[:3], CURVES, strict=True):
        for epoch, accuracy in curve.items():
            if state != "infeasible" or epoch != max(curve):
                trial.report(accuracy, epoch)
        if state == "complete":
            study.tell(trial, curve[max(curve)])
        else:
            study.tell(trial, state=TrialState.PRUNED)
    study.ask()
    return strategy


def outlines(trials: list[FrozenTrial]) -> list[tuple[Any, ...]]:
    return [
        (t.number, t.state, t.values, t.params, t.distributions, t.intermediate_values)
        for t in trials
    ]


def test_a_strategy_sees_and_hears_what_optuna_would_have_told(tmp_path: Path) -> None:
    ours, theirs = searched(tmp_path), told_by_optuna()
    assert outlines(ours.seen) == outlines(theirs.seen)
    assert ours.ended == theirs.ended


def test_a_resumed_search_shows_its_strategy_the_same(tmp_path: Path) -> None:
    before = searched(tmp_path)
    again = Watching()
    study = study_in(tmp_path, again)
    study.ask(SPACE)
    assert outlines(again.seen) == outlines(before.seen)
    assert [t.user_attrs for t in again.seen] == [t.user_attrs for t in before.seen]
    assert sorted(again.ended) == sorted(e for e in before.ended if e[0] != 3)  # told in the file
    again.seen[0].params.clear()
    again.seen[0].user_attrs.clear()
    study.ask(SPACE)
    assert outlines(again.seen)[:4] == outlines(before.seen), "what it was given is its own"
