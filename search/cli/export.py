"""Write a candidate as files for other programs, each proved: a stand-alone nn.Module by default.

formats:
  torch   activation.py, an nn.Module that needs torch alone, and activation.json
  numpy   activation_numpy.py, one function of arrays
  jax     activation_jax.py, one function for jit, grad and vmap     (pip install 'actsearch[jax]')
  onnx    activation.onnx, float32, any size of batch and features  (pip install 'actsearch[onnx]')
  mlflow  mlflow-model/, which mlflow.pytorch loads where actsearch is not installed
  latex   activation.tex, formula and derivative
  card    CARD.md and curve.png: formula, plot, results, limits, how to cite

examples:
  actsearch export mine -o best/
  actsearch export GELU -o gelu/ --format torch,onnx,card
  actsearch export "x * sigmoid(beta[channel] * x)" -o swish/
  actsearch export "x * tanh(softplus(x)) + sin(x)" -o lean/ --memory
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .completers import complete, searches
from .options import print_json

if TYPE_CHECKING:
    from ..exporting.module_file import Exported
    from ..exporting.winner import Best

ORDER = 110


def add_arguments(parser: argparse.ArgumentParser) -> None:
    candidate = parser.add_argument(
        "candidate",
        metavar="SEARCH|EXPR|NAME",
        help="a search (its best), an expression, or a name that `actsearch catalog` lists",
    )
    complete(candidate, searches)
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="DIR",
        help="folder to write to; what it holds stays, and a file of the same name is refused",
    )
    parser.add_argument(
        "--format",
        action="append",
        metavar="F[,F…]",
        help="one or several of those above (repeatable); default torch",
    )
    parser.add_argument(
        "--memory",
        action="store_true",
        help="activation.py keeps one tensor for the backward pass and computes the rest anew",
    )
    parser.add_argument("--trial", type=int, metavar="N", help="this trial of the search instead")
    parser.add_argument("--class-name", default="Activation", help="default %(default)s")
    parser.add_argument(
        "--learned",
        action="store_true",
        help="start parameters shared by the whole net where training took them",
    )
    parser.add_argument("--yes", action="store_true", help="a trial that diverged too, unasked")


def run(options: argparse.Namespace) -> int:
    from ..errors import InvalidSetting
    from ..exporting.module_file import check_formats, export
    from ..exporting.winner import exportable
    from ..storage.home import Home

    formats = [name.strip() for text in options.format or ["torch"] for name in text.split(",")]
    check_formats(formats)
    if options.memory and not {"torch", "mlflow"} & set(formats):
        raise InvalidSetting(
            f"--memory is about activation.py, which --format {','.join(formats)} does not write: "
            f"add torch to the formats, or leave --memory out"
        )
    best = exportable(Home.at(options.home), options.candidate, options.trial)
    if not options.yes and not _wanted(best, options.trial):
        print("nothing written; --yes exports it without asking", file=sys.stderr)
        return 1
    if options.learned and best.trial is not None and not best.learned:
        _refuse_learned(best)
    exported = export(
        best.expression,
        Path(options.output),
        facts=best.facts,
        notes=best.notes,
        learned=best.learned if options.learned else None,
        class_name=options.class_name,
        formats=formats,
        memory=options.memory,
    )
    _print(exported, best, options.json)
    return 0


def _refuse_learned(best: Best) -> None:
    """Raise InvalidSetting where --learned has values to start from, but no training gave any."""
    from ..errors import InvalidSetting

    if names := ", ".join(p.name for p in best.expression.parameters):
        raise InvalidSetting(
            f"--learned needs a training that learned {names}, and of trial {best.trial} there is "
            f"none: a table has scores alone; leave --learned out"
        )


def _wanted(best: Best, trial: int | None) -> bool:
    """Whether the user wants a candidate that did not train; asks where there is a terminal."""
    reason = best.facts.get("infeasible")
    if reason is None:
        return True
    question = f"trial {trial}, f(x) = {best.expression}, did not train ({reason})"
    print(question, file=sys.stderr)
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    return input("export it all the same? [y/N] ").strip().lower() in ("y", "yes")


def _print(exported: Exported, best: Best, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "module": str(exported.module),
                "description": str(exported.description),
                "largest_relative_difference": exported.difference,
                "files": [str(path) for path in exported.files],
                "proofs": {name: p.text if p else None for name, p in exported.proofs.items()},
            }
        )
        return
    print(f"{exported.files[0]}: f(x) = {best.expression}")
    for path in exported.files[1:]:
        print(path)
    for name, proof in exported.proofs.items():
        if proof is not None:
            print(f"{name}: {proof.text}")
