"""Whenever a search is killed, each candidate asked for is trained in the end, or failed for good.

It is killed at every commit of its study; the default suite takes a sample of them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from actsearch.search.storage.trial import RETRIES

ENDS = {"complete", "pruned", "infeasible"}
TESTS = Path(__file__).parents[2]


def killed(
    folder: Path, strategy: str, candidates: int, step: int, before: int, *max_cost: float
) -> list[Any]:
    """Outcome of a search for each commit at which a launch of it was killed."""
    arguments = [str(folder), strategy, *map(str, (candidates, step, before, *max_cost))]
    done = subprocess.run(
        [sys.executable, "-m", "contracts.kills", *arguments],
        cwd=TESTS,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(points: list[Any], candidates: int, step: int) -> None:
    """Every point was hit but the one after the last commit, and nothing was lost at any."""
    assert [point["point"] for point in points] == list(range(1, len(points) * step + 1, step))
    assert {point["status"] for point in points[:-1]} == {signal.SIGKILL}
    assert points[-1]["status"] == 0
    for point in points:
        assert os.waitstatus_to_exitcode(point["end"]) == 0
        assert point["entered"] == candidates, point
        tries: dict[int, list[tuple[str, bool]]] = {}
        for _, origin, state, has_error in point["trials"]:
            tries.setdefault(origin, []).append((state, has_error))
        states = Counter(state for _, _, state, _ in point["trials"])
        assert not states["running"] + states["waiting"], point
        entered = {t[1] for t in point["trials"] if t[0] and t[2] not in ("duplicate",)}
        for origin in entered:
            ended = sum(state in ENDS for state, _ in tries[origin])
            crashed = sum(has_error for _, has_error in tries[origin])
            assert ended == 1 or (ended == 0 and 1 <= crashed <= 1 + RETRIES), point
        assert set(point["seen"]) <= {expression for expression, *_ in point["trials"]}


@pytest.mark.long
@pytest.mark.parametrize(("step", "before"), [(11, 0), (11, 10)])
def test_a_search_killed_at_a_sample_of_its_commits_loses_no_candidate(
    step: int, before: int, tmp_path: Path
) -> None:
    check(killed(tmp_path, "evolution", 3, step, before), 3, step)


@pytest.mark.slow
def test_a_search_that_measures_costs_killed_at_its_commits_loses_no_candidate(
    tmp_path: Path,
) -> None:
    # x * tanh(x) takes 2 times ReLU's time, what has a max in it 5 and more.
    check(killed(tmp_path, "evolution", 3, 5, 0, 4.0), 3, 5)


@pytest.mark.slow
@pytest.mark.timeout(3600)  # 60 to 135 commits, each 2 to 4 launches: 30 s to 100 s
@pytest.mark.parametrize("before", [0, 12, 24])
@pytest.mark.parametrize("strategy", ["surrogate", "random", "evolution", "tpe", "exhaustive"])
def test_a_search_killed_at_any_commit_loses_no_candidate(
    strategy: str, before: int, tmp_path: Path
) -> None:
    check(killed(tmp_path, strategy, 6, 1, before), 6, 1)
