"""Remove a search everywhere: its folder and its MLflow experiment. Asks first."""

from __future__ import annotations

import argparse
import sys

from .completers import complete, searches

ORDER = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    complete(parser.add_argument("search", help="name of a search"), searches)
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(options: argparse.Namespace) -> int:
    from .. import tracking
    from ..storage.home import Home

    home = Home.at(options.home)
    folder = home.any_folder(options.search)
    if not options.yes:
        answer = input(f"remove {folder} and its MLflow runs? [y/N] ") if _asks() else ""
        if answer.strip().lower() not in ("y", "yes"):
            print("nothing removed; --yes removes without asking", file=sys.stderr)
            return 1
    tracker = tracking.tracker_of(home)
    tracker.check()
    home.delete(options.search, lambda: tracker.delete_search(options.search))
    print(f"removed {options.search}", file=sys.stderr)
    return 0


def _asks() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
