"""The best of a search, before it is confirmed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from actsearch.search import Home, Trial
from actsearch.search.exporting.winner import best_of, export_best, exportable
from actsearch.search.storage.expression_argument import expression_of
from actsearch.search.storage.trial import MeasuredCost
from contracts.tiny import CONFIG

SINE = Trial(
    number=0, expression="sin(x)", state="complete", val_accuracy=0.5, val_accuracies={4: 0.5}
)
COSINE = replace(SINE, number=1, expression="cos(x)", val_accuracy=0.6, val_accuracies={4: 0.6})


def test_without_a_confirmation_the_best_is_the_top_of_the_leaderboard_unconfirmed() -> None:
    best = best_of(CONFIG, [SINE, COSINE], None)
    assert best is not None
    assert (str(best.expression), best.trial, best.verdict) == ("cos(x)", 1, "unconfirmed")


def test_without_a_score_there_is_no_best() -> None:
    assert best_of(CONFIG, [replace(SINE, val_accuracy=None, val_accuracies={})], None) is None


@pytest.mark.heavy
def test_what_was_measured_of_the_cost_goes_into_the_exported_files(tmp_path: Path) -> None:
    cost = MeasuredCost(time=2.31, low=2.25, high=2.4, device="cpu, a processor")
    exported = export_best(best_of(CONFIG, [replace(SINE, cost=cost)], None), tmp_path)
    assert exported is not None
    facts = json.loads((tmp_path / "best" / "activation.json").read_text())
    assert facts["cost"] == {"time": 2.31, "low": 2.25, "high": 2.4, "device": "cpu, a processor"}
    source = " ".join(exported.module.read_text().split())
    assert "2.31 times ReLU's time (quartiles 2.25 and 2.40, on cpu, a processor)" in source
    unmeasured = best_of(CONFIG, [SINE], None)
    assert unmeasured is not None
    assert "cost" not in unmeasured.facts


@pytest.mark.parametrize("name", ["GELU", "gelu", "Swish", "rational", "leaky-relu", "x * sin(x)"])
def test_every_name_that_describe_takes_can_be_exported(name: str, tmp_path: Path) -> None:
    expression = expression_of(name)
    assert exportable(Home.at(tmp_path), name, None).expression == expression
