"""`actsearch diagnose` on real images: text, JSON, files, a run in MLflow; the test set closed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from actsearch.evaluators.diagnosis.result import PARTS
from actsearch.mlflow.client import local_uri
from actsearch.mlflow.diagnoses import EXPERIMENT
from actsearch.search.cli.main import main

RECIPE = """
base = "quick"
widths = [16, 12]
rungs = [1, 2]
batch_size = 32
warmup = 2
"""
Run = Callable[..., int]


@pytest.fixture(scope="module")
def home(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(empty_home, tmp_path_factory.mktemp("diagnosed") / "home"))


@pytest.fixture
def diagnose(home: Path, tmp_path: Path) -> Run:
    """Runs the verb on 300 images under a small recipe, with what is given changed."""
    (tmp_path / "small.toml").write_text(RECIPE)

    def run(*arguments: str, recipe: str = str(tmp_path / "small.toml")) -> int:
        common = ["--limit-data", "300", "--images", "32", "--home", str(home)]
        return main(["diagnose", *arguments, "--recipe", recipe, *common])

    return run


def runs(home: Path) -> list[Any]:
    client = MlflowClient(local_uri(home))
    experiment = client.get_experiment_by_name(EXPERIMENT)
    return [] if experiment is None else list(client.search_runs([experiment.experiment_id]))


@pytest.mark.long
def test_two_functions_are_printed_drawn_and_shown_in_mlflow(
    diagnose: Run, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    assert diagnose("ReLU", "--compare", "x * sigmoid(beta * x)", "-o", str(folder), "--json") == 0
    shown = capsys.readouterr()
    documents = json.loads(shown.out)
    assert [document["expression"] for document in documents] == [
        "relu(x)",
        "x * sigmoid(beta * x)",
    ]
    assert documents == json.loads((folder / "diagnosis.json").read_text())
    assert "epoch 2 of 2: validation" in shown.err
    assert {path.name for path in folder.iterdir()} == {
        "diagnosis.json", "diagnosis.txt", "distributions-1.png", "distributions-2.png",
        "dead-units.png", "gradients.png", "weights.png", "curvature.png", "surface.png",
    }  # fmt: skip
    client = MlflowClient(local_uri(home))
    by_name = {run.info.run_name: run for run in runs(home)}
    swish, document = by_name["x * sigmoid(beta * x)"], documents[1]
    last = document["epochs"][-1]
    assert swish.info.status == "FINISHED"
    assert swish.data.metrics["val_accuracy"] == pytest.approx(last["accuracy"])
    assert swish.data.metrics["weight_change/layer_1"] == pytest.approx(
        last["change"][0], rel=1e-6
    )
    norms = client.get_metric_history(swish.info.run_id, "gradient_norm/total")
    expected = [epoch["gradients"]["total"] for epoch in document["epochs"]]
    assert [p.value for p in sorted(norms, key=lambda p: p.step)] == pytest.approx(expected)
    assert swish.data.params["recipe"] == document["recipe"]
    files = {file.path for file in client.list_artifacts(swish.info.run_id)}
    assert files >= {"diagnosis.json", "distributions.png", "dead-units.png", "curve.png"}


def test_the_text_has_a_line_for_every_layer_and_the_comparison(
    diagnose: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ("--only", "dead", "gradients", "change")
    assert diagnose("relu(x)", "--compare", "x", "-o", str(tmp_path / "out"), *only) == 0
    text = capsys.readouterr().out
    assert text == (tmp_path / "out" / "diagnosis.txt").read_text()
    assert "hidden layer" not in text, "signals were not asked for"
    assert "Hessian" not in text
    lines = text.splitlines()
    assert sum(line.startswith("2 (3)") for line in lines) == 2
    assert sum(line.startswith("head (4)") for line in lines) == 2
    assert any(line.startswith("dead units at the end") and "of 28" in line for line in lines)


def test_no_activation_is_no_dead_unit(
    diagnose: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diagnose("x", "-o", str(tmp_path / "out"), "--only", "dead", "--json") == 0
    (document,) = json.loads(capsys.readouterr().out)
    for look in ("before", "after"):
        assert [layer["dead"] for layer in document[look]["dead"]] == [0, 0]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"diagnosis.json", "diagnosis.txt", "dead-units.png"}


def test_figures_of_an_earlier_diagnosis_do_not_stay_beside_a_new_one(
    diagnose: Run, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.png").touch()
    for part, figure in (("dead", "dead-units.png"), ("gradients", "gradients.png")):
        assert diagnose("x", "-o", str(out), "--only", part) == 0
        assert {path.name for path in out.glob("*.png")} == {figure, "mine.png"}


def test_a_conv_net_is_diagnosed_and_kept_in_the_home(
    diagnose: Run, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diagnose("mish(x)", "--only", "dead", "surface", recipe="conv") == 0
    assert "conv" in capsys.readouterr().out
    (folder,) = (home / "diagnoses").glob("mish-x-*-conv-*-0")
    assert (folder / "surface.png").stat().st_size > 0


def test_a_training_that_diverges_is_told_and_shown(
    diagnose: Run, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wild = tmp_path / "wild.toml"
    wild.write_text(RECIPE.replace("warmup = 2", "warmup = 0\nlearning_rate = 1e30"))
    only = ("--only", "signals", "change")
    assert diagnose("exp(x)", "-o", str(tmp_path / "out"), *only, recipe=str(wild)) == 0
    assert "the training diverged: training loss is" in capsys.readouterr().out
    (run,) = (run for run in runs(home) if run.data.params["expression"] == "exp(x)")
    assert run.data.tags["state"] == "infeasible"
    assert "loss is" in run.data.tags["reason"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["relu(x)", "--only", "hesian"], "did you mean 'hessian'"),
        (["relu(x)", "--skip", "deed"], "did you mean 'dead'"),
        (["Rellu"], "did you mean"),
        (["relu(x)", "--compare", "sinn(x)"], "did you mean 'sin'"),
        (["relu(x)", "--seed", "-1"], "at least 0"),
        (["relu(x)", "-o", "/dev/null/here"], "choose another with -o"),
    ],
)
def test_a_mistake_is_told_in_one_message(
    arguments: list[str], message: str, diagnose: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    skipped = [] if "--skip" in arguments or "--only" in arguments else ["--only", "change"]
    assert diagnose(*arguments, *skipped) == 1
    assert message in capsys.readouterr().err


def test_a_recipe_that_scores_on_the_test_set_is_refused(
    diagnose: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diagnose("relu(x)", recipe="dldna") == 1
    assert "dldna-validation" in capsys.readouterr().err


def test_without_mlflow_the_files_are_there_and_a_warning(
    diagnose: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # nobody answers
    assert diagnose("tanh(x)", "-o", str(tmp_path / "out"), "--only", "dead") == 0
    assert "MLflow does not show the diagnosis" in caplog.text
    assert (tmp_path / "out" / "dead-units.png").is_file()
    assert "always 0" in capsys.readouterr().out


def test_help_names_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["diagnose", "--help"])
    text = capsys.readouterr().out
    assert not [part for part in PARTS if part not in text]


def test_without_a_part_to_measure_nothing_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--only", "dead", "--skip", "dead", "--home", str(tmp_path)]
    assert main(["diagnose", "sin(x)", *words]) == 1
    assert "--skip dead leaves nothing to measure of dead: skip fewer" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
