"""`actsearch describe` takes expressions and names, draws, and loads neither Ray nor MLflow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from actsearch.search import (
    Best,
)
from actsearch.search.cli.main import main
from actsearch.space import parse


def test_a_name_of_the_catalog_is_described_like_its_formula(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["describe", "CRReLU", "--json", "--at", "epsilon=0"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["expression"] == "max(x, 0) + epsilon=0.01 * x * exp(-x ** 2 / 2)"
    assert data["known_as"]["exact"] == ["ReLU"]


def test_both_pictures_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plot, surface = tmp_path / "f.png", tmp_path / "s.svg"
    assert main(["describe", "x", "--plot", str(plot), "--surface", str(surface)]) == 0
    assert plot.stat().st_size > 0
    assert "<svg" in surface.read_text()
    assert "Identity" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["min(x, sinn(x))"], "did you mean 'sin'"),
        (["Swihs"], "did you mean 'swish'"),
        (["x", "--plot", "f.gif"], ".png or .svg"),
        (["x", "--plot", "/no/such/folder/f.png"], "no folder"),
        (["Swish", "--at", "beat=1"], "did you mean 'beta'"),
        (["Swish", "--at", "beta=1", "--at", "beta=2"], "once, but got beta twice"),
        (["Swish", "--at", "beta=high"], "with a number"),
    ],
)
def test_a_mistake_is_told_in_one_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["describe", *arguments]) == 1
    assert message in capsys.readouterr().err


def test_a_trial_of_a_search_is_described_as_each_layer_learned_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prelu = parse("max(x, 0) + a=0.25 * min(x, 0)")
    best = Best(expression=prelu, trial=3, verdict="tie", facts={}, learned={"a": [0.0, 0.01]})
    monkeypatch.setattr("actsearch.search.exporting.winner.exportable", lambda *_: best)
    assert main(["describe", "mine", "--trial", "3", "--home", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "learned in layer 1: a = 0: the family PReLU; here exactly ReLU" in printed
    assert "learned in layer 2: a = 0.01: the family PReLU; here exactly LeakyReLU" in printed


@pytest.mark.heavy
def test_neither_ray_nor_mlflow_is_loaded(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from actsearch.search.cli.main import main\n"
        f"main(['describe', 'relu(x)', '--plot', {str(tmp_path / 'f.png')!r}])\n"
        "print([name for name in ('ray', 'mlflow', 'optuna') if name in sys.modules])"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.splitlines()[-1] == "[]"
