"""An exported file computes what the candidate does, needs torch alone, and proves it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch

from actsearch.search import (
    ExportFailed,
    HomeUnusable,
    InvalidSetting,
    NameTaken,
    export,
)
from actsearch.search.exporting import torch_file, writing
from actsearch.search.exporting.proof import TOLERANCE, Proof
from actsearch.space import CandidateError, family, module_source, parse

pytestmark = pytest.mark.heavy  # each proof starts a process that loads torch

EXPRESSIONS = [
    "min(x, sin(x))",
    "x * sigmoid(beta[network]=0.5 * x)",
    "max(x, 0) + a[channel]=0.25 * min(x, 0)",
    "beta * abs(x) + (1 - beta) * (x + beta2[channel]=-0.5)",
    "exp(exp(exp(x)))",  # infinite on part of the range
    "beta",  # without a slope
]

# Without the kernel that hides what a file of --memory computes.
MEMORY = [
    "max(beta * x, x) * sin(x)",
    "cosh(x) * sinc(x) + hard_sigmoid(x)",
    "x * sigmoid(beta[channel]=0.5 * x) + a * tanh(x)",
    *(str(family(name)) for name in ("sgt", "crrelu", "telu")),
]

# Wrong gradients of a parameter alone, for a file of --memory.
GIVES = "return tuple(next(gradients) if t.requires_grad else None for t in inputs)"
SECOND_HAS_ALL = "return gradient, torch.zeros_like(inputs[1])"
NOTHING = "return next(gradients), torch.zeros_like(inputs[1])"

# A user's own program: torch, the files, nothing of ours.
USES_THEM = """
import importlib.util, sys, torch
for path, *channels in (argument.split("|") for argument in sys.argv[1:]):
    spec = importlib.util.spec_from_file_location("activation", path + "/activation.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    net = torch.nn.Sequential(torch.nn.Linear(4, 5), module.Activation(*map(int, channels)))
    net(torch.randn(3, 4)).sum().backward()
    print(sum(p.numel() for p in net[1].parameters()))
assert not [m for m in sys.modules if m.split(".")[0] in ("actsearch", "optuna", "mlflow", "ray")]
"""


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_the_proof_passes(text: str, tmp_path: Path) -> None:
    done = export(parse(text), tmp_path / "new")
    assert done.difference <= TOLERANCE
    assert sorted(p.name for p in done.module.parent.iterdir()) == [
        "activation.json", "activation.py",
    ]  # fmt: skip
    assert parse(json.loads(done.description.read_text())["expression"]) == parse(text)
    assert f"f(x) = {parse(text)}" in done.module.read_text()


@pytest.mark.parametrize("text", MEMORY)
def test_a_file_that_keeps_one_tensor_passes_its_proof_to_the_last_bit(
    text: str, tmp_path: Path
) -> None:
    done = export(parse(text), tmp_path / "new", memory=True)
    assert "_OneTensor" in done.module.read_text()
    assert done.difference == 0


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        ("max(beta * x, x)", "learning, gradient.to(", "learning, 0.5 * gradient.to("),
        ("max(beta * x, x)", GIVES, SECOND_HAS_ALL),
        # 0 at beta = 1, and elsewhere not
        ("x + (beta - 1) * (beta - 1) * sin(x)", GIVES, NOTHING),
    ],
)
def test_a_gradient_of_a_parameter_that_is_wrong_fails_the_proof(
    text: str, right: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt(monkeypatch, right, wrong)
    with pytest.raises(ExportFailed, match="differs from the candidate by"):
        export(parse(text), tmp_path / "new", memory=True)


@pytest.mark.new_process
def test_the_files_train_in_a_fresh_process_with_torch_alone(tmp_path: Path) -> None:
    layer, channel = tmp_path / "layer", tmp_path / "channel"
    export(parse("x * sigmoid(beta * x)"), layer)
    export(parse("max(x, 0) + a[channel]=0.25 * min(x, 0)"), channel)
    done = subprocess.run(
        [sys.executable, "-P", "-c", USES_THEM, str(layer), f"{channel}|5", str(channel)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "5", "1"], "parameters: num_parameters as in nn.PReLU"


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


def test_a_folder_named_relative_to_the_working_directory_is_proved_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert export(parse("tanh(x)"), Path("best")).module == Path("best/activation.py")


def test_a_folder_that_cannot_be_made_says_to_choose_another(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeUnusable, match="choose another with --output"):
        export(parse("tanh(x)"), tmp_path / "file")


@pytest.mark.parametrize("name", ["activation.py", "activation.json"])
def test_either_file_of_somebody_else_is_refused_and_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("theirs")
    with pytest.raises(NameTaken, match=rf"{name} exists: choose another --output"):
        export(parse("sin(x)"), tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "theirs")]


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "activation.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NameTaken, match=r"activation\.json exists"):
        export(parse("sin(x)"), tmp_path)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_stops_the_writing_leaves_nothing_of_ours_and_all_of_theirs(
    stop: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(BytesIO):
        def write(self, content: Any) -> int:
            raise stop

    new = writing.new_file
    monkeypatch.setattr(torch_file, "_prove", lambda *_: Proof(0.0, ""))
    monkeypatch.setattr(writing, "new_file", lambda path: new(path).close() or Full())
    (tmp_path / "theirs").touch()
    with pytest.raises((KeyboardInterrupt, HomeUnusable)):
        export(parse("sin(x)"), tmp_path / "deep" / "new")
    with pytest.raises((KeyboardInterrupt, HomeUnusable)):
        export(parse("sin(x)"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


@pytest.mark.parametrize(
    "name",
    [
        "2fast", "my class", "class", "torch", "", "A;import os", "super", "None", "float", "F",
        "nn", "Tensor", "math", "match", "__init__", "_x",
        "\N{FULLWIDTH LATIN CAPITAL LETTER A}ct",
        "\N{CYRILLIC CAPITAL LETTER A}ctivation", "per_channel", "A\n", "print",
    ],
)  # fmt: skip
def test_a_class_name_that_is_no_name_is_refused_before_anything_is_written(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(CandidateError, match="a class needs a Python name"):
        export(parse("tanh(x)"), tmp_path / "new", class_name=name)
    assert not (tmp_path / "new").exists()


def spoilt(monkeypatch: pytest.MonkeyPatch, right: str, wrong: str) -> None:
    """Have the source come out wrong."""

    def broken(*args: Any, **kwargs: Any) -> str:
        source = module_source(*args, **kwargs)
        assert right in source
        return source.replace(right, wrong, 1)

    monkeypatch.setattr("actsearch.search.exporting.torch_file.module_source", broken)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("torch.tanh(", "torch.sin(", "differs from the candidate by"),
        ("torch.tanh(", "torch.no_such_function(", "does not run by itself"),
        ("import torch\n", "import torch, actsearch.space\n", "the file imports"),
    ],
)
def test_a_file_that_fails_its_proof_is_removed(
    right: str, wrong: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt(monkeypatch, right, wrong)
    with pytest.raises(ExportFailed, match=message):
        export(parse("tanh(x)"), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_what_else_lies_in_the_folder_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt(monkeypatch, "torch.tanh(", "torch.sin(")
    (tmp_path / "theirs").touch()
    with pytest.raises(ExportFailed):
        export(parse("tanh(x)"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


def test_verdict_and_numbers_stand_in_the_docstring_and_the_description(tmp_path: Path) -> None:
    notes = 'A tie. """ no way out of the docstring \\" here; ' + "many words " * 30
    done = export(parse("tanh(x)"), tmp_path, facts={"verdict": "tie"}, notes=notes)
    assert "A tie." in done.module.read_text()
    description = json.loads(done.description.read_text())
    assert description["verdict"] == "tie"
    assert description["torch"] == torch.__version__
    assert max(map(len, done.module.read_text().splitlines())) <= 99
