"""Run `make search` once, timed, and keep what it printed: `make record`, on an idle machine.

Its home is a new one, so that nothing in it was shown the test set before. What it printed goes
into search.json beside this file; pages.py writes the pages from there.
"""

from __future__ import annotations

import tempfile
import time

from .commands import output, without_home
from .pages import RECORD, REPOSITORY, Record, write_pages

COMMAND = "make search"
QUIETLY = ("--silent", "--no-print-directory")


def main() -> None:
    commit = output("git", "rev-parse", "--short", "HEAD")
    with tempfile.TemporaryDirectory() as folder:
        home = {"ACTSEARCH_HOME": f"{folder}/home"}
        start = time.monotonic()
        printed = output(*COMMAND.split(), *QUIETLY, f"FREE={folder}/best", variables=home)
        seconds = time.monotonic() - start
    text = without_home(printed)
    Record.of(COMMAND, commit.strip(), seconds, text).save(RECORD)
    write_pages()
    print(f"{text}\n{seconds:.0f} s; kept in {RECORD.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
