"""The command line: one verb, one file; results on stdout, everything else on stderr."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType

from . import (
    catalog,
    confirm,
    data,
    delete,
    describe,
    diagnose,
    eafo,
    export,
    leaderboard,
    recipes,
    score,
    search,
    sync,
    ui,
)

_VERBS: dict[str, ModuleType] = {
    "search": search,
    "leaderboard": leaderboard,
    "ui": ui,
    "confirm": confirm,
    "score": score,
    "describe": describe,
    "diagnose": diagnose,
    "catalog": catalog,
    "recipes": recipes,
    "eafo": eafo,
    "export": export,
    "sync": sync,
    "delete": delete,
    "data": data,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit status: 0, 1 for an error, 2 for usage, 130 for Ctrl-C."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.debug else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s" if options.debug else "%(message)s",
        stream=sys.stderr,
    )
    for noisy in ("ray", "mlflow", "alembic", "matplotlib", "git", "sqlalchemy", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        return int(_VERBS[options.verb].run(options))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `actsearch leaderboard | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return _explain(error, options.debug)


def _explain(error: Exception, debug: bool) -> int:
    """An expected error as its message; anything else is a bug and is shown whole."""
    from ...space.errors import ActsearchError

    if not isinstance(error, ActsearchError):
        traceback.print_exc()
        return 1
    if debug:
        traceback.print_exc()
        print(getattr(error, "traceback", ""), file=sys.stderr)
    print(f"actsearch: {error}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="actsearch",
        description="Find activation functions: search, browse, confirm, export.",
        epilog="First steps: `actsearch search --name mine`, then `actsearch ui mine`.",
    )
    parser.add_argument("--version", action=_Version)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("everywhere")
    group.add_argument("--home", metavar="DIR", help="where searches are kept (ACTSEARCH_HOME)")
    group.add_argument("--json", action="store_true", help="machine-readable results on stdout")
    group.add_argument("--debug", action="store_true", help="log everything, show tracebacks")
    for name, module in _VERBS.items():
        summary, _, rest = (module.__doc__ or "").partition("\n")
        verb = verbs.add_parser(
            name,
            parents=[common],
            help=summary.rstrip("."),
            description=summary,
            epilog=rest.strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(verb)
    return parser


class _Version(argparse.Action):
    """Looks the version up only when asked: importlib.metadata costs 50 ms."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"actsearch {version('actsearch')}")
        parser.exit()
