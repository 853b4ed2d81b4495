"""A search that is killed at a commit of its study, in a process that forks one for each launch.

    python -m contracts.kills FOLDER STRATEGY CANDIDATES STEP BEFORE [MAX_COST]

Run as a program, since forking is safe only where no other thread lives. It prints, as JSON, one
object for each point at which a launch was killed: how the launch ended, and the trials after the
search has been resumed to its end. The points are counted, not guessed: launches are killed at
commit 1, 1 + STEP, … until one ends before its commit comes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import sqlalchemy
from optuna.storages import RDBStorage

from actsearch.evaluators import (
    Evaluator,
    FinalScore,
    Job,
    MemberProgress,
    RungReport,
    run_bracket,
)
from actsearch.search import SearchConfig
from actsearch.search.storage.study_file import FILE
from actsearch.search.storage.trial import entered
from actsearch.search.storage.trial_reader import read_trials
from actsearch.space import CoreUnits, Operators
from contracts.tiny import CONFIG, run_engine

# 90 encodings, most of them repetitions: rejected proposals and random fallbacks among them.
SPACE = CoreUnits(
    operators=Operators(
        ("x", "tanh(x)", "max(x, 0)", "sin(x)", "sigmoid(x)"), ("x1 * x2", "max(x1, x2)")
    )
)
CRASHES = "x * sigmoid(x)"  # which evolution begins with


class ByChecksum(Evaluator):
    """Scores a candidate by its text, at once; CRASHES raises in every try."""

    def on(self, device: str) -> ByChecksum:
        return self

    def run(self, job: Job) -> Iterator[RungReport]:
        if CRASHES in job.expressions:
            raise RuntimeError("no luck")
        return run_bracket(_Checksums(list(job.expressions)), job)


@dataclass
class _Checksums:
    live: list[str]

    def advance(self, epoch: int) -> list[MemberProgress]:
        scores = [crc32(text.encode()) / 2**32 for text in self.live]
        return [
            MemberProgress(val_accuracy=score, val_loss=1.0, train_losses=(1.0,) * epoch)
            for score in scores
        ]

    def keep(self, positions: Sequence[int]) -> None:
        self.live = [self.live[position] for position in positions]

    def test(self) -> list[FinalScore]:
        raise AssertionError("a search never asks for it")


def launch(folder: Path, config: SearchConfig, candidates: int, kill_at: int | None = None) -> int:
    """Run or resume the search in a child; its wait status: SIGKILL if the commit came."""
    child = os.fork()
    if child == 0:
        try:
            if kill_at is not None:
                _kill_at_commit(kill_at)
            run_engine(folder, ByChecksum(), candidates=candidates, space=SPACE, config=config)
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
    return os.waitpid(child, 0)[1]


def _kill_at_commit(number: int) -> None:
    """Kill this process before its n-th commit that writes is made."""
    count = 0

    @sqlalchemy.event.listens_for(sqlalchemy.Engine, "before_cursor_execute")
    def note(
        connection: sqlalchemy.Connection, cursor: object, statement: str, *_: object
    ) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE", "CREATE")):
            connection.info["writes"] = True

    @sqlalchemy.event.listens_for(sqlalchemy.Engine, "commit")
    def die(connection: sqlalchemy.Connection) -> None:
        nonlocal count
        if connection.info.pop("writes", False):
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path, config: SearchConfig, candidates: int, step: int, before: int) -> None:
    """before: commits after which the first launch was killed already, 0 for none: then it is a
    resume that is killed, and at the same commit a resume of that."""
    RDBStorage("sqlite://")  # what it imports took five sixths of each launch's time
    point, killed = 1, True
    while killed:
        search = folder / "search"
        search.mkdir()
        if before:
            assert os.WIFSIGNALED(launch(search, config, candidates, before))
        killed = os.WIFSIGNALED(status := launch(search, config, candidates, point))
        if killed and before:
            launch(search, config, candidates, point)
        left = read_trials(search) if (search / FILE).exists() else []
        seen = {t.expression for t in left if t.entered_training}
        end = launch(search, config, candidates)
        trials = read_trials(search)
        row = {
            "point": point,
            "status": status,
            "end": end,
            "entered": entered(trials),
            "seen": sorted(seen),
            "trials": [[t.expression, t.origin, t.state, bool(t.error)] for t in trials],
        }
        sys.stdout.write(json.dumps(row) + "\n")
        shutil.rmtree(search)
        point += step


if __name__ == "__main__":
    limit = float(sys.argv[6]) if sys.argv[6:] else None
    config = replace(CONFIG, strategy=sys.argv[2], max_cost=limit)
    main(Path(sys.argv[1]), config, *map(int, sys.argv[3:6]))
