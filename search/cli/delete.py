"""Remove a search everywhere: its folder and its MLflow experiment. Asks first.

With --keep-best it stays, and only what MLflow shows of its other candidates goes (pictures,
records and runs, most of what a search takes on disk): leaderboard, confirm, export and --resume
work as before, and the finalists stay too.

examples:
  actsearch delete mine
  actsearch delete mine --keep-best 100
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...space.counted import counted
from .completers import complete, searches
from .options import positive, print_json

if TYPE_CHECKING:
    from ..storage.disk_use import DiskUse

ORDER = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    complete(parser.add_argument("search", help="name of a search"), searches)
    parser.add_argument(
        "--keep-best",
        type=positive,
        metavar="N",
        help="keep the search, and in MLflow its N best candidates",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(options: argparse.Namespace) -> int:
    from .. import tracking
    from ..storage.disk_use import DiskUse
    from ..storage.home import Home

    home, name = Home.at(options.home), options.search
    keep: int | None = options.keep_best
    folder = home.any_folder(name) if keep is None else home.folder(name)
    tracker = tracking.tracker_of(home)
    before = DiskUse.of(folder, tracker.artifacts(name))
    if not options.yes and not _agrees(folder, keep, before):
        print("nothing removed; --yes removes without asking", file=sys.stderr)
        return 1
    if keep is not None:
        kept, removed = tracking.keep_best(home, name, keep)
        after = DiskUse.of(folder, tracker.artifacts(name))
        text = (
            f"{name}: {counted(kept, 'candidate')} kept in MLflow, {removed:,} removed there; it "
            f"took {before.text} on disk, and takes {after.text}"
        )
        _say(options, text, {"search": name, "kept": kept, "removed": removed})
        return 0
    tracker.check()
    home.delete(name, lambda: tracker.delete_search(name))
    _say(options, f"removed {name}", {"search": name, "kept": None, "removed": None})
    return 0


def _say(options: argparse.Namespace, text: str, document: dict[str, Any]) -> None:
    """Print how many candidates MLflow kept and lost, or that the search itself went."""
    if options.json:
        print_json(document)
    else:
        print(text, file=sys.stderr)


def _agrees(folder: Path, keep: int | None, use: DiskUse) -> bool:
    """Whether the user, asked at a terminal, says yes."""
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    what = f"{folder} and its MLflow runs"
    if keep is not None:
        what = f"the MLflow runs of {folder.name}, but for the {keep:,} best and the finalists'"
    answer = input(f"remove {what} ({use.text})? [y/N] ")
    return answer.strip().lower() in ("y", "yes")
