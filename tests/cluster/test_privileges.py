"""Tests of clusters need root's capabilities: where these are missing they fail, and say so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from contracts.processes import environment

pytestmark = [pytest.mark.cluster, pytest.mark.heavy]

WITHOUT = """
from pathlib import Path
from contracts.hosts import hosts
with hosts(Path("."), 1):
    pass
"""


def test_without_privileges_they_fail_with_what_is_needed(tmp_path: Path) -> None:
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        ["setpriv", "--bounding-set=-all", sys.executable, "-c", WITHOUT],
        cwd=tmp_path,
        env=environment(PYTHONPATH=tests),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("PermissionError: no namespaces can be made")
    assert "tests of clusters need root" in last
