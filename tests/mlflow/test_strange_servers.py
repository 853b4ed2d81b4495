"""Answers at MLFLOW_TRACKING_URI are input: strange ones are named and refused, not believed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from actsearch.mlflow.client import TrackingDenied, TrackingError, TrackingRefused
from actsearch.mlflow.tracker import Tracker


class Strange(BaseHTTPRequestHandler):
    """Answers each request with the server's `body`."""

    server: StrangeServer

    def answer(self) -> None:
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = answer

    def log_message(self, format: str, *_: object) -> None:
        pass


class StrangeServer(ThreadingHTTPServer):
    body = b""
    status = 200


@pytest.fixture
def server() -> Iterator[StrangeServer]:
    with StrangeServer(("127.0.0.1", 0), Strange) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def tracker_on(server: StrangeServer, home: Path) -> Tracker:
    return Tracker(home, f"http://127.0.0.1:{server.server_address[1]}")


@pytest.mark.parametrize(
    "body",
    [
        "<html>a portal</html>", "[]", "3", "null", "{}", "[" * 5000, '{"experiments": 7}',
        '{"experiment": {"experiment_id": 5, "tags": "x"}}', '{"experiment": []}',
    ],
)  # fmt: skip
def test_answers_of_something_else_are_refused_with_its_address(
    server: StrangeServer, tmp_path: Path, body: str
) -> None:
    server.body = body.encode()
    tracker = tracker_on(server, tmp_path)
    with pytest.raises(TrackingError, match=r"at http://127.0.0.1:\d+"):
        tracker.open_search("mine", {})


def test_a_list_of_runs_without_an_end_is_refused(server: StrangeServer, tmp_path: Path) -> None:
    experiment = {
        "experiment_id": "1",
        "name": "actsearch/mine",
        "lifecycle_stage": "active",
        "tags": [{"key": "actsearch.search", "value": "mine"}],
    }
    answer = {
        "experiments": [experiment],
        "runs": [
            {
                "info": {"run_id": "1", "run_uuid": "1", "status": "FINISHED"},
                "data": {"tags": [{"key": "actsearch.trial", "value": "not a number"}]},
            }
        ],
        "next_page_token": "again",
    }
    server.body = json.dumps(answer).encode()
    tracker = tracker_on(server, tmp_path)
    with pytest.raises(TrackingRefused, match="list of runs has no end"):
        tracker.written("mine")
    server.body = json.dumps(answer | {"experiments": []}).encode()
    with pytest.raises(TrackingRefused, match="list of experiments has no end"):
        tracker.written("mine")
    server.body = json.dumps(answer | {"next_page_token": ""}).encode()
    assert tracker.written("mine") == set()


@pytest.mark.parametrize(
    ("status", "user", "sentence"),
    [
        (401, "", r"asks who you are: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"),
        (401, "anna", r"does not know the user and password that it is given: set"),
        (403, "anna", r"does not allow this \(Permission denied\): ask its administrator"),
    ],
)
def test_a_server_that_does_not_let_one_write_is_told_in_one_sentence(
    server: StrangeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    user: str,
    sentence: str,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", user)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "s3cret")
    server.status, server.body = status, b"Permission denied"
    with pytest.raises(TrackingDenied, match=sentence):
        tracker_on(server, tmp_path).open_search("mine", {})
