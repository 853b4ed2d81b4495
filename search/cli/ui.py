"""Open the MLflow UI on this home's results, on this machine only.

example:
  actsearch ui mine
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from .completers import complete, searches
from .options import stoppable

ORDER = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    search = parser.add_argument(
        "search", nargs="?", help="open on the leaderboard of this search"
    )
    complete(search, searches)
    parser.add_argument(
        "--host", default="127.0.0.1", help="a loopback address (default %(default)s)"
    )
    parser.add_argument("--port", type=int, default=5000, help="default %(default)s")


def run(options: argparse.Namespace) -> int:
    from ...mlflow.ui_server import serve
    from ..storage.home import Home

    home = Home.at(options.home)
    if options.search is not None:
        home.folder(options.search)
    remote = os.environ.get("MLFLOW_TRACKING_URI")
    if remote:
        from ...mlflow.uris import public
        from ..tracking import tracker_of

        fragment = tracker_of(home).link(options.search)[1] if options.search else ""
        print(f"{public(remote)}/{fragment}")
        return 0
    print("starting the MLflow UI (about 10 s) …", file=sys.stderr)
    with serve(home.root, options.host, options.port, options.search) as url:
        print(url, flush=True)
        print("Ctrl-C stops it", file=sys.stderr)
        try:
            with stoppable():
                while True:
                    time.sleep(3600)
        except KeyboardInterrupt:
            return 0
