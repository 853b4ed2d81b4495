"""Write a search's candidates and confirmation to MLflow anew, from its own folder.

For after MLflow was unreachable, or to fill another server (MLFLOW_TRACKING_URI).
"""

from __future__ import annotations

import argparse

from ...space.counted import counted
from .completers import complete, searches
from .options import home_flag, print_json

ORDER = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    complete(parser.add_argument("search", help="name of a search"), searches)


def run(options: argparse.Namespace) -> int:
    from ..storage.home import Home
    from ..tracking import sync

    count = sync(Home.at(options.home), options.search)
    if options.json:
        print_json({"search": options.search, "written": count})
    else:
        print(
            f"{counted(count, 'candidate')} written; browse them with "
            f"`actsearch ui {options.search}{home_flag(options)}`"
        )
    return 0
