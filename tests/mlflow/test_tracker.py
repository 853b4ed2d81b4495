"""A search in MLflow: one run per candidate, whatever happens in between."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType

from actsearch.mlflow.client import TrackingRefused, TrackingUnavailable
from actsearch.mlflow.records import CandidateRecord
from actsearch.mlflow.tracker import Tracker

Trial = Callable[..., CandidateRecord]


def runs(client: MlflowClient, tracker: Tracker, condition: str = "") -> list[Run]:
    return list(client.search_runs([tracker.link("mine")[0]], condition))


def test_a_candidates_run_shows_its_formula_its_curve_and_its_numbers(
    tracker: Tracker, client: MlflowClient, candidate: Trial
) -> None:
    record = candidate(7)
    run = client.get_run(tracker.write(record))
    assert run.info.run_name == run.data.params["expression"] == "x * sigmoid(beta * x)"
    assert run.data.params["initial.beta"] == "1 per layer"
    assert run.data.metrics["val_percent"] == run.data.metrics["val_percent/epoch_9"] == 86.0
    shape = {
        name: run.data.params[name] for name in ("operators", "smooth", "bounded", "monotone")
    }
    assert shape == {
        "operators": "mul, sigmoid",
        "smooth": "smooth",
        "bounded": "no",
        "monotone": "no",
    }
    assert run.data.metrics["learned/beta/layer_2"] == 0.75
    assert (run.info.start_time, run.info.end_time) == (record.started_ms, record.finished_ms)
    assert run.info.status == "FINISHED"
    history = client.get_metric_history(run.info.run_id, "val_percent")
    assert {point.step: point.value for point in history} == {1: 81.0, 3: 84.0, 9: 86.0}
    losses = client.get_metric_history(run.info.run_id, "train_loss")
    assert [p.value for p in sorted(losses, key=lambda p: p.step)] == record.train_losses


def test_a_candidates_run_holds_its_picture_and_its_whole_record(
    tracker: Tracker, client: MlflowClient, candidate: Trial
) -> None:
    run_id = tracker.write(candidate(7))
    files = {file.path for file in client.list_artifacts(run_id)}
    assert files == {"candidate.json", "curve.png", "images"}
    assert client.get_run(run_id).data.tags["mlflow.loggedImages"] == "True"  # for the gallery
    stored = json.loads(Path(client.download_artifacts(run_id, "candidate.json")).read_text())
    assert stored["trial"] == 7
    assert stored["rungs"] == {"1": 0.81, "3": 0.84, "9": 0.86}


def test_candidates_are_found_by_state_size_reason_and_the_trial_they_repeat(
    tracker: Tracker, client: MlflowClient, candidate: Trial
) -> None:
    tracker.write(candidate(0))
    untrained: dict[str, object] = {
        "val_accuracy": None,
        "val_accuracies": {},
        "train_losses": [],
        "val_losses": {},
    }
    reason = "validation loss is nan after epoch 1"
    tracker.write(candidate(1, state="infeasible", reason=reason, **untrained))
    tracker.write(candidate(2, state="duplicate", duplicate_of=0, **untrained))
    tracker.write(candidate(3, state="failed", reason="worker lost\n" * 1000, **untrained))
    tracker.write(candidate(4, state="pruned", expression="sin(x)", learned={}))

    def trials(condition: str) -> list[int]:
        matches = runs(client, tracker, condition)
        return sorted(int(run.data.tags["actsearch.trial"]) for run in matches)

    assert trials("tags.state = 'infeasible' and tags.reason LIKE '%nan%'") == [1]
    assert trials("tags.duplicate_of = '0'") == [2]
    assert trials("attributes.status = 'FAILED'") == [3]
    assert trials("tags.size = '1'") == [4]
    assert trials("params.expression ILIKE '%SIN%'") == [4]
    assert trials("tags.`actsearch.search` = 'mine'") == [0, 1, 2, 3, 4]


def test_values_that_are_not_finite_are_left_out(
    tracker: Tracker, client: MlflowClient, candidate: Trial
) -> None:
    nan, inf = float("nan"), float("inf")
    run_id = tracker.write(candidate(train_losses=[0.9, inf, nan], val_losses={1: nan}))
    metrics = client.get_run(run_id).data.metrics
    assert "val_loss" not in metrics
    assert metrics["train_loss"] == 0.9
    page = client.get_run(run_id).data.tags["mlflow.note.content"]
    assert "| training loss |" in page
    assert "validation loss" not in page
    stored = json.loads(Path(client.download_artifacts(run_id, "candidate.json")).read_text())
    assert stored["val_loss"] == {"1": None}


def test_a_record_with_more_metrics_than_one_request_takes_is_written_whole(
    tracker: Tracker, client: MlflowClient, candidate: Trial
) -> None:
    losses = [1 / (1 + epoch) for epoch in range(1100)]
    run_id = tracker.write(candidate(train_losses=losses))
    assert len(client.get_metric_history(run_id, "train_loss")) == 1100


def test_a_record_written_twice_is_there_once(
    tracker: Tracker, client: MlflowClient, candidate: Trial, home: Path
) -> None:
    first = tracker.write(candidate(3))
    assert tracker.write(candidate(3)) == first
    assert Tracker(home).write(candidate(3)) == first
    assert len(runs(client, tracker)) == 1


def test_a_run_left_open_is_closed_and_then_written_on(
    tracker: Tracker,
    client: MlflowClient,
    candidate: Trial,
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
) -> None:
    tracker.write(candidate(0))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("actsearch.mlflow.candidate_runs.log_files", die)
        with pytest.raises(KeyboardInterrupt):
            tracker.write(candidate(1))
    assert len(runs(client, tracker, "attributes.status = 'RUNNING'")) == 1

    again = Tracker(home)
    assert again.close_open_runs("mine") == 1
    assert runs(client, tracker, "attributes.status = 'RUNNING'") == []
    assert again.written("mine") == {0}
    again.write(candidate(1))
    assert again.written("mine") == {0, 1}
    assert [run.info.status for run in runs(client, tracker)] == ["FINISHED", "FINISHED"]


def test_a_search_opened_again_is_the_same_experiment_with_its_new_description(
    tracker: Tracker, client: MlflowClient, candidate: Trial, home: Path
) -> None:
    tracker.write(candidate())
    experiment, _ = tracker.link("mine")
    assert Tracker(home).open_search("mine", {"candidates": "200"}) == experiment
    assert "| candidates | 200 |" in client.get_experiment(experiment).tags["mlflow.note.content"]
    assert tracker.written("mine") == {0}


def test_the_saved_view_sorts_by_accuracy_and_the_link_opens_it(
    tracker: Tracker, client: MlflowClient
) -> None:
    experiment, fragment = tracker.link("mine")
    assert fragment == (
        f"#/experiments/{experiment}/runs"
        "?workflowType=machine_learning&viewStateShareKey=leaderboard"
    )
    tag = client.get_experiment(experiment).tags["mlflow.sharedViewState.leaderboard"]
    view = json.loads(tag)
    state = json.loads(view["state"])
    assert view["name"] == "Leaderboard"
    assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`leaderboard_order`", False)


def test_scores_at_other_rungs_stand_below_and_in_columns_of_their_own(
    tracker: Tracker, client: MlflowClient, candidate: Trial
) -> None:
    tracker.open_search("mine", {}, rungs=(1, 3, 9))
    lucky = {"state": "pruned", "val_accuracies": {1: 0.99}, "val_losses": {}}
    tracker.write(candidate(0, **lucky))
    tracker.write(candidate(1))
    tracker.write(candidate(2, state="infeasible", val_accuracies={1: 0.9, 3: 0.9}))
    experiment, _ = tracker.link("mine")
    tag = client.get_experiment(experiment).tags["mlflow.sharedViewState.leaderboard"]
    state = json.loads(json.loads(tag)["state"])
    page = client.search_runs(
        [experiment], state["searchFilter"], order_by=[f"{state['orderByKey']} DESC"]
    )
    assert [run.data.tags["actsearch.trial"] for run in page] == ["1", "0"]
    assert "val_percent/epoch_9" not in page[1].data.metrics
    columns = state["selectedColumns"]
    assert columns.index("metrics.`val_percent/epoch_9`") == 0
    assert columns.index("metrics.`val_percent/epoch_1`") == 2


def test_a_run_of_the_first_release_keeps_its_names_and_gets_those_of_today_once(
    tracker: Tracker, client: MlflowClient, candidate: Trial
) -> None:
    experiment, _ = tracker.link("mine")
    tags = {"actsearch.search": "mine", "actsearch.trial": "0", "role": "candidate"}
    old = client.create_run(experiment, tags={**tags, "state": "complete"}).info.run_id
    client.log_param(old, "expression", "x * sigmoid(beta * x)")
    client.log_metric(old, "val_accuracy", 0.86)
    client.log_metric(old, "seconds", 18.5)
    client.set_terminated(old)
    assert tracker.written("mine") == set()  # whoever opens the search writes what is missing
    assert tracker.write(candidate(0)) == tracker.write(candidate(0)) == old
    data = client.get_run(old).data
    assert (data.metrics["val_accuracy"], data.metrics["val_percent"]) == (0.86, 86.0)
    assert data.params["operators"] == "mul, sigmoid"
    assert "get-artifact" in data.tags["mlflow.note.content"]
    assert len(client.get_metric_history(old, "seconds")) == 1
    assert tracker.written("mine") == {0}


def test_a_candidates_page_has_formula_plot_scores_and_how_to_load_it(
    tracker: Tracker, client: MlflowClient, candidate: Trial
) -> None:
    made = {"parents": (1, 2), "mutation": "crossing", "home_flag": " --home '/a b'"}
    run_id = tracker.write(candidate(3, standard_error=0.0035, **made))
    tags = client.get_run(run_id).data.tags
    page = tags["mlflow.note.content"]
    assert f"get-artifact?path=curve.png&run_uuid={run_id}" in page
    assert "**86.00 %** ± 0.35" in page
    assert "| validation, % | 81.00 | 84.00 | 86.00 |" in page
    assert "actsearch export mine --trial 3 --output activation --home '/a b'\n" in page
    assert "| made from | trial 1, trial 2 by crossing |" in page
    assert (tags["parents"], tags["mutation"]) == ("1, 2", "crossing")
    code = page.partition("```python")[2].partition("```")[0]
    variables: dict[str, Any] = {}
    exec(code, variables)
    assert variables["activation"](torch.zeros(3)).tolist() == [0.0, 0.0, 0.0]


def test_the_saved_views_filter_is_one_that_mlflow_reads(
    tracker: Tracker, client: MlflowClient, candidate: Trial
) -> None:
    tracker.write(candidate(0, val_accuracies={}))
    tracker.write(candidate(1))
    experiment, _ = tracker.link("mine")
    tag = client.get_experiment(experiment).tags["mlflow.sharedViewState.leaderboard"]
    shown = runs(client, tracker, json.loads(json.loads(tag)["state"])["searchFilter"])
    assert [run.data.tags["actsearch.trial"] for run in shown] == ["1"]


def test_a_deleted_search_is_gone_for_good_and_its_name_is_free(
    tracker: Tracker, client: MlflowClient, candidate: Trial, home: Path
) -> None:
    tracker.write(candidate())
    tracker.open_search("other", {})
    tracker.write(candidate(search="other"))
    tracker.delete_search("mine")
    names = {e.name for e in client.search_experiments(view_type=ViewType.ALL)}
    assert names == {"Default", "actsearch/other"}
    assert [folder.name for folder in (home / "artifacts").iterdir()] == ["search-other"]
    tracker.open_search("mine", {})
    assert tracker.written("mine") == set()


def test_deleting_a_search_leaves_the_rest_of_mlflows_trash_alone(
    tracker: Tracker, client: MlflowClient, candidate: Trial
) -> None:
    tracker.write(candidate())
    tracker.open_search("other", {})
    thrown = tracker.write(candidate(search="other"))
    client.delete_run(thrown)
    tracker.delete_search("mine")
    client.restore_run(thrown)
    assert tracker.written("other") == {0}
    assert "curve.png" in {file.path for file in client.list_artifacts(thrown)}


def test_deleting_a_search_that_is_not_there_is_no_error(tracker: Tracker, tmp_path: Path) -> None:
    tracker.delete_search("nobody")
    Tracker(tmp_path / "new").delete_search("nobody")
    assert not (tmp_path / "new").exists()


def test_a_name_that_the_user_put_into_mlflows_trash_can_be_used_again(
    tracker: Tracker, client: MlflowClient, candidate: Trial, home: Path
) -> None:
    client.delete_experiment(tracker.link("mine")[0])
    again = Tracker(home)
    again.open_search("mine", {})
    again.write(candidate())
    assert again.written("mine") == {0}


def test_a_home_that_was_copied_writes_its_own_plots_and_leaves_the_others(
    tracker: Tracker, candidate: Trial, home: Path, tmp_path: Path
) -> None:
    tracker.write(candidate())
    kept = sorted(home.rglob("curve.png"))
    copy = shutil.copytree(home, tmp_path / "copy")
    moved = Tracker(copy)
    moved.open_search("mine", {})
    assert moved.written("mine") == set()  # the caller writes what is missing
    moved.write(candidate())
    moved.delete_search("mine")
    assert sorted(home.rglob("curve.png")) == kept


@pytest.mark.parametrize("name", ["..", "../../else", "a/b", "näme with spaces", "100%"])
def test_no_name_of_a_search_leads_out_of_the_home(
    home: Path, candidate: Trial, name: str
) -> None:
    tracker = Tracker(home)
    tracker.open_search(name, {})
    tracker.write(candidate(search=name))
    assert len(list((home / "artifacts").glob("*/*/artifacts/curve.png"))) == 1
    assert {path.name for path in home.parent.iterdir()} == {"home"}


def test_a_search_that_mlflow_does_not_know_is_refused_with_what_to_do(
    tracker: Tracker, candidate: Trial
) -> None:
    with pytest.raises(TrackingRefused, match=r"no search 'nobody'.*actsearch sync nobody"):
        tracker.write(candidate(search="nobody"))
    assert tracker.written("nobody") == set()
    assert tracker.close_open_runs("nobody") == 0


def test_a_server_that_is_down_is_named_at_once_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(
        TrackingUnavailable,
        match=f"http://127.0.0.1:{port} is unavailable .*refused.*unset MLFLOW_TRACKING_URI",
    ):
        Tracker(tmp_path, f"http://127.0.0.1:{port}").check()
    assert time.monotonic() - started < 30.0  # MLflow's own retries take minutes


def test_a_server_that_never_answers_is_given_up_after_the_users_own_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    retries = logging.getLogger("urllib3.connectionpool")
    monkeypatch.setattr(retries, "level", logging.NOTSET)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TrackingUnavailable, match="timed out"):
            Tracker(tmp_path, uri).check()
        assert caplog.text == "", "the user reads one sentence, not each try"
        with caplog.at_level(logging.WARNING, retries.name), pytest.raises(TrackingUnavailable):
            Tracker(tmp_path, uri).check()
    assert "(read timeout=1)" in caplog.text
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "1"


def test_a_home_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrackingUnavailable, match=r"Not a directory.*--home"):
        Tracker(tmp_path / "file" / "home").check()
