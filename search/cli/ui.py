"""Open the MLflow UI on this home's results, on this machine only.

Without a name it opens on the search launched last, and lists the links of the others.

example:
  actsearch ui mine
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from .completers import complete, searches
from .options import print_url, stoppable

if TYPE_CHECKING:
    from ..storage.home import Home

ORDER = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    search = parser.add_argument(
        "search", nargs="?", help="open on its leaderboard (default: that launched last)"
    )
    complete(search, searches)
    parser.add_argument(
        "--host", default="127.0.0.1", help="a loopback address (default %(default)s)"
    )
    parser.add_argument("--port", type=int, default=5000, help="default %(default)s")


def run(options: argparse.Namespace) -> int:
    from ...mlflow.ui_server import serve
    from ..errors import InvalidSetting
    from ..storage.home import Home

    home = Home.at(options.home)
    if options.search is not None:
        home.folder(options.search)
    remote = os.environ.get("MLFLOW_TRACKING_URI")
    if remote:
        from ...mlflow.uris import public

        if not remote.startswith(("http://", "https://")):
            raise InvalidSetting(
                f"MLFLOW_TRACKING_URI is {public(remote)}, which no browser opens: serve it with "
                f"`mlflow server --backend-store-uri …` and set that server's address, or unset "
                f"it to see the home's own store"
            )
        links = _links(home, options.search)
        print_url(f"{public(remote)}/{next(iter(links.values()), '')}", options)
        return 0
    print("starting the MLflow UI (about 10 s) …", file=sys.stderr)
    links = _links(home, options.search)
    with serve(home.root, options.host, options.port, next(iter(links), None)) as url:
        print_url(url, options)
        address = url.partition("#")[0]
        for name, link in list(links.items())[1:]:
            print(f"search '{name}': {address}{link}", file=sys.stderr)
        print("Ctrl-C stops it", file=sys.stderr)
        try:
            with stoppable():
                while True:
                    time.sleep(3600)
        except KeyboardInterrupt:
            return 0


def _links(home: Home, search: str | None) -> dict[str, str]:
    """The end of the URL of a search, or of all that MLflow has, the one launched last first."""
    from ...mlflow.client import TrackingRefused, database
    from ..tracking import tracker_of

    tracker = tracker_of(home)
    if not os.environ.get("MLFLOW_TRACKING_URI") and not database(home.root).exists():
        return {}
    if search is not None:
        return {search: tracker.link(search)[1]}
    links: dict[str, str] = {}
    for name in reversed(home.names()):
        with suppress(TrackingRefused):  # it was never written there
            links[name] = tracker.link(name)[1]
    return links
