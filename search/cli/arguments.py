"""The arguments of `search` again, from what they were parsed to, for another process."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from . import search

# Said by whoever starts the process, or of no use in it.
_LEFT_OUT = {"name", "help", "ray_address"}


def arguments_of(options: argparse.Namespace, address: str | None) -> list[str]:
    """The words of a `search` command that parse to these options, without the name and what every
    verb has. With an address they end in `--ray-address=auto`: they run on the cluster's head."""
    parser = argparse.ArgumentParser(add_help=False)
    search.add_arguments(parser)
    words = [word for action in parser._actions for word in _words(action, options)]
    return words if address is None else [*words, "--ray-address=auto"]


def _words(action: argparse.Action, options: argparse.Namespace) -> Iterator[str]:
    value = getattr(options, action.dest)
    flag = action.option_strings[-1]
    if action.dest in _LEFT_OUT or value == action.default:
        return
    if action.nargs == 0:  # a switch
        yield flag
    elif isinstance(value, list):
        yield flag
        yield from map(str, value)
    else:
        # One word: a value that begins with a dash is no flag then.
        yield f"{flag}={value:f}" if isinstance(value, float) else f"{flag}={value}"
