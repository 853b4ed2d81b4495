"""Show a search's candidates, best first; without a name, the searches of this home.

examples:
  actsearch leaderboard mine
  actsearch leaderboard mine --watch       # until the search ends; Ctrl-C leaves it running
  actsearch leaderboard mine --json | jq '.[0].expression'
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from .completers import complete, searches
from .options import home_flag, positive, print_json, terminal_width
from .watching import watch

ORDER = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    complete(parser.add_argument("search", nargs="?", help="name of a search"), searches)
    parser.add_argument(
        "--rows", type=positive, default=15, metavar="N", help="at most (default %(default)s)"
    )
    parser.add_argument("--watch", action="store_true", help="show it anew, as long as it runs")


def run(options: argparse.Namespace) -> int:
    if options.watch and not options.json:
        watch(lambda: _look(options))
        return 0
    if options.json:
        _print_json(options)
        return 0
    text, _ = _look(options)
    if text:
        print(text)
    return 0


def _look(options: argparse.Namespace) -> tuple[str, bool]:
    """The table as it stands, and whether anything runs."""
    from ..reports import leaderboard as tables
    from ..storage.folder_lock import LOCK, holder
    from ..storage.home import CONFIG, DRIVER_LOCK, Home
    from ..storage.search_file import SearchFile
    from ..storage.trial_reader import read_trials

    def runs_in(folder: Path) -> bool:
        """Whether something works on a search, or waits to."""
        return any(holder(folder, lock) is not None for lock in (LOCK, DRIVER_LOCK))

    home = Home.at(options.home)
    fit = terminal_width()
    if options.search is None:
        rows, unreadable = tables.overview(home)
        if not options.watch or not rows:
            _say_unreadable(unreadable)
        runs = any(runs_in(home.searches / row["name"]) for row in rows)
        if options.watch:  # the newest first: a terminal shows as many as it has lines for
            rows = rows[::-1]
        text = tables.overview_text(rows, home.root, fit, home_flag(options))
        return text if rows or not unreadable else "", runs
    folder = home.searches / options.search
    if options.watch and not (folder / CONFIG).exists() and runs_in(folder):
        return f"search '{options.search}' has not begun yet", True
    folder = home.folder(options.search)
    config = SearchFile.load(folder).config
    runs = runs_in(folder)  # asked first: what has ended is then all read
    return tables.leaderboard_text(read_trials(folder), config, options.rows, fit), runs


def _print_json(options: argparse.Namespace) -> None:
    from ..reports import leaderboard as tables
    from ..storage.home import Home
    from ..storage.search_file import SearchFile
    from ..storage.trial_reader import read_trials

    home = Home.at(options.home)
    if options.search is None:
        rows, unreadable = tables.overview(home)
        print_json(rows)
        _say_unreadable(unreadable)
        return
    folder = home.folder(options.search)
    config = SearchFile.load(folder).config
    print_json(tables.leaderboard_json(read_trials(folder), config))


def _say_unreadable(unreadable: Mapping[str, str]) -> None:
    from ...space.printable import printable

    for name, reason in unreadable.items():
        print(printable(f"search '{name}' cannot be read: {reason}"), file=sys.stderr)
