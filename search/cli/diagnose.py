"""Train a network once and look inside: signals, dead units, gradients, weights, curvature.

Only training images are looked at and only validation images score it: the test set stays closed.
Parts, for --only and --skip: signals, dead, gradients, change, hessian, surface, instability,
kernel. docs/diagnose.md says what each number means.

examples:
  actsearch diagnose "relu(x)"
  actsearch diagnose Mish --compare "relu(x)" --recipe conv -o mish
  actsearch diagnose "x * sigmoid(beta * x)" --limit-data 6000 --only dead gradients --json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ...space.counted import counted
from .completers import complete, recipes
from .options import home_flag, print_json, stoppable

ORDER = 70


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "candidate",
        metavar="EXPR|NAME",
        help="an expression, or a name that `actsearch catalog` lists",
    )
    parser.add_argument("--compare", metavar="EXPR|NAME", help="look into this one too")
    complete(parser.add_argument("--recipe", default="quick", help="default %(default)s"), recipes)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="default %(default)s")
    parser.add_argument(
        "--limit-data", type=int, metavar="N", help="use only N training images, at least 300"
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="where figures go (default: in the home)"
    )
    group = parser.add_argument_group("measurements")
    group.add_argument("--only", nargs="+", default=[], metavar="PART", help="just these parts")
    group.add_argument("--skip", nargs="+", default=[], metavar="PART", help="all but these")
    group.add_argument(
        "--images", type=int, metavar="N", help="training images to look at (default 512)"
    )


def run(options: argparse.Namespace) -> int:
    import logging

    import torch

    from ...evaluators import recipe_from_name
    from ...evaluators.diagnosis.sizes import Sizes
    from ...mlflow.client import TrackingError
    from ...mlflow.diagnoses import EXPERIMENT
    from .. import diagnosis as diagnosing
    from ..display.console import Progress
    from ..evaluator_choice import check_limit
    from ..storage.expression_argument import trained_expressions
    from ..storage.home import Home

    torch.set_num_threads(1)  # two are slower than one where the machine is shared
    home = Home.at(options.home)
    names = [options.candidate] + ([options.compare] if options.compare else [])
    candidates = trained_expressions(home, names)
    check_limit(options.limit_data)
    recipe = recipe_from_name(options.recipe).limited(options.limit_data)
    folder = (
        Path(options.output)
        if options.output
        else diagnosing.default_folder(home, candidates, recipe, options.seed)
    )
    sizes = Sizes() if options.images is None else Sizes(images=options.images)
    parts = diagnosing.parts_of(options.only, options.skip)
    with Progress() as progress, stoppable():
        timed = diagnosing.run(candidates, recipe, options.seed, parts, sizes, progress)
        diagnoses = [entry.diagnosis for entry in timed]
        files = diagnosing.keep(diagnoses, folder)
        if options.json:
            print_json([diagnosis.to_dict() for diagnosis in diagnoses])
        else:
            print(diagnosing.text_of(diagnoses))
        progress.stage(f"{counted(len(files), 'file')} in {folder}")
        try:
            for entry in timed:
                diagnosing.show(home, entry)
            command = f"`actsearch ui{home_flag(options)}`"
            progress.stage(f"in MLflow: experiment '{EXPERIMENT}', see it with {command}")
        except TrackingError as error:
            logging.getLogger(__name__).warning("MLflow does not show the diagnosis: %s", error)
    return 0
