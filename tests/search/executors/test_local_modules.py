"""An evaluator in the current directory trains on Ray workers that cannot import it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actsearch.evaluators import Evaluator, Job, evaluator_from_name
from actsearch.search.executors.ray_tune import RayTune
from contracts.executors import Events

PARTS = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
"""
MINE = """
import torch
from actsearch.evaluators import ModelEvaluator, Recipe
from mine_parts import Net

X = torch.randn(80, 4, generator=torch.Generator().manual_seed(0))

def share_right(outputs, targets):
    return (outputs.argmax(1) == targets).float().mean()

def evaluator():
    recipe = Recipe(name="mine", rungs=(1, 2), batch_size=16)
    data = X, X[:, :3].argmax(1)
    return ModelEvaluator(Net, data, validation=20, recipe=recipe, metric=share_right)
"""


@pytest.fixture
def mine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ray_session: None
) -> Iterator[Evaluator]:
    """An evaluator of two modules, in a directory that Ray's session knows nothing of."""
    (tmp_path / "mine_parts.py").write_text(PARTS)
    (tmp_path / "mine_to_ship.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    importlib.invalidate_caches()
    yield evaluator_from_name("mine_to_ship:evaluator")
    for name in ("mine_parts", "mine_to_ship"):
        sys.modules.pop(name, None)


@pytest.mark.slow  # 12 s: starts Ray
def test_two_workers_train_it_and_score_as_this_process_does(mine: Evaluator) -> None:
    assert mine.recipe is not None
    texts = ("tanh(x)", "sin(x)", "x * sigmoid(beta * x)", "erf(x)")
    jobs = [Job((text,), mine.recipe, seed=0) for text in texts]
    events = Events(jobs)
    with RayTune(workers=2, gpus_per_worker=0.0, address=None) as executor:
        executor.run(mine, events.next_job, events.on_rung, events.on_done)
    assert events.done == dict.fromkeys(range(len(jobs)))
    for number, job in enumerate(jobs):
        here = [report.candidates for report in mine.run(job)]
        assert [report.candidates for report in events.reports[number]] == here
