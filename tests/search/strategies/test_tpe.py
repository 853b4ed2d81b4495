"""TPE learns from every rung that was reached."""

from __future__ import annotations

import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from actsearch.search.strategies.tpe import Tpe
from actsearch.space import CoreUnits, Operators

SPACE = CoreUnits(
    operators=Operators(("x", "sin(x)", "tanh(x)", "abs(x)"), ("x1 * x2", "max(x1, x2)"))
)
UNARY, BINARY = SPACE.operators.unary, SPACE.operators.binary
OPTIONS = {"unit.binary": BINARY, "unit.left": UNARY, "unit.right": UNARY}


def study_of_pruned(good: str) -> optuna.Study:
    """All candidates pruned at the first rung, those with one binary far better than the rest."""
    study = optuna.create_study(direction="maximize", sampler=Tpe(SPACE, 0))
    for encoding in SPACE.encodings():
        study.add_trial(pruned(encoding, {1: 0.8 if encoding["unit.binary"] == good else 0.2}))
    return study


def pruned(encoding: dict[str, str], rungs: dict[int, float]) -> FrozenTrial:
    return create_trial(
        state=TrialState.PRUNED,
        params=encoding,
        distributions={path: CategoricalDistribution(v) for path, v in OPTIONS.items()},
        intermediate_values=rungs,
    )


def share_of(binary: str, study: optuna.Study) -> float:
    """The share of 30 proposals with this binary operator."""
    matches = []
    for _ in range(30):
        trial = study.ask()
        SPACE.build(trial.suggest_categorical)
        study.tell(trial, state=TrialState.FAIL)
        matches.append(trial.params["unit.binary"] == binary)
    return matches.count(True) / len(matches)


@pytest.mark.parametrize("good", BINARY)
def test_the_rungs_of_pruned_trials_are_learned_from(good: str) -> None:
    # Drawn evenly, 28 or more of 30 have a chance below 1e-6.
    assert share_of(good, study_of_pruned(good)) >= 28 / 30


@pytest.mark.parametrize("good", BINARY)
def test_a_higher_rung_counts_more_than_a_higher_score_at_a_lower_one(good: str) -> None:
    study = study_of_pruned(good)
    for encoding in SPACE.encodings():
        if encoding["unit.binary"] != good:
            study.add_trial(pruned(encoding, {1: 0.1, 3: 0.1}))
    assert share_of(good, study) <= 2 / 30
