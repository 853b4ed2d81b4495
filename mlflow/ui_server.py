"""The MLflow UI on a home's own store, for as long as a `with` block lasts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path

from .client import database, local_uri
from .server_process import ServerError, address, free_port, running
from .tracker import Tracker

PORTS_TRIED = 20  # the wished one and those after it
APP = "actsearch"  # the entry point of ui_app.py


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
    port = free_port(host, port, PORTS_TRIED)
    if not database(home).exists():
        raise ServerError(f"no runs in {home.resolve()} yet: start one with actsearch search")
    tracker = Tracker(home)
    tracker.check()  # makes a damaged store anew
    page = tracker.link(search)[1] if search else "#/experiments?workflowType=machine_learning"
    # An editable install of before this entry point shows MLflow's own first page.
    app = ("--app-name", APP) if entry_points(group="mlflow.app", name=APP) else ()
    arguments = (
        *("--backend-store-uri", local_uri(home)),
        *("--artifacts-destination", str(home.resolve() / "artifacts")),
        *("--workers", "1", *app),
    )
    with running(arguments, {}, host, port):
        yield address(host, port) + page


def _require_loopback(host: str) -> None:
    if not is_loopback(host):
        raise ServerError(
            f"the UI has no passwords, so it is served on loopback addresses only, not on "
            f"'{host}'; from another machine use: ssh -L 5000:127.0.0.1:5000 THIS_MACHINE; for "
            f"several people there is `actsearch server`"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
