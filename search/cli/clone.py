"""Begin a search like an earlier one: the same settings, but for the flags given.

The new one runs here, as with `search`; with --submit in the background, as with `submit`.

examples:
  actsearch clone mine other --seed 1
  actsearch clone mine wider --space core-2 --candidates 500 --submit --queue
"""

from __future__ import annotations

import argparse
from typing import Any

from ..service.here import HERE
from . import search, submit
from .arguments import arguments_of
from .completers import complete, searches
from .options import settings_of

ORDER = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    complete(parser.add_argument("search", metavar="SEARCH", help="the earlier one"), searches)
    parser.add_argument("new", metavar="NEW", help="name of the new one")
    parser.add_argument("--submit", action="store_true", help="run it in the background")
    search.add_arguments(parser)
    submit.add_here(parser)


def run(options: argparse.Namespace) -> int:
    from ..errors import InvalidSetting

    if options.name is not None or options.resume:
        what = "--resume goes on with a search" if options.resume else "NEW is the new one's name"
        raise InvalidSetting(f"clone begins a search: {what}, so leave that flag out")
    search.give_way(options, {}, as_stored=True)
    if options.here or not options.submit:
        return search.drive(options, _settings(options), submitted=options.here)
    settings = settings_of(options.config) if options.config else {}
    address = submit.address_in(options, settings)
    arguments = arguments_of(options, address)

    def words(name: str) -> list[str]:
        return ["clone", HERE, *arguments, options.search, name]

    return submit.begin(options, options.new, words, address)


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    from ..service.cloning import cloned_settings
    from ..storage.home import Home
    from ..storage.search_file import SearchFile

    file = SearchFile.load(Home.at(options.home).folder(options.search))
    changes = {**search.settings_in(options), "name": options.new}
    return cloned_settings(file, changes)
