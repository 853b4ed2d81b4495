"""Secrets of a tracking server are nowhere in what is printed, logged or stored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from actsearch.search import Home

SECRETS = ("s3cret-user", "s3cret-word", "s3cret-query", "s3cret-token", "s3cret-basic")
ENVIRONMENT = {
    "MLFLOW_TRACKING_TOKEN": "s3cret-token",
    "MLFLOW_TRACKING_PASSWORD": "s3cret-basic",
}


class Refuses(BaseHTTPRequestHandler):
    """A server that wants another password, and repeats what it was sent."""

    def answer(self) -> None:
        text = f"Unauthorized: {self.path} {self.headers['Authorization']}".encode()
        self.send_response(401)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def log_message(self, format: str, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def refusing() -> Iterator[int]:
    """The port of a server that refuses."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Refuses) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def uris(port: int) -> list[str]:
    login = "s3cret-user:s3cret-word"
    return [
        f"http://{login}@127.0.0.1:{port}/?api_key=s3cret-query",
        f"http://{login}@127.0.0.1:9",  # the discard port: nothing listens there
        f"postgresql://{login}@127.0.0.1:9/mlflow?password=s3cret-query",
        f"nonsense://{login}@127.0.0.1/?token=s3cret-query",
    ]


@pytest.mark.parametrize("which", range(4))
@pytest.mark.long
def test_nothing_shows_the_login_of_a_server_that_cannot_be_used(
    searched: Home, refusing: int, which: int
) -> None:
    uri = uris(refusing)[which]
    verbs = (
        ("search", "--name", "other", "--candidates", "1", "--no-confirm", "--debug"),
        ("sync", "mine"),
        ("ui", "mine"),
    )
    script = (
        "import json, sys\nfrom actsearch.search.cli.main import main\n"
        "for verb in json.loads(sys.argv[1]): print(verb[0], main([*verb, '--home', sys.argv[2]]))"
    )
    process = subprocess.run(
        [sys.executable, "-c", script, json.dumps(verbs), str(searched.root)],
        env={**os.environ, **ENVIRONMENT, "MLFLOW_TRACKING_URI": uri},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.stdout.split() == ["search", "1", "sync", "1", "ui", "1"], process.stderr
    assert f"{uri.partition('://')[0]}://***@127.0.0.1" in process.stderr
    everything = process.stdout + process.stderr
    everything += "".join(p.read_text("latin1") for p in files_below(searched.root))
    assert [secret for secret in SECRETS if secret in everything] == []


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
