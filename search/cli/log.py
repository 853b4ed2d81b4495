"""Show what a submitted search printed.

examples:
  actsearch log mine
  actsearch log mine --follow       # until it ends; Ctrl-C leaves it running
"""

from __future__ import annotations

import argparse
import sys

from .completers import complete, submissions
from .options import print_json

ORDER = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    complete(parser.add_argument("search", help="name of a search"), submissions)
    parser.add_argument("--follow", action="store_true", help="go on with what it prints")


def run(options: argparse.Namespace) -> int:
    from ...space.printable import printable
    from ..errors import InvalidSetting
    from ..service.log_file import log_lines
    from ..storage.home import Home

    if options.json:
        if options.follow:
            raise InvalidSetting("--json gives one document, and --follow has no end: leave one")
        lines = log_lines(Home.at(options.home), options.search, follow=False)
        print_json({"search": options.search, "log": "".join(lines)})
        return 0
    for text in log_lines(Home.at(options.home), options.search, follow=options.follow):
        sys.stdout.write(printable(text))
        sys.stdout.flush()
    return 0
