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
    parser.add_argument(
        "--epsilon", type=float, default=0.01, help="initial (default %(default)s)"
    )
    parser.add_argument("--worst", action="store_true", help="show the worst activation instead")
    parser.add_argument(
        "--low", type=float, default=0.0, help="its limit on the left (default %(default)g)"
    )
    parser.add_argument(
        "--high", type=float, default=1.0, help="and on the right (default %(default)g)"
    )


def run(options: argparse.Namespace) -> int:
    from ...space.eafo import eafo
    from ...space.eafo.density import density
    from ...space.errors import CandidateError
    from ..reports.text_table import Column, text_table
    from ..storage.expression_argument import expression_of

    under = density(options.density, mean=options.mean, scale=options.scale)
    if options.worst:
        text = str(eafo.worst(under, low=options.low, high=options.high))
        print_json({"worst": text, "density": str(under.shape)}) if options.json else print(text)
        return 0
    if options.expression is None:
        raise CandidateError("say which activation to correct, as in: actsearch eafo 'relu(x)'")
    candidate = expression_of(options.expression)
    correction = eafo.correction(candidate, under)
    result = eafo.corrected(candidate, under, epsilon=options.epsilon)
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
