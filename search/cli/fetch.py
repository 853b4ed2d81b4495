"""Bring a search from the cluster it was submitted to: its study, confirmation and best.

`leaderboard`, `export`, `gallery` and `ui` then work here, also while it still runs there.

example:
  actsearch fetch mine
"""

from __future__ import annotations

import argparse
import sys

from ...space.counted import counted
from .completers import complete, submissions
from .options import print_json

ORDER = 18


def add_arguments(parser: argparse.ArgumentParser) -> None:
    complete(parser.add_argument("search", help="name of a search"), submissions)
    # In the job that a fetch starts on the cluster: print the search's folder for it.
    parser.add_argument("--pack", action="store_true", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    from ..errors import InvalidSetting
    from ..service.fetching import fetch, pack
    from ..service.overview import job_of
    from ..storage.home import Home
    from ..tracking import sync

    home, name = Home.at(options.home), options.search
    if options.pack:
        for line in pack(home, name):
            print(line)
        return 0
    job = job_of(home, name)
    if job is None:
        folder = home.folder(name)
        raise InvalidSetting(f"search '{name}' is here already, in {folder}: nothing to fetch")
    print(f"a job on {job.address} packs it …", file=sys.stderr)
    fetched = fetch(home, name, job)
    count = sync(home, name)
    if options.json:
        print_json({"name": name, "folder": str(fetched.folder), "candidates": count})
    else:
        print(
            f"search '{name}' is in {fetched.folder} ({fetched.size / 1024:,.0f} KiB came), and "
            f"MLflow has {counted(count, 'candidate')} of it"
        )
    return 0
