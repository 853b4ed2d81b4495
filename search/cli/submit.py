"""Run a search in the background, or as a job of a Ray cluster: it outlives this terminal.

Takes exactly the arguments of `search`, and returns once they are checked. `status`, `stop` and
`log` work from any terminal of this machine.

examples:
  actsearch submit --name mine --candidates 500 --workers 2
  actsearch submit --name next --space core-2 --queue
  actsearch submit --name mine --resume --candidates 1000
  actsearch submit --name big --ray-address head:6379 --workers 64
"""

from __future__ import annotations

import argparse
import sys

from . import search
from .arguments import arguments_of
from .options import home_flag, print_json, settings_of

ORDER = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    search.add_arguments(parser)
    # In the process that a submission starts: drive the search here.
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    if options.here:
        return search.drive(options, submitted=True)
    from ..service.background import submit
    from ..storage.home import Home

    home = Home.at(options.home)
    settings = settings_of(options.config) if options.config else {}
    name = options.name or settings.get("name")
    print("checking the settings …", file=sys.stderr)
    submitted = submit(home, name, arguments_of(options), resume=options.resume)
    if options.json:
        print_json(
            {
                "name": submitted.name,
                "process": submitted.process,
                "log": str(submitted.log),
            }
        )
        return 0
    name, rest = submitted.name, home_flag(options)
    print(
        f"search '{name}' goes on in the background, as process {submitted.process}; it prints to "
        f"{submitted.log}\n"
        f"  actsearch status {name} --watch{rest}\n"
        f"  actsearch log {name} --follow{rest}\n"
        f"  actsearch stop {name}{rest}\n"
        f"  actsearch leaderboard {name}{rest}"
    )
    return 0
