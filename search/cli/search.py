"""Run a search, confirm its best candidates, export the best.

examples:
  actsearch search --name mine --candidates 200 --workers 2
  actsearch search --name mine --resume --candidates 400
  actsearch search --space core-2 --strategy tpe --time-limit 30m
  actsearch search --objectives accuracy,cost --max-cost 3
  actsearch search --evaluator mine:evaluator --strategy mine:Annealing
  actsearch search --config mine.toml       # candidates = 200, time_limit = "2h", …

A project's defaults for these flags stand in its actsearch.toml (docs/command_line.md).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...space.counted import counted
from ..strategies.registry import BUILT_IN
from .completers import complete, recipes, searches, spaces, strategies
from .interrupts import ended_by_interrupt
from .options import (
    add_evaluator,
    add_other_trainings,
    add_setting,
    add_workers,
    duration,
    home_flag,
    print_json,
    settings_of,
    stoppable,
    terminal_width,
)

if TYPE_CHECKING:
    from ..exporting.module_file import Exported
    from ..outcome import Outcome

ORDER = 10
NOT_BEGUN = "stopped before the search began: nothing of it is there"


# Options that are settings of `Search` by the same name.
_SETTINGS = (
    "space", "strategy", "recipe", "candidates", "time_limit", "workers", "gpus_per_worker",
    "ray_address", "seed", "finalists", "seeds", "confirm", "second", "also_on",
    "evaluator", "rung_limit", "lag", "asynchronous", "prior", "max_cost", "objectives",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to search")
    name = group.add_argument("--name", help="of the search (default: a fresh one, search-1, …)")
    complete(name, searches)
    space = add_setting(
        group,
        "--space",
        help="core-1, core-2[channel], tree-7, 'binary(unary(x),unary(x))', core-1:without=div, "
        "core-1+eafo, 'core-1|2*tree-3', …",
    )
    complete(space, spaces)
    strategy = add_setting(
        group,
        "--strategy",
        help=f"{', '.join(BUILT_IN)}, or your own: package.module:Class",
    )
    complete(strategy, strategies)
    group.add_argument(
        "--prior",
        nargs="+",
        metavar="NAME",
        help="what surrogate learns from before it begins: none, tables, searches of this home "
        "(default: core-1-table)",
    )
    complete(
        group.add_argument("--recipe", help="how candidates are scored (default quick)"), recipes
    )
    add_evaluator(group)
    group.add_argument(
        "--objectives",
        metavar="A,B",
        help="accuracy (the default), or accuracy,cost: search the front of the two",
    )
    group.add_argument(
        "--max-cost",
        type=float,
        metavar="F",
        help="train nothing that takes more than F times ReLU's time, forward and backward",
    )
    add_setting(group, "--seed", type=int, metavar="N", help="of proposals, weights and batches")
    group.add_argument(
        "--limit-data",
        type=int,
        metavar="N",
        help="use only N training images, at least 300",
    )
    group.add_argument(
        "--config",
        metavar="FILE",
        help="settings from a TOML file, names as here with _; flags win",
    )
    group = parser.add_argument_group("how long")
    add_setting(group, "--candidates", type=int, metavar="N", help="distinct candidates to train")
    group.add_argument(
        "--time-limit", type=duration, metavar="T", help="start no bracket after it: 90s, 10m, 2h"
    )
    add_setting(
        group,
        "--lag",
        type=int,
        metavar="N",
        help="of the latest candidates, those whose results the next ones do not wait for",
    )
    group.add_argument(
        "--asynchronous",
        action="store_const",
        const=True,
        help="wait for no result: faster beside slow workers, but the same seed may search others",
    )
    group.add_argument("--resume", action="store_true", help="go on with the search of --name")
    group.add_argument(
        "--queue",
        action="store_true",
        help="begin when the searches of this home that were begun or submitted before have ended",
    )
    add_workers(parser)
    group = parser.add_argument_group("confirmation and export")
    add_setting(group, "--finalists", type=int, metavar="N", help="candidates re-trained")
    add_setting(group, "--seeds", type=int, metavar="N", help="fresh paired seeds")
    add_other_trainings(group)
    group.add_argument(
        "--no-confirm",
        dest="confirm",
        action="store_const",
        const=False,
        help="stop after the search; the test set stays closed",
    )
    group.add_argument(
        "-o", "--output", metavar="DIR", help="write the best there as well, as `export` does"
    )


def run(options: argparse.Namespace) -> int:
    return drive(options, settings_in(options))


def drive(
    options: argparse.Namespace, settings: Mapping[str, Any], *, submitted: bool = False
) -> int:
    """Run a search of these settings in this process, with what it comes to on stdout."""
    from ..display.console import Progress
    from ..storage.search_file import check_settings

    check_settings(settings)  # a mistake is told at once, not when torch has loaded
    with Progress() as progress:
        progress.loading("torch, Optuna and MLflow")
        with ended_by_interrupt():
            from ..api import Search
            from ..errors import SearchStopped
            from ..exporting.module_file import check_free, export
        if options.output is not None:
            check_free(Path(options.output))  # known before the search, not after it
        search = Search(
            home=options.home,
            resume=options.resume,
            queue=options.queue,
            reporter=progress,
            **settings,
        )
        try:
            with stoppable():
                outcome = search.run(submitted=submitted)
        except (KeyboardInterrupt, SearchStopped):
            progress.end()
            print(_stopped(options, search.name), file=sys.stderr)
            return 130
    if not options.json:
        _print_tables(outcome)  # before the export, which may fail
    exported = outcome.exported
    if options.output is not None and outcome.best is not None:
        best = outcome.best
        exported = export(
            best.expression, Path(options.output), facts=best.facts, notes=best.notes
        )
    if options.json:
        _print_json(outcome, exported)
    elif exported is not None:
        print(f"\nthe best, as a module that needs only torch: {exported.module}")
    _print_hints(outcome, options)
    return 0


def settings_in(options: argparse.Namespace) -> dict[str, Any]:
    """The settings of `Search` that the command line, its --config and the project give."""
    settings = settings_of(options.config) if options.config else {}
    give_way(options, settings)
    flags = {key: getattr(options, key) for key in (*_SETTINGS, "name", "limit_data")}
    return settings | {key: value for key, value in flags.items() if value is not None}


def give_way(
    options: argparse.Namespace, settings: Mapping[str, Any], *, as_stored: bool = False
) -> None:
    """Take those of the project's defaults back that a --config decides; all of a search's, where
    it goes on as it was stored."""
    for key in (*_SETTINGS, "limit_data"):
        if key in options.project and (key in settings or options.resume or as_stored):
            setattr(options, key, None)


def _stopped(options: argparse.Namespace, name: str) -> str:
    """Message after Ctrl-C: whether there is a search to go on with, and how."""
    from ..storage.home import Home
    from ..storage.trial import interrupted
    from ..storage.trial_reader import read_trials

    home = Home.at(options.home)
    if name not in home.names():
        return NOT_BEGUN
    return left_by_stop(interrupted(read_trials(home.folder(name))), _go_on(options, name))


def left_by_stop(again: int, command: str) -> str:
    """Message of a stopped search: what is kept, and the command that goes on with it."""
    rest = f"; {counted(again, 'candidate')} in training will be tried again" if again else ""
    return f"stopped; what has finished is kept{rest}. Go on with: {command}"


def _go_on(options: argparse.Namespace, name: str) -> str:
    """The command that goes on with a search."""
    return f"actsearch search --resume --name {name}{home_flag(options)}"


def _print_tables(outcome: Outcome) -> None:
    from ..reports import leaderboard as tables
    from ..reports.confirmation import confirmation_text

    fit = terminal_width()
    print(tables.leaderboard_text(outcome.trials, outcome.config, fit=fit))
    if outcome.confirmation is not None:
        print()
        print(confirmation_text(outcome.confirmation, fit), flush=True)


def _print_json(outcome: Outcome, exported: Exported | None) -> None:
    from ..reports import leaderboard as tables
    from ..reports.confirmation import confirmation_json

    print_json(
        {
            "name": outcome.config.name,
            "leaderboard": tables.leaderboard_json(outcome.trials, outcome.config),
            "confirmation": outcome.confirmation and confirmation_json(outcome.confirmation),
            "best": outcome.best
            and {
                "expression": str(outcome.best.expression),
                "trial": outcome.best.trial,
                "verdict": outcome.best.verdict,
            },
            "exported": exported and str(exported.module),
        }
    )


def _print_hints(outcome: Outcome, options: argparse.Namespace) -> None:
    name = outcome.config.name
    if outcome.timed_out:
        print(
            f"the time limit ended the search; go on, for as long again, with: "
            f"{_go_on(options, name)}",
            file=sys.stderr,
        )
    if outcome.exhausted:
        print("the space is exhausted: every candidate was proposed", file=sys.stderr)
    if not outcome.shown:
        print(
            f"MLflow does not show all of this yet: `actsearch sync {name}{home_flag(options)}` "
            f"writes the rest",
            file=sys.stderr,
        )
    print(_disk_text(outcome, options), file=sys.stderr)
    print(f"browse it with: actsearch ui {name}{home_flag(options)}", file=sys.stderr)


def _disk_text(outcome: Outcome, options: argparse.Namespace) -> str:
    """The search's size on disk, and for a large one the command that frees most of it."""
    from ..storage.disk_use import LARGE, DiskUse
    from ..storage.home import Home
    from ..tracking import tracker_of

    name = outcome.config.name
    use = DiskUse.of(outcome.folder, tracker_of(Home.at(options.home)).artifacts(name))
    command = f"actsearch delete {name} --keep-best 100{home_flag(options)}"
    free = f"; {command} frees most of it"
    return f"on disk: {use.text}{free if use.shown > LARGE else ''}"
