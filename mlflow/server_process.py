"""A process of `mlflow server`, for as long as a `with` block lasts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from .client import TrackingError

PORTS = 65536  # that TCP has
LONGEST_START = 120.0  # seconds; 4-11 s were measured, more on a machine that is busy
LONGEST_STOP = 10.0  # seconds until a server that ignores SIGTERM is killed

SETTINGS = {
    # The runner for language-model jobs: 8 more processes, 1.9 GiB, three times the start-up.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_AI_GATEWAY": "false",  # its pages are about language models
    "PYTHONUNBUFFERED": "1",
}


class ServerError(TrackingError):
    """Raised when MLflow cannot be served; the message says why."""


@contextmanager
def running(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    host: str,
    port: int,
    hear: Callable[[str], None] = lambda line: None,
) -> Iterator[subprocess.Popen[str]]:
    """Run `mlflow server` with these arguments at a free port, from its first answer on.

    environment: beside this process's. hear: is called with each line that it prints, in another
    thread. Raises ServerError where it ends at once, or does not answer.
    """
    process = subprocess.Popen(
        # -P: a file mlflow.py in the working directory must not be taken for the library.
        [
            *(sys.executable, "-P", "-m", "mlflow", "server"),
            *("--host", host, "--port", str(port), *arguments),
        ],
        env={**os.environ, **SETTINGS, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # so that its worker ends with it, and Ctrl-C reaches us alone
    )
    last = deque[str](maxlen=1)
    reader = threading.Thread(target=_read, args=(process, last, hear), daemon=True)
    reader.start()
    try:
        _wait(process, f"{address(host, port)}health", reader, last)
        yield process
    finally:
        _stop(process)
        reader.join(LONGEST_STOP)
        if process.stdout is not None and not reader.is_alive():
            process.stdout.close()


def address(host: str, port: int) -> str:
    """The URL of a server, with a slash at the end."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def free_port(host: str, wished: int, tried: int) -> int:
    """The first port that is free, from the one wished on; 0 stands for any.

    Raises ServerError where none is.
    """
    if not 0 <= wished < PORTS:
        raise ServerError(
            f"--port must be 0 to {PORTS - 1} (0: any that is free), but got {wished}"
        )
    last = min(wished + tried, PORTS) - 1
    for port in range(wished, last + 1):
        try:
            with socket.create_server((host, port), family=_family(host)) as free:
                return int(free.getsockname()[1])  # not `port`, for 0 stands for any
        except OSError:
            continue
    which = f"no free port from {wished} to {last}" if tried > 1 else f"port {wished} is not free"
    raise ServerError(f"{which} on {host}; pass --port")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _read(process: subprocess.Popen[str], last: deque[str], hear: Callable[[str], None]) -> None:
    """Hear what it prints to its end, so that it never waits for a reader."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip():
            last.append(line.strip())
            hear(line.rstrip("\n"))


def _wait(
    process: subprocess.Popen[str], url: str, reader: threading.Thread, last: deque[str]
) -> None:
    """Return when the server answers."""
    give_up = time.monotonic() + LONGEST_START
    while time.monotonic() < give_up:
        if process.poll() is not None:
            reader.join(LONGEST_STOP)
            words = last[0] if last else "it said nothing"
            raise ServerError(f"the MLflow server ended at once: {words}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise ServerError(f"the MLflow server did not answer within {LONGEST_START:.0f} s")


def _stop(process: subprocess.Popen[str]) -> None:
    """End the server and its workers, whether or not they want to."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(LONGEST_STOP)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
