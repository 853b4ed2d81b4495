"""The controller of the examples: a strategy by the contract, and one that learns."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from actsearch.search import check_strategy
from actsearch.space import Encoding, Space, space_from_name

SEED = 3
CORE = space_from_name("core-1")


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "examples"))
    return importlib.import_module("controller")


def trial(encoding: Encoding, accuracy: float, **attributes: str) -> FrozenTrial:
    """One that was trained for an epoch."""
    return create_trial(
        state=TrialState.PRUNED,
        params=dict(encoding),
        distributions={path: CategoricalDistribution((o,)) for path, o in encoding.items()},
        intermediate_values={1: accuracy},
        user_attrs=attributes,
    )


def proposal(controller: Any, history: Sequence[FrozenTrial], number: int = 0) -> Encoding:
    study = optuna.create_study()
    study.add_trials(history)
    encoding: Encoding = controller.propose(study, None, np.random.default_rng(number))
    return encoding


def scored(space: Space, count: int, seed: int = SEED) -> list[FrozenTrial]:
    """Random candidates, of which those with a product are good."""
    rng = np.random.default_rng(seed)
    encodings = [space.sample(rng) for _ in range(count)]
    return [trial(e, 0.8 if is_product(space, e) else 0.1) for e in encodings]


def is_product(space: Space, encoding: Encoding) -> bool:
    return "x1 * x2" in encoding.values()


@pytest.mark.long
def test_it_keeps_the_contract_of_strategies(module: Any) -> None:
    check_strategy(module.Controller)


def test_it_comes_to_propose_what_scored_well(module: Any) -> None:
    shares = []
    for history in ([], scored(CORE, 180)):
        controller = module.Controller(CORE, SEED)
        drawn = [proposal(controller, history, number) for number in range(40)]
        shares.append(sum(is_product(CORE, encoding) for encoding in drawn))
    before, after = shares
    assert before <= 8
    assert after >= 16


def test_what_it_has_learned_is_a_function_of_the_results(module: Any) -> None:
    history = scored(CORE, 27)
    gone_on = module.Controller(CORE, SEED)
    for end in (0, 10, 20, 27):
        proposal(gone_on, history[:end])
    assert proposal(gone_on, history) == proposal(module.Controller(CORE, SEED), history)
    others = scored(CORE, 27, seed=4)
    assert proposal(gone_on, others) == proposal(module.Controller(CORE, SEED), others)


def test_what_diverged_earns_nothing(module: Any) -> None:
    (encoding,) = (CORE.seed_candidates()[0],)
    good, bad = trial(encoding, 0.8), trial(encoding, 0.8, infeasible="nan")
    assert [r.reward for r in module.results_of([good, bad])] == [0.8, 0.0]
