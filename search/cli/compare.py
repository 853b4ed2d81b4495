"""Compare searches: settings where they differ, the best by budget, the functions they share.

examples:
  actsearch compare mine other
  actsearch compare a b c --plot compared.png
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .completers import complete, searches
from .options import check_picture, print_json, terminal_width

ORDER = 17


def add_arguments(parser: argparse.ArgumentParser) -> None:
    complete(parser.add_argument("searches", nargs="+", metavar="SEARCH", help="names"), searches)
    parser.add_argument(
        "--plot", metavar="FILE", help="draw the best by budget into a .png or .svg file"
    )


def run(options: argparse.Namespace) -> int:
    from ..service.comparing import compare
    from ..service.comparison_text import comparison_figure, comparison_json, comparison_text
    from ..storage.home import Home
    from ..storage.usable import usable

    check_picture(options.plot)
    comparison = compare(Home.at(options.home), options.searches)
    if options.json:
        print_json(comparison_json(comparison))
    else:
        print(comparison_text(comparison, terminal_width()))
    if options.plot is not None:
        path = Path(options.plot)
        figure = comparison_figure(comparison)
        with usable(path.parent, "--plot"):
            figure.savefig(path, transparent=False, facecolor="white")
        print(f"drawn: {path}", file=sys.stderr)
    return 0
