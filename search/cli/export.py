"""Write a candidate as a stand-alone nn.Module file, and prove the file.

examples:
  actsearch export mine -o best/
  actsearch export "x * sigmoid(beta[channel] * x)" -o swish/
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="SEARCH|EXPR", help="a search (its best) or an expression")
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

    what = exportable(Home.at(options.home), options.what, options.trial)
    done = export(
        what.expression,
        Path(options.output),
        facts=what.facts,
        notes=what.notes,
        learned=what.learned if options.learned else None,
        class_name=options.class_name,
    )
    if options.json:
        print_json(
            {
                "module": str(done.module),
                "description": str(done.description),
                "largest_relative_difference": done.difference,
            }
        )
    else:
        print(
            f"{done.module}: f(x) = {what.expression}\n"
            f"proved in a fresh process: value and gradient within {done.difference:.1e} of the "
            f"searched module (allowed {TOLERANCE:g})"
        )
    return 0
