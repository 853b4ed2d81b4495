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
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..service.here import HERE
from . import search
from .arguments import arguments_of
from .options import home_flag, print_json, settings_of

if TYPE_CHECKING:
    from ..storage.home import Home

ORDER = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    search.add_arguments(parser)
    add_here(parser)


def add_here(parser: argparse.ArgumentParser) -> None:
    """The switch of the process that a submission starts: drive the search there."""
    parser.add_argument(HERE, action="store_true", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    if options.here:
        return search.drive(options, search.settings_in(options), submitted=True)
    settings = settings_of(options.config) if options.config else {}
    search.give_way(options, settings)
    address = address_in(options, settings)
    arguments = arguments_of(options, address)

    def words(name: str) -> list[str]:
        return ["submit", HERE, *arguments, "--name", name]

    name = settings.get("name") if options.name is None else options.name
    return begin(options, name, words, address)


def address_in(options: argparse.Namespace, settings: Mapping[str, Any]) -> str | None:
    """The cluster on whose head the search is to be driven."""
    from ..errors import InvalidSetting

    address = options.ray_address or settings.get("ray_address")
    if address is not None and options.output is not None:
        raise InvalidSetting(
            "-o writes on the machine that drives the search, here the cluster's head: leave it "
            "out, and `actsearch fetch` and `actsearch export` when it has ended"
        )
    return address


def begin(
    options: argparse.Namespace,
    name: str | None,
    words: Callable[[str], Sequence[str]],
    address: str | None,
) -> int:
    """Have a command drive a search in the background, or on a cluster's head, and say what to
    type next."""
    from ..storage.home import Home

    print("checking the settings …", file=sys.stderr)
    home = Home.at(options.home)
    if address is not None:
        return _begin_on_cluster(options, home, name, words, address)
    from ..service.background import submit

    submitted = submit(home, name, words, resume=options.resume)
    if options.json:
        print_json(
            {
                "name": submitted.name,
                "process": submitted.process,
                "log": str(submitted.log),
            }
        )
        return 0
    print(
        f"search '{submitted.name}' goes on in the background, as process {submitted.process}; it "
        f"prints to {submitted.log}\n{next_steps(submitted.name, home_flag(options))}"
    )
    return 0


def _begin_on_cluster(
    options: argparse.Namespace,
    home: Home,
    name: str | None,
    words: Callable[[str], Sequence[str]],
    address: str,
) -> int:
    from ..service.cluster_job import submit_job

    name, job = submit_job(home, name, address, words, resume=options.resume)
    if options.json:
        print_json({"name": name, "job": job.job, "address": address})
        return 0
    steps = next_steps(name, home_flag(options)).splitlines()[:-1]
    fetch = f"  actsearch fetch {name}{home_flag(options)}"
    print(
        f"search '{name}' goes on as job {job.job} on the head of the Ray cluster at {address}, "
        f"kept in its home there\n" + "\n".join([*steps, fetch])
    )
    return 0


def next_steps(name: str, home: str) -> str:
    """Commands to type about a search that was submitted, one a line."""
    commands = ("status {} --watch", "log {} --follow", "stop {}", "leaderboard {}")
    return "\n".join(f"  actsearch {command.format(name)}{home}" for command in commands)
