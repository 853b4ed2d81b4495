"""Show how a search stands: state, candidates, best, rate, time left, workers, log.

Without a name, all searches of this home that ran, run or wait in the queue.

examples:
  actsearch status
  actsearch status mine --watch     # until it ends; Ctrl-C leaves it running
"""

from __future__ import annotations

import argparse
import sys

from .completers import complete, submissions
from .options import home_flag, print_json, terminal_width
from .watching import Look, watch

ORDER = 13


def add_arguments(parser: argparse.ArgumentParser) -> None:
    complete(parser.add_argument("search", nargs="?", help="name of a search"), submissions)
    parser.add_argument("--watch", action="store_true", help="show it anew, as long as it runs")


def run(options: argparse.Namespace) -> int:
    look = _single(options) if options.search is not None else _all(options)
    if options.watch and not options.json:
        watch(look)
    else:
        text, _ = look()
        if text:
            print(text)
    return 0


def _single(options: argparse.Namespace) -> Look:
    from ..service.overview import current_status
    from ..service.status_text import status_json, status_text
    from ..storage.home import Home

    def look() -> tuple[str, bool]:
        status = current_status(Home.at(options.home), options.search)
        if options.json:
            print_json(status_json(status))
            return "", False
        return status_text(status, home_flag(options)), status.runs

    return look


def _all(options: argparse.Namespace) -> Look:
    from ...space.printable import printable
    from ..service.overview import current_statuses
    from ..service.status_text import status_json, statuses_text
    from ..storage.home import Home

    def look() -> tuple[str, bool]:
        home = Home.at(options.home)
        rows, unreadable = current_statuses(home)
        if not options.watch or options.json or not rows:  # else it would stand above the table
            for name, reason in unreadable.items():
                print(printable(f"search '{name}' cannot be read: {reason}"), file=sys.stderr)
        if options.json:
            print_json([status_json(row) for row in rows])
            return "", False
        if options.watch:  # what runs, the newest first: a terminal shows what it has lines for
            rows = sorted(reversed(rows), key=lambda row: not row.runs)
        text = statuses_text(rows, home.root, terminal_width(), home_flag(options))
        return text if rows or not unreadable else "", any(row.runs for row in rows)

    return look
