"""The check of strategies passes those that keep the contract, and names each rule broken."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from actsearch.search import Strategy, StrategyError, check_strategy
from actsearch.search.strategies.exhaustive import Exhaustive
from actsearch.search.strategies.registry import strategy_class
from contracts.broken_strategies import (
    Counts,
    Enqueues,
    GlobalDraws,
    Hashes,
    Leaves,
    Marks,
    NeedsScores,
    OneAtATime,
    Overrides,
    Raises,
    Repeats,
    Stuck,
)

pytestmark = pytest.mark.heavy  # each check starts a process that loads torch


@pytest.mark.parametrize("name", ["evolution", "exhaustive"])
def test_a_strategy_that_keeps_the_contract_passes(name: str) -> None:
    check_strategy(strategy_class(name))


def test_a_function_that_makes_one_passes() -> None:
    check_strategy(lambda space, seed: Exhaustive(space, seed))


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (GlobalDraws, "the same history must give the same proposals"),
        (Counts, "a resumed search must go on as an unbroken one, but trial 25 differs"),
        (Hashes, "another process must propose the same, but did not"),
        (Marks, "propose must only read the study, but changed it"),
        (Enqueues, "propose must not add trials to the study, but did"),
        (Overrides, "an enqueued candidate must be left alone, but"),
        (OneAtATime, "several trials at once: it raised KeyError"),
        (NeedsScores, "results that are not in yet: .*NeedsScores: propose raised ValueError"),
        (Stuck, "it must come to new encodings, but 20 proposals in a row repeat earlier ones"),
        (Repeats, "with may_repeat False no encoding may come again"),
        (Leaves, "a search can be begun: .*Leaves proposed what is not in the space"),
        (Raises, "a search can be begun: .*Raises: propose raised ZeroDivisionError"),
    ],
)
def test_a_broken_rule_is_named(strategy: type[Strategy], message: str) -> None:
    with pytest.raises(StrategyError, match=message) as caught:
        check_strategy(strategy)
    name = f"{strategy.__module__}:{strategy.__name__}"
    assert str(caught.value).startswith(f"strategy {name} breaks ")


def test_what_a_module_prints_is_no_broken_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "talks.py").write_text(
        "from actsearch.search.strategies.exhaustive import Exhaustive\n"
        "print('loading')\n"
        "class Talks(Exhaustive):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    check_strategy(importlib.import_module("talks").Talks)
