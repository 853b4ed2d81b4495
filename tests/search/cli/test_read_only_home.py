"""A home that may only be read shows its searches, and is written nowhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from actsearch.search import Home

pytestmark = pytest.mark.long

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def bound() -> Sequence[str]:
    """The beginning of a command whose process the permissions of files bind."""
    if os.geteuid() != 0:
        return []
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if shutil.which("setpriv") is None or subprocess.run([*drop, "true"]).returncode != 0:
        pytest.skip("file permissions do not bind the superuser, who cannot do without that here")
    return drop


@pytest.fixture
def read_only(searched: Home) -> Iterator[Home]:
    """A copy of the finished search in which nothing may be written."""
    paths = [searched.root, searched.searches, *searched.searches.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield searched
    for path in paths:
        path.chmod(0o755)


@pytest.fixture
def command(bound: Sequence[str]) -> Command:
    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*bound, sys.executable, "-m", "actsearch.search.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
        )

    return run


def test_the_leaderboard_and_the_best_of_a_read_only_home_can_be_had(
    command: Command, read_only: Home, finished: Home, tmp_path: Path
) -> None:
    before = sorted(read_only.root.rglob("*"))
    shown = command("leaderboard", "mine", "--home", read_only.root)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == command("leaderboard", "mine", "--home", finished.root).stdout
    exported = command("export", "mine", "-o", tmp_path / "out", "--home", read_only.root)
    assert exported.returncode == 0, exported.stderr
    assert (tmp_path / "out" / "activation.py").is_file()
    assert sorted(read_only.root.rglob("*")) == before


def test_going_on_in_a_read_only_home_says_what_is_needed(
    command: Command, read_only: Home
) -> None:
    resumed = command("search", "--resume", "--name", "mine", "--home", read_only.root)
    assert resumed.returncode == 1
    assert "Permission denied" in resumed.stderr
    assert "choose another with --home, or change its owner" in resumed.stderr
    assert resumed.stderr.count("\n") == 1
