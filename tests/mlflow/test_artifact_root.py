"""The place of a team's files is a folder that is made or a bucket that is there, or refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from actsearch.mlflow.artifact_root import check
from actsearch.mlflow.server_process import ServerError


class Bucket(BaseHTTPRequestHandler):
    """A store that has one bucket, `runs`."""

    def do_HEAD(self) -> None:
        self.send_response(200 if self.path.startswith("/runs") else 404)
        self.end_headers()

    def log_message(self, format: str, *_: object) -> None:
        pass


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anna")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    with ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", address)
        yield address
        server.shutdown()


def test_a_bucket_that_is_there_is_taken_and_another_is_named_with_its_store(store: str) -> None:
    check("s3://runs/team")
    with pytest.raises(ServerError, match=f"bucket 'other' at {store} cannot be used .*404"):
        check("s3://other")


def test_a_store_that_does_not_answer_says_which_variables_to_set(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", "http://anna:s3cret@127.0.0.1:9")
    with pytest.raises(ServerError, match="AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY") as refusal:
        check("s3://runs")
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize("address", ["s3://", "s3:///folder"])
def test_an_address_without_a_bucket_is_refused(store: str, address: str) -> None:
    with pytest.raises(ServerError, match="bucket '' at"):
        check(address)


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    check(str(tmp_path / "deep" / "files"))
    assert (tmp_path / "deep" / "files").stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(ServerError, match=r"cannot be made .*choose another with --artifacts"):
        check(str(tmp_path / "file"))
