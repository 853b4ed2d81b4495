"""What records are made by: commands and their output, the date, a page's part written anew."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

from .pages import REPOSITORY, RESULTS


def actsearch(home: Path, *arguments: str, folder: Path = REPOSITORY) -> str:
    """Output of a verb run in a folder; ends this process where it fails."""
    command = str(Path(sys.executable).with_name("actsearch"))
    return output(command, *arguments, folder=folder, home=home)


def output(*command: str, folder: Path = REPOSITORY, home: Path | None = None) -> str:
    environment = os.environ | ({} if home is None else {"ACTSEARCH_HOME": str(home)})
    run = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if run.returncode != 0:
        sys.exit(run.returncode)
    return run.stdout


def today() -> str:
    """The commit and the date, as a page says them."""
    commit = output("git", "rev-parse", "--short", "HEAD").strip()
    return f"commit {commit}, {date.today().isoformat()}"


def with_part(text: str, begin: str, part: str, end: str) -> str:
    """A page with what stands between two of its comments written anew."""
    before, start, rest = text.partition(begin)
    _, stop, after = rest.partition(end)
    assert start, f"{RESULTS} has no {begin}"
    assert stop, f"{RESULTS} has no {end} after it"
    return f"{before}{begin}\n{part}\n{end}{after}"
