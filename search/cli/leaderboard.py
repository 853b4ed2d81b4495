"""Show a search's candidates, best first; without a name, the searches of this home.

examples:
  actsearch leaderboard mine
  actsearch leaderboard mine --json | jq '.[0].expression'
"""

from __future__ import annotations

import argparse
import sys

from .completers import complete, searches
from .options import positive, print_json

ORDER = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    complete(parser.add_argument("search", nargs="?", help="name of a search"), searches)
    parser.add_argument(
        "--rows", type=positive, default=15, metavar="N", help="at most (default %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    from ...space.printable import printable
    from ..reports import leaderboard as tables
    from ..storage.home import Home

    home = Home.at(options.home)
    if options.search is None:
        rows, unreadable = tables.overview(home)
        if options.json:
            print_json(rows)
        elif rows or not unreadable:
            print(tables.overview_text(rows, home.root))
        for name, reason in unreadable.items():
            print(printable(f"search '{name}' cannot be read: {reason}"), file=sys.stderr)
        return 0
    from ..storage.config import SearchFile
    from ..storage.trial_reader import read_trials

    folder = home.folder(options.search)
    config, trials = SearchFile.load(folder).config, read_trials(folder)
    if options.json:
        print_json(tables.leaderboard_json(trials, config.objectives))
    else:
        validation = config.recipe.validation
        print(tables.leaderboard_text(trials, validation, options.rows, config.objectives))
    return 0
