"""Stop a search, as Ctrl-C in its own terminal would, and wait until it has ended.

What has finished is kept. Also for a search that `search` runs in another terminal, one that
waits in the queue, and one on a cluster.

example:
  actsearch stop mine
"""

from __future__ import annotations

import argparse
import sys

from . import search
from .completers import complete, submissions
from .options import home_flag, print_json

ORDER = 14


def add_arguments(parser: argparse.ArgumentParser) -> None:
    complete(parser.add_argument("search", help="name of a search"), submissions)


def run(options: argparse.Namespace) -> int:
    from ..service.cluster_status import cluster_stop
    from ..service.overview import job_of
    from ..service.status_text import status_json
    from ..service.stopping import stop
    from ..storage.home import Home

    def tell(text: str) -> None:
        print(text, file=sys.stderr)

    home, name = Home.at(options.home), options.search
    job = job_of(home, name)
    status = stop(home, name, tell) if job is None else cluster_stop(name, job, tell)
    if options.json:
        print_json(status_json(status))
    elif status.state == "finished":
        print(f"search '{name}' had just finished")
    elif not status.begun:
        print("stopped before the search began; submit it again (its log stays until then)")
    else:
        where = "" if status.cluster is None else f" --ray-address {status.cluster}"
        command = f"actsearch submit --resume --name {name}{where}{home_flag(options)}"
        print(search.left_by_stop(status.again, command))
    return 0
