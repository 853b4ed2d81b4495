"""Commands that a record is made of: their output, and the commit and date of a run; and the flags
of the command that makes it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from .pages import REPOSITORY

EXPORTED = "\nthe best, as a module"  # begins a search's line of a file that is in its home


def parsed(description: str, flag: str, *more: str) -> argparse.Namespace:
    """The flags of a record's command: --home runs what is missing, --pages writes what is kept;
    `flag` is the name of the one that says on how many processes, `more` are switches."""
    parser = argparse.ArgumentParser(description=description)
    for switch in more:
        parser.add_argument(f"--{switch}", action="store_true")
    parser.add_argument("--home", type=Path)
    parser.add_argument(f"--{flag}", type=int, default=2)
    parser.add_argument("--pages", action="store_true")
    options = parser.parse_args()
    if options.home is None and not options.pages:
        parser.error("--home or --pages is needed")
    return options


def actsearch(home: Path, *arguments: str, folder: Path = REPOSITORY) -> str:
    """Output of a verb run in a folder; ends this process where it fails."""
    command = str(Path(sys.executable).with_name("actsearch"))
    return output(command, *arguments, folder=folder, variables={"ACTSEARCH_HOME": str(home)})


def output(
    *command: str, folder: Path = REPOSITORY, variables: Mapping[str, str] | None = None
) -> str:
    """Output of a command with these variables set, its progress shown; ends this process where
    it fails."""
    environment = {**os.environ, **(variables or {})}
    run = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if run.returncode != 0:
        sys.exit(run.returncode)
    return run.stdout


def without_home(printed: str) -> str:
    """A search's output without the path in the home it ran in."""
    return printed.partition(EXPORTED)[0].strip("\n")


def today() -> str:
    """The commit and the date, as a page says them."""
    commit = output("git", "rev-parse", "--short", "HEAD").strip()
    return f"commit {commit}, {date.today().isoformat()}"
