"""A team's MLflow server for tests: `actsearch server` on a PostgreSQL, and the people on it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from contracts.postgres import Postgres
from contracts.processes import environment, wait_until_gone

ADMIN_PASSWORD = "s3cret-of-admin"
PATIENCE = 200.0  # seconds until a server that should answer is given up


@dataclass
class Team:
    """The server's database, its folder and port; `start` again after `kill`."""

    postgres: Postgres
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All that the server has printed."""
        return (self.folder / "server.log").read_text()

    def start(self) -> None:
        """Run `actsearch server` and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "actsearch.search.cli", "server"),
                    *("--artifacts", str(self.folder / "artifacts"), "--port", str(self.port)),
                    *("--workers", "1"),  # of several, one forgets a changed password later
                ],
                env=environment(
                    MLFLOW_BACKEND_STORE_URI=self.postgres.uri,
                    MLFLOW_AUTH_ADMIN_PASSWORD=ADMIN_PASSWORD,
                ),
                stdout=log,
                stderr=log,
            )
        give_up = time.monotonic() + PATIENCE
        while True:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < give_up, self.log
            try:
                requests.get(f"{self.url}/health", timeout=5).raise_for_status()
                return
            except requests.RequestException:
                time.sleep(0.2)

    def pids(self) -> list[int]:
        """The processes of MLflow's server, which are in a session of their own."""
        assert self.process is not None
        listing = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        ).stdout.split()
        (leader,) = listing
        words = ["ps", "-o", "pid=", "--sid", leader]
        return [int(p) for p in subprocess.run(words, capture_output=True).stdout.split()]

    def signal(self, number: int) -> None:
        """Send a signal to MLflow's processes."""
        for pid in self.pids():
            os.kill(pid, number)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        assert self.process is not None
        pids = self.pids()
        self.process.kill()
        self.process.wait()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            wait_until_gone(pid)

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.log

    def ask(self, verb: str, path: str, **fields: Any) -> None:
        """Ask its interface for users for something, as the administrator."""
        url = f"{self.url}/api/2.0/mlflow/{path}"
        login = ("admin", ADMIN_PASSWORD)
        requests.request(verb, url, json=fields, auth=login, timeout=60).raise_for_status()

    def add(self, user: str) -> None:
        """Make a user; see `login`."""
        self.ask("POST", "users/create", username=user, password=password(user))

    def login(self, user: str) -> Mapping[str, str]:
        """The variables with which a user's commands write to the server."""
        return {
            "MLFLOW_TRACKING_URI": self.url,
            "MLFLOW_TRACKING_USERNAME": user,
            "MLFLOW_TRACKING_PASSWORD": password(user),
        }


def password(user: str) -> str:
    return f"s3cret-of-{user}"


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def team(postgres: Postgres, folder: Path, *users: str) -> Iterator[Team]:
    """A server with some users, which ends with the block."""
    server = Team(postgres, folder, free_port())
    server.start()
    try:
        for user in users:
            server.add(user)
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()
