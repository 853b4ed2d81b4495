"""A proposal that no search can use is an error that names the strategy."""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import FrozenTrial

from actsearch.search import (
    SpaceExhausted,
    Strategy,
    StrategyError,
)
from actsearch.search.strategies.registry import BUILT_IN, strategy_from_name
from contracts.tiny import SMALL


class Says(Strategy):
    """Proposes what it is given, or raises it."""

    answer: Any = None

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> dict[str, str]:
        if isinstance(self.answer, Exception):
            raise self.answer
        encoding: dict[str, str] = self.answer
        return encoding


def ask(answer: Any) -> None:
    strategy = Says(SMALL, 0)
    strategy.answer = answer
    optuna.create_study(sampler=strategy).ask()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (ZeroDivisionError("by zero"), r"propose raised ZeroDivisionError: by zero \(--debug"),
        (None, "must return an encoding, .* but returned a NoneType"),
        ({}, "proposed what is not in the space: .* has no option None at unit.binary"),
        (
            {"unit.binary": "x1 - x2", "unit.left": "x", "unit.right": "x"},
            "proposed what is not in the space: .* has no option 'x1 - x2' at unit.binary",
        ),
    ],
)
def test_a_proposal_that_cannot_be_used_names_the_strategy(answer: Any, message: str) -> None:
    with pytest.raises(StrategyError, match=message) as caught:
        ask(answer)
    assert str(caught.value).startswith(f"strategy {__name__}:Says")


@pytest.mark.parametrize("name", BUILT_IN)
def test_an_exception_of_a_built_in_strategy_surfaces_as_it_is(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    strategy = strategy_from_name(name, SMALL, 0)
    fault = ZeroDivisionError("by zero")

    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(type(strategy), "propose", fail)
    with pytest.raises(ZeroDivisionError) as caught:
        optuna.create_study(sampler=strategy).ask()
    assert caught.value is fault


@pytest.mark.parametrize("error", [SpaceExhausted("all seen"), sqlite3.OperationalError("full")])
def test_an_exhausted_space_and_a_full_disk_are_not_the_strategys_fault(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        ask(error)
    assert caught.value is error
