"""The MLflow UI on a home's own store, for as long as a `with` block lasts."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import IO

from .client import TrackingError, database, local_uri
from .tracker import Tracker

PORTS = 65536  # that TCP has
PORTS_TRIED = 20  # the wished one and those after it
LONGEST_START = 120.0  # seconds; 4-11 s were measured, more on a machine that is busy
LONGEST_STOP = 10.0  # seconds until a server that ignores SIGTERM is killed
APP = "actsearch"  # the entry point of ui_app.py

SETTINGS = {
    # The runner for language-model jobs: 8 more processes, 1.9 GiB, three times the start-up.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_AI_GATEWAY": "false",  # its pages are about language models
}


class ServerError(TrackingError):
    """Raised when the UI cannot be served; the message says why."""


@contextmanager
def serve(
    home: Path, host: str = "127.0.0.1", port: int = 5000, search: str | None = None
) -> Iterator[str]:
    """Serve the home's runs, and yield the URL to open once it answers.

    The URL opens a search's Leaderboard view, or without a search the list of experiments. A port
    that is taken makes way for the next free one. The server has no passwords, so `host` must be
    a loopback address. It ends with the block. Raises ServerError, and TrackingRefused for a
    search that is not there.
    """
    _require_loopback(host)
    if not 0 <= port < PORTS:
        raise ServerError(f"--port must be 0 to {PORTS - 1} (0: any that is free), but got {port}")
    if not database(home).exists():
        raise ServerError(f"no runs in {home.resolve()} yet: start one with actsearch search")
    tracker = Tracker(home)
    tracker.check()  # makes a damaged store anew
    page = tracker.link(search)[1] if search else "#/experiments?workflowType=machine_learning"
    port = _free_port(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    with tempfile.TemporaryFile() as output:
        process = _start(home, host, port, output)
        try:
            _wait(process, address, output)
            yield address + page
        finally:
            _stop(process)


def _require_loopback(host: str) -> None:
    try:
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise ServerError(
        f"the UI has no passwords, so it is served on loopback addresses only, not on '{host}'; "
        f"from another machine use: ssh -L 5000:127.0.0.1:5000 THIS_MACHINE"
    )


def _free_port(host: str, wished: int) -> int:
    for port in range(wished, min(wished + PORTS_TRIED, PORTS)):
        try:
            with socket.create_server((host, port), family=_family(host)) as free:
                return int(free.getsockname()[1])  # not `port`, for 0 stands for any
        except OSError:
            continue
    last = min(wished + PORTS_TRIED, PORTS) - 1
    raise ServerError(f"no free port from {wished} to {last} on {host}; pass --port")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _start(home: Path, host: str, port: int, output: IO[bytes]) -> subprocess.Popen[bytes]:
    # An editable install of before this entry point shows MLflow's own first page.
    app = ("--app-name", APP) if entry_points(group="mlflow.app", name=APP) else ()
    # -P: a file mlflow.py in the working directory must not be taken for the library.
    return subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "mlflow", "server"),
            *("--backend-store-uri", local_uri(home)),
            *("--artifacts-destination", str(home.resolve() / "artifacts")),
            *("--host", host, "--port", str(port), "--workers", "1"),
            *app,
        ],
        env={**os.environ, **SETTINGS},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # so that its worker ends with it, and Ctrl-C reaches us alone
    )


def _wait(process: subprocess.Popen[bytes], address: str, output: IO[bytes]) -> None:
    """Return when the server answers."""
    give_up = time.monotonic() + LONGEST_START
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise ServerError(f"the MLflow server ended at once: {_last_line(output)}")
        try:
            with urllib.request.urlopen(f"{address}health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise ServerError(f"the MLflow server did not answer within {LONGEST_START:.0f} s")


def _last_line(output: IO[bytes]) -> str:
    output.seek(0)
    lines = output.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and its worker, whether or not they want to."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(LONGEST_STOP)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
