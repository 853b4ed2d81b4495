"""Show a candidate's property card: formula, derivative, what it is known as, cost, verdicts.

examples:
  actsearch describe "min(x, sin(x))"
  actsearch describe Swish --at beta=1.7 --plot swish.png
  actsearch describe rational
  actsearch describe "gelu(x) * cos(x)" --surface surface.svg --json
  actsearch describe mine --trial 12      also what each layer learned it to be
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .completers import complete, searches
from .options import check_picture, print_json, terminal_width

if TYPE_CHECKING:
    from ...space import Expression

ORDER = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    candidate = parser.add_argument(
        "candidate",
        metavar="EXPR|NAME|SEARCH",
        help="an expression, a name that `actsearch catalog` lists, or a search (its best)",
    )
    complete(candidate, searches)
    parser.add_argument("--trial", type=int, metavar="N", help="this trial of the search instead")
    parser.add_argument(
        "--at",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="look at it with this parameter learned to this value (repeatable)",
    )
    parser.add_argument("--plot", metavar="FILE", help="draw f and f' into a .png or .svg file")
    parser.add_argument(
        "--surface", metavar="FILE", help="draw f(x) + f(y) and its gradient's size likewise"
    )


def run(options: argparse.Namespace) -> int:
    from ...space.analysis.card import card, card_json, card_text

    expression, learned = _candidate(options)
    values = _values(options.at, [p.name for p in expression.parameters])
    for name in (options.plot, options.surface):
        check_picture(name)
    facts = card(expression, values)
    layers = _layers(expression, learned)
    if options.json:
        print_json(card_json(facts) | {"learned": layers})
    else:
        print(card_text(facts, terminal_width()))
        for number, layer in enumerate(layers, 1):
            text = ", ".join(f"{name} = {value:.4g}" for name, value in layer["values"].items())
            print(f"learned in layer {number}: {text}: {layer['known_as']}")
    _draw(options, expression, values, learned)
    return 0


def _candidate(options: argparse.Namespace) -> tuple[Expression, Mapping[str, Sequence[float]]]:
    """The expression, and what each layer learned where it comes from a search."""
    from ..storage.expression_argument import expression_of
    from ..storage.home import Home

    text: str = options.candidate
    home = Home.at(options.home)
    if options.trial is not None or text in home.names():
        from ..exporting.winner import exportable

        best = exportable(home, text, options.trial)
        return best.expression, best.learned
    return expression_of(text), {}


def _layers(
    expression: Expression, learned: Mapping[str, Sequence[float]]
) -> list[dict[str, Any]]:
    """The function that the candidate is in each layer, at the values that it learned there."""
    from ...space.analysis.identify import identify

    names = [p.name for p in expression.parameters if p.name in learned]
    rows = [
        dict(zip(names, layer, strict=True))
        for layer in zip(*(learned[name] for name in names), strict=False)
    ]
    return [{"values": row, "known_as": identify(expression, row).sentence} for row in rows]


def _values(arguments: list[str], known: list[str]) -> dict[str, float]:
    from ...space import ActsearchError, UnknownNameError

    values: dict[str, float] = {}
    for text in arguments:
        name, _, number = text.partition("=")
        if name not in known:
            raise UnknownNameError("parameter", name, known)
        if name in values:
            raise ActsearchError(f"--at takes each parameter once, but got {name} twice")
        try:
            values[name] = float(number)
        except ValueError:
            raise ActsearchError(
                f"--at takes NAME=VALUE with a number, but got '{text}'"
            ) from None
    return values


def _draw(
    options: argparse.Namespace,
    expression: Expression,
    values: dict[str, float],
    learned: Mapping[str, Sequence[float]],
) -> None:
    if options.plot is None and options.surface is None:
        return
    from ...mlflow.figures.curves import candidate_figure, save
    from ...mlflow.figures.unit_surface import surface_figure
    from ...space.modules.codegen import with_initial

    here = with_initial(expression, values)
    if options.plot:
        save(candidate_figure(here, learned), Path(options.plot))
    if options.surface:
        save(surface_figure(here), Path(options.surface))
