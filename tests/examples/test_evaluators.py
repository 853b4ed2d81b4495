"""The evaluators of examples/ pass the check that a search begins with."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.mark.parametrize("module", ["resnet", "vit", "digits", "regression", "characters"])
def test_every_baseline_trains_in_it(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    importlib.import_module(module).evaluator().check()
