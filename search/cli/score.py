"""Train expressions and score them on validation images; the test set stays closed.

examples:
  actsearch score "min(x, sin(x))"
  actsearch score "x * sigmoid(beta * x)" "relu(x)" --seeds 5
  actsearch score "tanh(x)" --evaluator mine:evaluator
"""

from __future__ import annotations

import argparse

from .completers import complete, recipes
from .options import (
    add_evaluator,
    add_workers,
    print_json,
    stoppable,
    terminal_width,
)

ORDER = 50
SEEDS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("expressions", nargs="+", metavar="EXPR|NAME")
    recipe = parser.add_argument("--recipe", help="default quick, or the evaluator's own")
    complete(recipe, recipes)
    add_evaluator(parser)
    parser.add_argument(
        "--seeds", type=int, metavar="N", help=f"default {SEEDS}, of a table what it has"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the first of them")
    parser.add_argument(
        "--limit-data", type=int, metavar="N", help="use only N training images, at least 300"
    )
    add_workers(parser)


def run(options: argparse.Namespace) -> int:
    from ..display.console import Progress
    from ..evaluator_choice import chosen, recipe_of
    from ..reports.scores import score_json, score_text
    from ..score import score
    from ..storage.config import RunSettings
    from ..storage.home import Home

    settings = {
        key: getattr(options, key)
        for key in ("workers", "gpus_per_worker", "ray_address", "rung_limit")
        if getattr(options, key) is not None
    }
    evaluator = chosen(options.evaluator)
    recipe = recipe_of(evaluator, options.recipe, options.limit_data)
    known = None if evaluator.custom is None else evaluator.custom.distinct_seeds()
    seeds = min(SEEDS, known or SEEDS) if options.seeds is None else options.seeds
    with Progress() as progress, stoppable():
        scores = score(
            Home.at(options.home),
            options.expressions,
            recipe,
            range(options.seed, options.seed + seeds),
            RunSettings(**settings),
            progress,
            evaluator,
        )
    if options.json:
        print_json([score_json(row) for row in scores])
    else:
        print(score_text(scores, recipe, terminal_width()))
    return 0
