"""A small table that was really made: eight functions under three seeds, every rung."""

from __future__ import annotations

import dataclasses

import pytest

from actsearch.evaluators import ImageClassification, Job, ScoreTable, load_train
from actsearch.evaluators.tables.score_table import Curves
from contracts.tiny import TINY

FUNCTIONS = (
    "max(x, 0)",
    "tanh(x)",
    "sigmoid(x) * x",
    "sigmoid(beta * x) * x",
    "min(x, 0) + x",
    "sin(x) * x",
    "exp(exp(square(x)))",
    "abs(x)",
)
SEEDS = range(3)


@pytest.fixture(scope="session")
def images() -> ImageClassification:
    return ImageClassification({"fashion-mnist": load_train()})


@pytest.fixture(scope="session")
def table(images: ImageClassification) -> ScoreTable:
    rows: dict[str, dict[int, list[int | None]]] = {text: {} for text in FUNCTIONS}
    for seed in SEEDS:
        for report in images.run(Job(FUNCTIONS, dataclasses.replace(TINY, eta=1), seed)):
            for candidate in report.candidates:
                diverged = candidate.state == "infeasible"
                right = None if diverged else round(candidate.val_accuracy * TINY.validation)
                rows[FUNCTIONS[candidate.index]].setdefault(seed, []).append(right)
    curves: dict[str, Curves] = {
        text: {seed: tuple(curve) for seed, curve in by_seed.items()}
        for text, by_seed in rows.items()
    }
    return ScoreTable(
        name="small",
        space="core-1",
        recipe=TINY,
        rows=curves,
        candidates=len(FUNCTIONS),
        fingerprints=2,
        machine="a test",
        versions={"actsearch": "0"},
        command="pytest",
    )
