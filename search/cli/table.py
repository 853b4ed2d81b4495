"""Make a table of searches: the scores of their candidates in one file that can be replayed.

Searches of one space under one recipe; each adds its seed. `--evaluator FILE.jsonl` then looks
the scores up instead of training, so that a strategy is tried in seconds. A candidate that halving
stopped early stays at its last score there: for a fair table search with a recipe of eta = 1.

examples:
  actsearch table mine -o mine.jsonl
  actsearch table seed-0 seed-1 seed-2 -o mine.jsonl
  actsearch search --evaluator mine.jsonl --strategy tpe
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from ...space.counted import counted
from .completers import complete, searches
from .options import print_json

ORDER = 125


def add_arguments(parser: argparse.ArgumentParser) -> None:
    complete(parser.add_argument("searches", nargs="+", metavar="SEARCH"), searches)
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE.jsonl", help="the file to write"
    )


def run(options: argparse.Namespace) -> int:
    from ..storage.home import Home
    from ..table import table_of, write_table

    path = Path(options.output)
    table = table_of(Home.at(options.home), options.searches, path.stem)
    write_table(table, path)
    trainings = sum(map(len, table.rows.values()))
    if options.json:
        summary = {"table": str(path), "candidates": len(table.rows), "trainings": trainings}
        print_json(summary)
    else:
        whole = len(table.recipe.rungs)
        ends = [curve for curves in table.rows.values() for curve in curves.values()]
        if cut := sum(len(curve) < whole and curve[-1] is not None for curve in ends):
            print(
                f"stopped early: {counted(cut, 'training')}; a replay shows each with the score "
                f"that it had there"
            )
        replay = ["actsearch", "search", "--space", table.space, "--evaluator", str(path)]
        print(
            f"{counted(len(table.rows), 'candidate')}, {counted(trainings, 'training')}; "
            f"replay them with: {shlex.join(replay)}"
        )
        seeds = {seed for curves in table.rows.values() for seed in curves}
        if rest := sorted(seeds - {*table.shared_seeds}):
            print(
                f"not replayed, since not all candidates have them: seed "
                f"{', '.join(map(str, rest))}"
            )
    return 0
