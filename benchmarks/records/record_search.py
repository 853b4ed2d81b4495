"""Run `make search` once, timed, and keep what it printed: `make record`, on an idle machine.

Its home is a new one, so that nothing in it was shown the test set before. What it printed goes
into search.json beside this file; pages.py writes the pages from there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

from .pages import RECORD, REPOSITORY, Record, write_pages

COMMAND = "make search"
QUIETLY = ("--silent", "--no-print-directory")


def main() -> None:
    commit = _printed_by(["git", "rev-parse", "--short", "HEAD"])
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "ACTSEARCH_HOME": f"{folder}/home"}
        start = time.monotonic()
        printed = _printed_by([*COMMAND.split(), *QUIETLY, f"FREE={folder}/best"], environment)
        seconds = time.monotonic() - start
    # The file of the exported winner is in the temporary folder: no line for a page.
    text = printed.partition("\nthe best, as a module")[0]
    Record.of(COMMAND, commit.strip(), seconds, text).save(RECORD)
    write_pages()
    print(f"{text}\n{seconds:.0f} s; kept in {RECORD.relative_to(REPOSITORY)}")


def _printed_by(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    """Output of a command, its progress shown; ends this process where the command fails."""
    run = subprocess.run(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if run.returncode != 0:
        sys.exit(run.returncode)
    return run.stdout


if __name__ == "__main__":
    main()
