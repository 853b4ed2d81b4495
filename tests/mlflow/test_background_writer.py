"""The search never waits for MLflow, and an outage loses nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from mlflow import MlflowClient

from actsearch.mlflow.background_writer import BackgroundWriter, Record
from actsearch.mlflow.client import TrackingRefused, TrackingUnavailable, local_uri
from actsearch.mlflow.records import CandidateRecord
from actsearch.mlflow.tracker import Tracker

Trial = Callable[..., CandidateRecord]


class Scripted:
    """A tracker whose `write` does what a function says."""

    def __init__(self, write: Callable[[CandidateRecord], Any]) -> None:
        self.write = write


def writer_for(write: Callable[[CandidateRecord], Any]) -> BackgroundWriter:
    return BackgroundWriter(cast(Tracker, Scripted(write)))


def trials_of(records: Sequence[Record]) -> list[int]:
    return [record.trial for record in records if isinstance(record, CandidateRecord)]


@contextmanager
def mlflow_server(home: Path, port: int) -> Iterator[None]:
    """A server that is killed at the end, as by a crash."""
    command = [sys.executable, "-P", "-m", "mlflow", "server", "--workers", "1"]
    store = ["--backend-store-uri", local_uri(home), "--artifacts-destination", f"{home}/files"]
    process = subprocess.Popen(
        [*command, *store, "--host", "127.0.0.1", "--port", str(port)],
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        give_up = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except OSError:
                assert time.monotonic() < give_up, "the server does not start"
                assert process.poll() is None, "the server ended"
                time.sleep(0.1)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.slow  # 20 s: starts two servers
def test_a_server_killed_and_started_again_gets_every_run_once(
    home: Path, tmp_path: Path, candidate: Trial
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    tracker = Tracker(tmp_path / "own", f"http://127.0.0.1:{port}")
    with mlflow_server(home, port):
        tracker.open_search("mine", {})
        writer = BackgroundWriter(tracker)
        for trial in range(12):
            writer.submit(candidate(trial))
        while not tracker.written("mine"):
            time.sleep(0.02)
    started = time.monotonic()
    for trial in range(12, 16):
        writer.submit(candidate(trial))
    assert time.monotonic() - started < 5.0  # many times what a busy machine takes for it
    assert len(writer.close(patience=0.2)) >= 4

    writer = BackgroundWriter(tracker)
    for trial in range(16):
        writer.submit(candidate(trial))
    time.sleep(1.0)  # it tries, and waits
    with mlflow_server(home, port):
        assert writer.close(patience=60) == []
        assert tracker.written("mine") == set(range(16))
        runs = MlflowClient(tracker.uri).search_runs([tracker.link("mine")[0]])
        assert len(runs) == 16
        assert {run.info.status for run in runs} == {"FINISHED"}
        run_id = tracker.write(candidate(0))
        files = {file.path for file in MlflowClient(tracker.uri).list_artifacts(run_id)}
        assert "curve.png" in files
    assert not (tmp_path / "own").exists()


def test_everything_submitted_is_in_the_store_when_the_block_ends(
    tracker: Tracker, candidate: Trial
) -> None:
    with BackgroundWriter(tracker) as writer:
        for trial in range(5):
            writer.submit(candidate(trial))
    assert tracker.written("mine") == set(range(5))
    assert writer.close() == []


def test_submitting_does_not_wait_for_a_write(candidate: Trial) -> None:
    release, written = threading.Event(), list[bool]()
    writer = writer_for(lambda _: written.append(release.wait(60)))
    for trial in range(100):
        writer.submit(candidate(trial))
        assert not written, "the first write waits for what comes after the last submit"
    release.set()
    assert writer.close() == []
    assert written == [True] * 100


def test_what_could_not_be_written_in_time_is_handed_back(candidate: Trial) -> None:
    def write(_: CandidateRecord) -> None:
        raise TrackingUnavailable("down")

    writer = writer_for(write)
    records = [candidate(0), candidate(1)]
    for record in records:
        writer.submit(record)
    started = time.monotonic()
    left = writer.close(patience=0.3)
    assert time.monotonic() - started < 10.0  # not the 60 s there are by default
    assert len(left) == 2
    assert sorted(trials_of(left)) == trials_of(records)


def test_ctrl_c_during_an_outage_does_not_wait_long(
    candidate: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actsearch.mlflow.background_writer.WHEN_STOPPED", 0.2)

    def write(_: CandidateRecord) -> None:
        raise TrackingUnavailable("down")

    def interrupted() -> None:
        with writer_for(write) as writer:
            writer.submit(candidate(0))
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - started < 10.0  # not the 60 s of an end without it


def test_a_record_that_always_fails_delays_no_other(candidate: Trial) -> None:
    written: list[int] = []

    def write(record: CandidateRecord) -> None:
        if record.trial == 0:
            raise TrackingUnavailable("internal error")
        written.append(record.trial)

    writer = writer_for(write)
    for trial in range(4):
        writer.submit(candidate(trial))
    assert trials_of(writer.close(patience=2.0)) == [0]
    assert written == [1, 2, 3]


def test_a_refused_record_is_handed_back_and_not_tried_again(
    candidate: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []

    def write(record: CandidateRecord) -> None:
        tries.append(record.trial)
        raise TrackingRefused("no such search")

    with writer_for(write) as writer:
        writer.submit(candidate(5))
    assert trials_of(writer.close()) == [5]
    assert tries == [5]
    assert "trial 5" in caplog.text
    assert "no such search" in caplog.text


def test_an_unexpected_exception_surfaces_at_the_next_call(candidate: Trial) -> None:
    def write(_: CandidateRecord) -> None:
        raise ZeroDivisionError("a bug")

    before = set(threading.enumerate())
    writer = writer_for(write)
    writer.submit(candidate(0))
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        writer.submit(candidate(1))
    with pytest.raises(ZeroDivisionError, match="a bug"):
        writer.close()


def test_an_outage_is_told_once(candidate: Trial, caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []

    def write(record: CandidateRecord) -> None:
        calls.append(record.trial)
        if len(calls) < 3:
            raise TrackingUnavailable("MLflow at http://there is unavailable")

    with writer_for(write) as writer:
        for trial in range(3):
            writer.submit(candidate(trial))
        while len(calls) < 5:
            time.sleep(0.01)
    assert caplog.text.count("is unavailable") == 1
    assert caplog.text.count("answers again") == 1


def test_closing_goes_on_for_as_long_as_records_are_written(
    candidate: Trial, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actsearch.mlflow.background_writer.WARN_EVERY", 0.2)
    writer = writer_for(lambda _: time.sleep(0.1))
    for trial in range(20):
        writer.submit(candidate(trial))
    assert writer.close(patience=1.0) == []  # of 2 s
    assert "records left (Ctrl-C leaves them to `actsearch sync`)" in caplog.text


def test_giving_up_says_how_many_are_left_and_what_mlflow_said(
    candidate: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    def write(_: CandidateRecord) -> None:
        raise TrackingUnavailable("no space left on device")

    writer = writer_for(write)
    for trial in range(3):
        writer.submit(candidate(trial))
    assert len(writer.close(patience=0.5)) == 3
    assert len(writer.close(patience=0.0)) == 3
    assert caplog.text.count("3 candidates not in MLflow") == 1
    assert "(no space left on device); write them with `actsearch sync mine`" in caplog.text


def test_leaving_finishes_the_record_being_written_and_begins_no_other(candidate: Trial) -> None:
    begun, written = threading.Event(), list[int]()

    def write(record: CandidateRecord) -> None:
        begun.set()
        time.sleep(0.3)
        written.append(record.trial)

    writer = writer_for(write)
    for trial in range(50):
        writer.submit(candidate(trial))
    begun.wait(60)
    writer.leave()
    assert written == [0]
    assert trials_of(writer.close()) == list(range(1, 50))
