"""Every candidate of a space, once, in the space's own order."""

from __future__ import annotations

import optuna
import pytest
from optuna.trial import TrialState

from actsearch.search import (
    SpaceExhausted,
)
from actsearch.search.strategies.exhaustive import Exhaustive
from contracts.tiny import SMALL


def proposals(study: optuna.Study, count: int) -> list[dict[str, str]]:
    """The next `count` proposals, each marked as drawn to the end."""
    encodings = []
    for _ in range(count):
        trial = study.ask()
        SMALL.build(trial.suggest_categorical)
        trial.set_user_attr("expression", "drawn")
        study.tell(trial, state=TrialState.PRUNED)
        encodings.append(dict(trial.params))
    return encodings


def test_a_small_space_is_covered_exactly_once_in_order() -> None:
    study = optuna.create_study(sampler=Exhaustive(SMALL, 0))
    assert proposals(study, SMALL.size) == list(SMALL.encodings())


def test_after_the_last_candidate_it_says_that_there_is_none() -> None:
    study = optuna.create_study(sampler=Exhaustive(SMALL, 0))
    proposals(study, SMALL.size)
    with pytest.raises(SpaceExhausted, match="18 encodings"):
        study.ask()


def test_a_resumed_search_begins_where_the_last_one_ended() -> None:
    study = optuna.create_study(sampler=Exhaustive(SMALL, 0))
    proposals(study, 7)
    study.sampler = Exhaustive(SMALL, 0)
    assert proposals(study, 11) == list(SMALL.encodings())[7:]


def test_a_trial_that_was_killed_while_it_was_drawn_comes_again() -> None:
    study = optuna.create_study(sampler=Exhaustive(SMALL, 0))
    proposals(study, 2)
    SMALL.build(study.ask().suggest_categorical)  # without the mark of a whole draw
    study.sampler = Exhaustive(SMALL, 0)
    assert proposals(study, 16) == list(SMALL.encodings())[2:]
