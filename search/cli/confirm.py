"""Re-train finalists (or any expressions) against baselines over paired seeds; opens the test set.

What is recorded is shown again without opening the test set again.

examples:
  actsearch confirm mine --seeds 10
  actsearch confirm mine --also-on kmnist
  actsearch confirm "min(x, sin(x))" "x * tanh(x)" --recipe standard --second resnet20
"""

from __future__ import annotations

import argparse

from .completers import complete, recipes, searches
from .options import (
    add_evaluator,
    add_other_trainings,
    add_setting,
    add_workers,
    print_json,
    stoppable,
    terminal_width,
)

ORDER = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    functions = parser.add_argument(
        "functions", nargs="+", metavar="SEARCH|EXPR|NAME", help="one search, or expressions"
    )
    complete(functions, searches)
    add_setting(parser, "--seeds", type=int, metavar="N", help="fresh paired seeds")
    add_setting(parser, "--finalists", type=int, metavar="N", help="of a search")
    group = parser.add_argument_group("networks and data")
    recipe = group.add_argument(
        "--recipe", help="of expressions (default quick), by name or TOML file"
    )
    complete(recipe, recipes)
    add_evaluator(group)
    add_other_trainings(group)
    group.add_argument(
        "--limit-data", type=int, metavar="N", help="of expressions: training images, at least 300"
    )
    add_workers(parser)


def run(options: argparse.Namespace) -> int:
    from ..confirm import confirm_expressions, confirm_search
    from ..display.console import Progress
    from ..evaluator_choice import chosen, recipe_of
    from ..reports.confirmation import confirmation_json, confirmation_text
    from ..storage.home import Home
    from ..storage.recipe_rules import second_recipe

    home = Home.at(options.home)
    is_search = len(options.functions) == 1 and options.functions[0] in home.names()
    _check_fits(options, is_search)
    keys = (
        "seeds",
        "finalists",
        "also_on",
        "workers",
        "gpus_per_worker",
        "ray_address",
        "rung_limit",
    )
    settings = {key: getattr(options, key) for key in keys if getattr(options, key) is not None}
    with Progress() as progress, stoppable():
        if is_search:
            confirmation = confirm_search(home, options.functions[0], settings, progress)
        else:
            evaluator = chosen(options.evaluator)
            recipe = recipe_of(evaluator, options.recipe, options.limit_data)
            second = second_recipe(recipe, options.second)
            second = second and second.limited(options.limit_data)
            confirmation = confirm_expressions(
                home, options.functions, settings, recipe, second, progress, evaluator
            )
    if options.json:
        print_json(confirmation_json(confirmation))
    else:
        print(confirmation_text(confirmation, terminal_width()))
    return 0


def _check_fits(options: argparse.Namespace, is_search: bool) -> None:
    """Refuse an option that would be left unheard; a project's default gives way."""
    from ..errors import InvalidSetting

    of_expressions = ("recipe", "second", "limit_data", "evaluator")
    for option in of_expressions if is_search else ("finalists",):
        if option in options.project:
            setattr(options, option, None)
    for option in of_expressions:
        if is_search and getattr(options, option) is not None:
            flag = option.replace("_", "-")
            raise InvalidSetting(f"--{flag} is for expressions: a search has its own recipes")
    if not is_search and options.finalists is not None:
        raise InvalidSetting("--finalists is for a search: of expressions, all are finalists")
