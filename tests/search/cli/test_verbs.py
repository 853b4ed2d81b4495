"""The verbs on a finished search: their output, and their effect when they are run twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from actsearch.mlflow.client import local_uri
from actsearch.search import Home
from actsearch.search.executors import ray_tune
from actsearch.search.storage.folder_lock import lock
from actsearch.search.storage.home import DRIVER_LOCK
from actsearch.search.storage.trial_reader import read_trials
from actsearch.space import parse

Verb = Callable[..., Any]
ORDER = ["complete", "pruned", "infeasible", "running", "failed"]


def test_the_leaderboard_is_a_list_of_objects_complete_ones_first_then_by_rung(
    actsearch: Verb, finished: Home
) -> None:
    result = actsearch("leaderboard", "mine", "--json", "--home", finished.root)
    assert (result.status, result.err) == (0, "")
    rows = json.loads(result.out)
    assert isinstance(rows, list)
    assert len(rows) == 8
    for row in rows:
        assert {"expression", "state", "score", "rungs", "trial"} <= set(row)
        assert str(parse(row["expression"])) == row["expression"]
        assert all(isinstance(score, float) for score in row["rungs"].values())
        if row["state"] != "infeasible":
            assert row["score"] == row["rungs"][max(row["rungs"], key=int)]
    keys = [
        (ORDER.index(row["state"]), -max(map(int, row["rungs"]), default=0), -(row["score"] or 0))
        for row in rows
    ]
    assert keys == sorted(keys)
    assert len({row["trial"] for row in rows}) == 8


def test_the_leaderboard_as_text_is_the_same_with_the_noise_of_one_run(
    actsearch: Verb, finished: Home
) -> None:
    result = actsearch("leaderboard", "mine", "--rows", "3", "--home", finished.root)
    best = json.loads(actsearch("leaderboard", "mine", "--json", "--home", finished.root).out)[0]
    lines = result.out.splitlines()
    assert best["expression"] in lines[1]
    assert f"{100 * best['score']:.2f}%" in lines[1]
    assert "5 more" in lines[4]
    assert "standard error" in lines[5]


def test_without_a_name_the_searches_of_the_home_are_listed(
    actsearch: Verb, finished: Home
) -> None:
    (row,) = json.loads(actsearch("leaderboard", "--json", "--home", finished.root).out)
    assert (row["name"], row["entered"], row["candidates"]) == ("mine", 8, 8)
    assert "mine" in actsearch("leaderboard", "--home", finished.root).out


def test_an_empty_home_says_how_to_begin(actsearch: Verb, tmp_path: Path) -> None:
    result = actsearch("leaderboard", "--home", tmp_path / "none")
    assert result.status == 0
    assert "actsearch search --name mine" in result.out
    assert json.loads(actsearch("leaderboard", "--json", "--home", tmp_path / "none").out) == []
    assert not (tmp_path / "none").exists()


def test_a_name_that_is_taken_is_refused_and_the_search_left_alone(
    actsearch: Verb, finished: Home
) -> None:
    before = read_trials(finished.searches / "mine")
    result = actsearch("search", "--name", "mine", "--home", finished.root)
    assert result.status == 1
    assert "search 'mine' exists" in result.err
    assert "--resume" in result.err
    assert read_trials(finished.searches / "mine") == before


@pytest.mark.parametrize(
    ("option", "value", "old"),
    [
        ("--space", "core-2", "core-1[network]"),
        ("--strategy", "tpe", "random"),
        ("--seed", "3", "2"),
        ("--recipe", "quick", "tiny-"),
        ("--limit-data", "700", "tiny-"),
    ],
)
def test_a_search_is_not_resumed_as_another_one(
    actsearch: Verb, finished: Home, option: str, value: str, old: str
) -> None:
    result = actsearch(
        "search", "--name", "mine", "--resume", option, value, "--home", finished.root
    )
    assert result.status == 1
    assert f"search 'mine' was begun with {option.strip('-').replace('limit-data', 'recipe')}" in (
        result.err
    )
    assert old in result.err
    assert "leave it out to go on" in result.err


def test_resuming_a_finished_search_shows_it_again_and_waits_for_no_workers(
    actsearch: Verb, searched: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_tune.RayTune, "__enter__", None)  # not to be called
    before = read_trials(searched.searches / "mine")
    ledger = (searched.searches / "mine" / "confirmation.jsonl").read_bytes()
    resume = ("search", "--name", "mine", "--resume", "--workers", "2", "--json")
    result = actsearch(*resume, "--home", searched.root)
    assert result.status == 0
    assert (
        "the search is finished: 8 candidates trained, 8 asked for; a larger "
        "--candidates makes it go on"
    ) in result.err
    assert json.loads(result.out)["confirmation"]["test_set_openings"] == 1
    assert read_trials(searched.searches / "mine") == before
    assert (searched.searches / "mine" / "confirmation.jsonl").read_bytes() == ledger


def test_a_time_limit_says_that_it_ended_the_search_and_how_to_go_on(
    actsearch: Verb, searched: Home
) -> None:
    before = read_trials(searched.searches / "mine")
    result = actsearch(
        *("search", "--name", "mine", "--resume", "--home", searched.root),
        *("--candidates", "20", "--time-limit", "0.000000001s"),
    )
    assert result.status == 0
    assert (
        "the time limit of 1e-09 s has ended the search: 8 of 20 candidates trained"
    ) in result.err
    assert (
        f"the time limit ended the search; go on, for as long again, with: actsearch search "
        f"--resume --name mine --home {searched.root}"
    ) in result.err
    assert "is finished" not in result.err
    assert read_trials(searched.searches / "mine") == before


def test_confirming_again_shows_the_record_and_opens_nothing(
    actsearch: Verb, searched: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened() -> None:
        raise AssertionError("the test set was opened")

    monkeypatch.setattr("actsearch.search.confirmation.opening.load_test", opened)
    before = (searched.searches / "mine" / "confirmation.jsonl").read_bytes()
    confirmation = json.loads(actsearch("confirm", "mine", "--json", "--home", searched.root).out)
    assert confirmation["test_set_openings"] == 1
    result = actsearch("confirm", "mine", "--home", searched.root)
    assert "Test set opened 1 time in this home" in result.out
    assert (searched.searches / "mine" / "confirmation.jsonl").read_bytes() == before


def test_more_seeds_reuse_what_is_recorded_and_count_a_second_opening(
    actsearch: Verb, searched: Home
) -> None:
    ledger = searched.searches / "mine" / "confirmation.jsonl"
    before = ledger.read_bytes()
    result = actsearch("confirm", "mine", "--seeds", "3", "--json", "--home", searched.root)
    confirmation = json.loads(result.out)
    assert confirmation["test_set_openings"] == 2
    rows = {(row["name"], row["network"]): row for row in confirmation["rows"]}
    assert {row["n"] + row["diverged"] for (_, net), row in rows.items() if net == "mlp"} == {3}
    assert ledger.read_bytes().startswith(before)
    new = ledger.read_bytes()[len(before) :].count(b'"kind": "training"')
    assert new == len({name for name, _ in rows}), "one seed more, on the first network"


def test_the_confirmation_has_both_networks_and_leaves_the_baselines_out_of_the_finalists(
    actsearch: Verb, finished: Home, searched: Home
) -> None:
    confirmation = json.loads(actsearch("confirm", "mine", "--json", "--home", searched.root).out)
    for network in ("mlp", "conv"):
        rows = [row for row in confirmation["rows"] if row["network"] == network]
        roles = [row["role"] for row in rows]
        assert roles == ["finalist"] * 2 + ["baseline"] * 6
        assert {row["name"] for row in rows[2:]} == {
            "ReLU", "SiLU", "GELU", "Mish", "Tanh", "PReLU",
        }  # fmt: skip
        assert {row["verdict"] for row in rows[:2]} <= {"winner", "tie", "worse"}


@pytest.mark.parametrize("verb", ["confirm", "export"])
def test_a_mistyped_search_is_not_taken_for_an_expression(
    actsearch: Verb, finished: Home, tmp_path: Path, verb: str
) -> None:
    output = ("-o", tmp_path / "new") if verb == "export" else ()
    result = actsearch(verb, "mien", *output, "--home", finished.root)
    assert result.status == 1
    assert "'mien' is no search in" in result.err
    assert "did you mean 'mine'?" in result.err
    assert not (tmp_path / "new").exists()


def test_options_that_would_not_be_heard_are_refused(actsearch: Verb, finished: Home) -> None:
    result = actsearch("confirm", "mine", "--limit-data", "500", "--home", finished.root)
    assert "--limit-data is for expressions" in result.err
    result = actsearch("confirm", "mine", "relu(x)", "--home", finished.root)
    assert "'mine' is a search: give one search alone" in result.err


def test_expressions_are_confirmed_with_the_record_in_the_home(
    actsearch: Verb, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("confirm", "sin(x)", "--seeds", "2", "--limit-data", "300", "--json")
    first = actsearch(*arguments, "--home", home.root)
    assert first.status == 0, first.err
    monkeypatch.delattr("actsearch.search.confirmation.opening.load_test")
    again = actsearch(*arguments, "--home", home.root)
    assert json.loads(again.out) == json.loads(first.out)
    assert json.loads(again.out)["test_set_openings"] == 1


def test_a_score_looks_at_validation_only(
    actsearch: Verb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("actsearch.search.confirmation.opening.load_test")
    monkeypatch.delattr("actsearch.evaluators.data.images.load_test")
    arguments = ("score", "max(x, 0)", "tanh(x)", "exp(exp(exp(x)))", "--seeds", "2")
    result = actsearch(*arguments, "--limit-data", "300", "--json", "--home", tmp_path)
    rows = json.loads(result.out)
    assert {row["expression"] for row in rows} == {"max(x, 0)", "tanh(x)", "exp(exp(exp(x)))"}
    for row in rows[:2]:
        assert len(row["val"]) == row["n"] == 2
        assert row["mean"] == pytest.approx(sum(row["val"]) / 2)
    assert rows[2]["n"] == 0
    assert "nan" in rows[2]["diverged"][0]
    text = actsearch("score", "tanh(x)", "--seeds", "1", "--limit-data", "300").out
    assert "the test set stayed closed" in text
    assert not list(tmp_path.iterdir()), "a score needs no home"


def test_the_best_is_exported_with_its_verdict_and_not_over_another(
    actsearch: Verb, finished: Home, tmp_path: Path
) -> None:
    target = tmp_path / "mine"
    result = actsearch("export", "mine", "-o", target, "--json", "--home", finished.root)
    assert result.status == 0, result.err
    assert json.loads(result.out)["largest_relative_difference"] <= 1e-10
    description = json.loads((target / "activation.json").read_text())
    assert description["verdict"] in ("winner", "tie", "worse")
    assert set(description["numbers"]) == {"mlp", "conv"}
    source = " ".join((target / "activation.py").read_text().split())  # its lines are wrapped
    assert "Test set opened 1 time" in source
    again = actsearch("export", "mine", "-o", target, "--home", finished.root)
    assert again.status == 1
    assert "choose another --output, or remove it" in again.err


def test_a_trial_is_exported_where_training_took_it(
    actsearch: Verb, finished: Home, tmp_path: Path
) -> None:
    rows = json.loads(actsearch("leaderboard", "mine", "--json", "--home", finished.root).out)
    row = next(row for row in rows if row["learned"])
    arguments = ("export", "mine", "--trial", row["trial"], "--learned")
    result = actsearch(*arguments, "-o", tmp_path / "new", "--home", finished.root)
    assert result.status == 0, result.err
    description = json.loads((tmp_path / "new" / "activation.json").read_text())
    starts = {p["name"]: p["initial"] for p in description["parameters"]}
    assert starts == {name: values[0] for name, values in row["learned"].items()}


def test_a_trial_that_is_not_there_is_said_so(
    actsearch: Verb, finished: Home, tmp_path: Path
) -> None:
    arguments = ("export", "mine", "--trial", "999", "-o", tmp_path / "new")
    result = actsearch(*arguments, "--home", finished.root)
    assert "search 'mine' has no trial 999" in result.err


def test_the_search_left_its_best_in_its_folder(finished: Home) -> None:
    folder = finished.searches / "mine" / "best"
    assert sorted(path.name for path in folder.iterdir()) == ["activation.json", "activation.py"]


def test_delete_asks_and_without_a_terminal_removes_nothing(
    actsearch: Verb, searched: Home
) -> None:
    result = actsearch("delete", "mine", "--home", searched.root)
    assert result.status == 1
    assert "nothing removed; --yes removes without asking" in result.err
    assert searched.names() == ["mine"]


def test_a_deleted_search_is_gone_everywhere_and_then_unknown(
    actsearch: Verb, searched: Home
) -> None:
    result = actsearch("delete", "mine", "--yes", "--json", "--home", searched.root)
    assert result.status == 0
    assert json.loads(result.out) == {"search": "mine", "kept": None, "removed": None}
    assert searched.names() == []
    client = MlflowClient(local_uri(searched.root))
    assert not client.search_experiments(filter_string="name LIKE '%mine'")
    again = actsearch("delete", "mine", "--yes", "--home", searched.root)
    assert (again.status, "there is no search 'mine'" in again.err) == (1, True)


def shown_trials(home: Home) -> set[int]:
    """The candidates that MLflow shows of `mine`, each with its pictures."""
    client = MlflowClient(local_uri(home.root))
    (experiment,) = client.search_experiments(filter_string="name LIKE '%mine'")
    runs = client.search_runs([experiment.experiment_id], "tags.role = 'candidate'")
    return {int(run.data.tags["actsearch.trial"]) for run in runs}


@pytest.mark.long
def test_of_a_search_that_keeps_its_best_the_others_leave_mlflow_and_do_not_come_back(
    actsearch: Verb, searched: Home
) -> None:
    at = ("--home", searched.root)
    assert actsearch("sync", "mine", *at).status == 0  # this home is a copy: plots of its own
    board = actsearch("leaderboard", "mine", "--json", *at).out
    before = shown_trials(searched)
    artifacts = searched.root / "artifacts" / "search-mine"
    pictures = len(list(artifacts.rglob("curve.png")))
    result = actsearch("delete", "mine", "--keep-best", "1", "--yes", *at)
    assert result.status == 0, result.err
    left = shown_trials(searched)
    assert left < before
    assert 1 <= len(left) <= 3  # the best, and the two finalists
    assert json.loads(board)[0]["trial"] in left
    assert len(list(artifacts.rglob("curve.png"))) == pictures - len(before - left)
    assert actsearch("leaderboard", "mine", "--json", *at).out == board
    assert actsearch("export", "mine", "-o", searched.root / "after", *at).status == 0
    assert actsearch("sync", "mine", *at).status == 0
    assert shown_trials(searched) == left
    again = actsearch("delete", "mine", "--keep-best", "1", "--yes", *at)
    assert "0 removed" in again.err
    as_json = actsearch("delete", "mine", "--keep-best", "1", "--yes", "--json", *at)
    assert json.loads(as_json.out) == {"search": "mine", "kept": len(left), "removed": 0}
    assert actsearch("confirm", "mine", "--finalists", "3", *at).status == 0
    with_another = shown_trials(searched)
    assert len(with_another) == 1 + len(left), "the new finalist's run has come back"
    assert actsearch("sync", "mine", *at).status == 0
    assert shown_trials(searched) == with_another


def test_a_database_that_no_browser_opens_is_no_link(
    actsearch: Verb, finished: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{finished.root / 'elsewhere.db'}")
    result = actsearch("ui", "mine", "--home", finished.root)
    assert result.status == 1
    assert "which no browser opens: serve it with `mlflow server" in result.err


def test_sync_writes_mlflow_anew_and_twice_changes_nothing(
    actsearch: Verb, searched: Home, empty_home: Path
) -> None:
    for path in searched.root.glob("mlflow.db*"):
        path.unlink()
    for path in empty_home.glob("mlflow.db*"):
        shutil.copy(path, searched.root)  # a store that nothing was ever written to
    counts = []
    for _ in range(2):
        result = actsearch("sync", "mine", "--json", "--home", searched.root)
        assert json.loads(result.out) == {"search": "mine", "written": 8}
        client = MlflowClient(local_uri(searched.root))
        (experiment,) = client.search_experiments(filter_string="name LIKE '%mine'")
        counts.append(len(client.search_runs([experiment.experiment_id], max_results=1000)))
    assert counts[0] == counts[1] >= 8


def test_what_has_the_name_of_the_gallery_is_kept_and_costs_one_sentence(
    actsearch: Verb, searched: Home, caplog: pytest.LogCaptureFixture
) -> None:
    page = searched.folder("mine") / "gallery.html"
    page.unlink(missing_ok=True)
    page.write_text("my notes")
    result = actsearch("sync", "mine", "--home", searched.root)
    assert result.status == 0
    assert "the search's folder has no gallery of today" in caplog.text
    assert page.read_text() == "my notes"
    page.unlink()
    assert actsearch("sync", "mine", "--home", searched.root).status == 0
    assert page.read_text().startswith("<!doctype html>")


def test_data_says_where_the_verified_images_are(actsearch: Verb) -> None:
    result = actsearch("data", "--json")
    (row,) = json.loads(result.out)
    assert (row["name"], row["verified"]) == ("fashion-mnist", True)
    assert Path(row["folder"]).is_dir()
    assert "verified" in actsearch("data").out


def test_data_lists_every_set_without_fetching_any(
    actsearch: Verb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTSEARCH_DATA", str(tmp_path))
    rows = json.loads(actsearch("data", "--list", "--json").out)
    assert [row["name"] for row in rows] == ["fashion-mnist", "mnist", "kmnist", "cifar10"]
    assert not any(row["here"] for row in rows)
    assert "cifar10        not here" in actsearch("data", "--list").out
    assert not list(tmp_path.iterdir())


def test_an_unknown_data_set_names_the_nearest_one(actsearch: Verb) -> None:
    result = actsearch("data", "cifar100")
    assert result.status == 1
    assert "unknown data set 'cifar100'; did you mean 'cifar10'?" in result.err


def test_a_recipe_that_is_shown_can_be_given_back(actsearch: Verb, tmp_path: Path) -> None:
    rows = json.loads(actsearch("recipes", "--json").out)
    listed = actsearch("recipes").out
    for row in rows:
        assert f"{row['name']:<18} {row['digest']}" in listed
        shown = actsearch("recipes", row["name"]).out
        assert shown.startswith(f"# {row['name']}-{row['digest']}\n")
        path = tmp_path / "mine.toml"
        path.write_text(shown.replace(f'name = "{row["name"]}"', 'name = "mine"'))
        again = json.loads(actsearch("recipes", path, "--json").out)
        assert again == {**row, "name": "mine"}


def test_a_mistyped_recipe_names_the_nearest(actsearch: Verb) -> None:
    result = actsearch("recipes", "standart")
    assert result.status == 1
    assert "did you mean 'standard'?" in result.err


def test_a_leaderboard_may_be_watched_before_its_search_begins(
    actsearch: Verb, home: Home, finished: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home.searches / "mine"
    folder.mkdir(parents=True)
    waits = ExitStack()
    waits.enter_context(lock(folder, DRIVER_LOCK))

    def begin(_: float) -> None:
        """The search begins, and ends, between two looks."""
        waits.close()
        shutil.copytree(finished.folder("mine"), folder, dirs_exist_ok=True)

    monkeypatch.setattr("actsearch.search.cli.watching.time.sleep", begin)
    result = actsearch("leaderboard", "mine", "--watch", "--home", home.root)
    assert result.status == 0, result.err
    assert result.out.startswith("search 'mine' has not begun yet\n\ntrial  state")
