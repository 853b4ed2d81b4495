"""An exported file computes what the candidate does, needs torch alone, and proves it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from actsearch.search import export as exporting
from actsearch.search.errors import ExportFailed, HomeUnusable, InvalidSetting, NameTaken
from actsearch.search.export import TOLERANCE, export
from actsearch.space import CandidateError, parse

EXPRESSIONS = [
    "relu(x)",
    "min(x, sin(x))",
    "x * sigmoid(beta * x)",
    "x * sigmoid(beta[network]=0.5 * x)",
    "max(x, 0) + a[channel]=0.25 * min(x, 0)",
    "beta * abs(x) + (1 - beta) * (x + beta2[channel]=-0.5)",
    "exp(-beta * (sinh(x) - log(x)) ** 2)",
    "sinh(sinh(x))",  # beyond 1e300 on the range
    "beta",
]

# A user's own program: torch, the file, nothing of ours.
USES_IT = """
import sys, torch
sys.path.insert(0, sys.argv[1])
from activation import Activation
net = torch.nn.Sequential(torch.nn.Linear(4, 5), Activation(*map(int, sys.argv[2:])))
net(torch.randn(3, 4)).sum().backward()
assert not [m for m in sys.modules if m.split(".")[0] in ("actsearch", "optuna", "mlflow", "ray")]
print(sum(p.numel() for p in net[1].parameters()))
"""


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_the_proof_passes(text: str, tmp_path: Path) -> None:
    done = export(parse(text), tmp_path / "new")
    assert done.difference <= TOLERANCE
    assert parse(json.loads(done.description.read_text())["expression"]) == parse(text)
    assert f"f(x) = {parse(text)}" in done.module.read_text()


@pytest.mark.parametrize(
    ("text", "arguments", "parameters"),
    [
        ("x * sigmoid(beta * x)", [], 1),
        ("max(x, 0) + a[channel]=0.25 * min(x, 0)", ["5"], 5),
        ("max(x, 0) + a[channel]=0.25 * min(x, 0)", [], 1),
        ("tanh(x)", [], 0),
    ],
)
def test_the_file_trains_in_a_fresh_process_with_torch_alone(
    text: str, arguments: list[str], parameters: int, tmp_path: Path
) -> None:
    export(parse(text), tmp_path)
    done = subprocess.run(
        [sys.executable, "-P", "-c", USES_IT, str(tmp_path), *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == parameters


def test_learned_values_replace_the_initial_ones(tmp_path: Path) -> None:
    done = export(parse("x * sigmoid(beta[network] * x)"), tmp_path, learned={"beta": (1.75,)})
    assert "torch.tensor(1.75)" in done.module.read_text()
    (parameter,) = json.loads(done.description.read_text())["parameters"]
    assert parameter == {"name": "beta", "initial": 1.75, "granularity": "network"}


@pytest.mark.parametrize("granularity", ["layer", "channel"])
def test_learned_values_of_single_layers_have_no_place_in_one_module(
    granularity: str, tmp_path: Path
) -> None:
    expression = parse(f"x * sigmoid(beta[{granularity}] * x)")
    with pytest.raises(InvalidSetting, match=r"beta took another value in every layer"):
        export(expression, tmp_path / "new", learned={"beta": (1.0, 2.0)})
    assert not (tmp_path / "new").exists()


def test_learned_values_that_nothing_learned_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="needs a training that learned beta"):
        export(parse("x * sigmoid(beta[network] * x)"), tmp_path / "new", learned={})
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_an_export_is_refused_and_left_alone(tmp_path: Path) -> None:
    done = export(parse("tanh(x)"), tmp_path)
    before = done.module.read_text()
    with pytest.raises(NameTaken, match=r"activation\.py exists: choose another --output"):
        export(parse("sin(x)"), tmp_path)
    assert done.module.read_text() == before


def test_a_folder_that_cannot_be_made_says_to_choose_another(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeUnusable, match="choose another with --output"):
        export(parse("tanh(x)"), tmp_path / "file")


@pytest.mark.parametrize("name", ["2fast", "my class", "class", "torch", "", "A;import os"])
def test_a_class_name_that_is_no_name_is_refused_before_anything_is_written(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(CandidateError, match="a class needs a Python name"):
        export(parse("tanh(x)"), tmp_path / "new", class_name=name)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("torch.tanh(", "torch.sin(", "differs from the candidate by"),
        ("torch.tanh(", "torch.no_such_function(", "does not run by itself"),
        ("import torch\n", "import torch, actsearch.space\n", "the file imports"),
    ],
)
@pytest.mark.parametrize("made", [False, True])
def test_a_file_that_fails_its_proof_is_removed(
    right: str,
    wrong: str,
    message: str,
    made: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    genuine = exporting.module_source

    def broken(*args: object, **kwargs: object) -> str:
        source = genuine(*args, **kwargs)  # type: ignore[arg-type]
        assert right in source
        return source.replace(right, wrong, 1)

    monkeypatch.setattr(exporting, "module_source", broken)
    folder = tmp_path / "new"
    if made:
        folder.mkdir()
        (folder / "theirs").touch()
    with pytest.raises(ExportFailed, match=message):
        export(parse("tanh(x)"), folder)
    assert [path.name for path in tmp_path.glob("new/*")] == (["theirs"] if made else [])
    assert folder.exists() == made


def test_verdict_and_numbers_stand_in_the_docstring_and_the_description(tmp_path: Path) -> None:
    notes = 'A tie. """ no way out of the docstring \\" here; ' + "many words " * 30
    done = export(parse("tanh(x)"), tmp_path, facts={"verdict": "tie"}, notes=notes)
    assert "A tie." in done.module.read_text()
    found = json.loads(done.description.read_text())
    assert found["verdict"] == "tie"
    assert found["torch"] == torch.__version__
    assert max(map(len, done.module.read_text().splitlines())) <= 99
