"""Write a candidate as a stand-alone nn.Module file, and prove the file.

examples:
  actsearch export mine -o best/
  actsearch export GELU -o gelu/
  actsearch export "x * sigmoid(beta[channel] * x)" -o swish/
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .completers import complete, searches
from .options import print_json

ORDER = 110


def add_arguments(parser: argparse.ArgumentParser) -> None:
    candidate = parser.add_argument(
        "candidate",
        metavar="SEARCH|EXPR|NAME",
        help="a search (its best), an expression, or a name that `actsearch catalog` lists",
    )
    complete(candidate, searches)
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="folder to write to")
    parser.add_argument("--trial", type=int, metavar="N", help="this trial of the search instead")
    parser.add_argument("--class-name", default="Activation", help="default %(default)s")
    parser.add_argument(
        "--learned",
        action="store_true",
        help="start parameters shared by the whole net where training took them",
    )


def run(options: argparse.Namespace) -> int:
    from ..exporting.module_file import TOLERANCE, export
    from ..exporting.winner import exportable
    from ..storage.home import Home

    best = exportable(Home.at(options.home), options.candidate, options.trial)
    exported = export(
        best.expression,
        Path(options.output),
        facts=best.facts,
        notes=best.notes,
        learned=best.learned if options.learned else None,
        class_name=options.class_name,
    )
    if options.json:
        print_json(
            {
                "module": str(exported.module),
                "description": str(exported.description),
                "largest_relative_difference": exported.difference,
            }
        )
    else:
        print(
            f"{exported.module}: f(x) = {best.expression}\n"
            f"proved in a fresh process: value and gradient within {exported.difference:.1e} of "
            f"the searched module (allowed {TOLERANCE:g})"
        )
    return 0
