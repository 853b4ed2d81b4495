"""Correct an activation away from the worst one for its input's density (EAFO).

examples:
  actsearch eafo "relu(x)"
  actsearch eafo "tanh(x)" --density laplace --scale 2
  actsearch eafo --worst --density logistic --low -1

The first finds CRReLU: max(x, 0) + epsilon * x * exp(-x ** 2 / 2). The candidate printed can be
given to `score`, `confirm`, `describe` and `export`.
"""

from __future__ import annotations

import argparse

from .options import print_json

ORDER = 100
EPSILON = 0.01


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "expression", nargs="?", metavar="EXPR|NAME", help="the activation to correct"
    )
    parser.add_argument(
        "--density",
        default="normal",
        metavar="NAME",
        help="of the pre-activation: normal, logistic, laplace, cauchy, or any expression that is "
        "nowhere negative (default %(default)s)",
    )
    parser.add_argument("--mean", type=float, default=0.0, help="of it (default %(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="of it (default %(default)s)")
    parser.add_argument("--epsilon", type=float, help=f"initial (default {EPSILON})")
    parser.add_argument("--worst", action="store_true", help="show the worst activation instead")
    parser.add_argument("--low", type=float, help="its limit on the left (default 0)")
    parser.add_argument("--high", type=float, help="and on the right (default 1)")


def run(options: argparse.Namespace) -> int:
    from ...space.eafo import eafo
    from ...space.eafo.density import density
    from ...space.errors import CandidateError
    from ..reports.text_table import Column, text_table
    from ..storage.expression_argument import expression_of

    _check_fits(options)
    _check_density(options.density)
    under = density(options.density, mean=options.mean, scale=options.scale)
    if options.worst:
        low, high = options.low or 0.0, 1.0 if options.high is None else options.high
        text = str(eafo.worst(under, low=low, high=high))
        print_json({"worst": text, "density": str(under.shape)}) if options.json else print(text)
        return 0
    if options.expression is None:
        raise CandidateError("say which activation to correct, as in: actsearch eafo 'relu(x)'")
    candidate = expression_of(options.expression)
    correction = eafo.correction(candidate, under)
    epsilon = EPSILON if options.epsilon is None else options.epsilon
    result = eafo.corrected(candidate, under, epsilon=epsilon)
    if options.json:
        print_json(
            {
                "candidate": str(result),
                "eta": str(correction.eta),
                "how": correction.how,
                "error": correction.error,
                "density": str(under.shape),
            }
        )
    else:
        accuracy = f"off by {correction.error:.1e} from f's own derivatives"
        rows = (
            ("candidate", str(result)),
            ("eta", str(correction.eta)),
            ("found", f"{correction.how}, {accuracy}"),
            ("density", f"{under.shape}, up to a constant"),
        )
        print(text_table([Column(), Column()], rows))
    return 0


def _check_fits(options: argparse.Namespace) -> None:
    """Refuse an argument that would be left unheard; a project's default gives way."""
    from ..errors import InvalidSetting

    unheard = ("expression", "epsilon") if options.worst else ("low", "high")
    for name in unheard:
        if getattr(options, name) is None or name in options.project:
            continue
        what = "an expression" if name == "expression" else f"--{name}"
        if options.worst:
            raise InvalidSetting(f"--worst depends on the density alone: leave {what} out")
        raise InvalidSetting(f"{what} is for --worst: leave it out, or add --worst")


def _check_density(text: str) -> None:
    """Refuse a mistyped name, which as an expression would be a parameter."""
    from ...space.eafo.density import DENSITIES
    from ...space.errors import UnknownNameError

    if text.isidentifier() and text not in (*DENSITIES, "x"):
        raise UnknownNameError("density", text, DENSITIES)
