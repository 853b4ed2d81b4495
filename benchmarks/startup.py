"""How long a search takes to begin: until its first words, and until its first training.

    python benchmarks/startup.py [--quick] [--repetitions 5]

`in_training_s` is the wall time until a worker begins to train its first candidate, on one worker
(this process) and on two of Ray, in a home that is there and in a new one, whose MLflow store has
to be made; `on_screen_s` until something is on the screen of a terminal. Each `share` is the time
over the limit that is asked for on an idle machine of two cores: 10 s and 1 s. The features of the
space are in the user's cache but for `first_on_machine`. Medians; every repetition is a process of
its own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pty
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hardware import hardware

from actsearch.evaluators import Evaluator, ImageClassification, Job, Recipe, RungReport
from actsearch.evaluators.data.cache import data_root
from actsearch.mlflow.tracker import Tracker

LIMITS = {"on_screen_s": 1.0, "in_training_s": 10.0}
PATIENCE = 300.0  # seconds
MARK = "STARTUP_MARK"  # the variable that names a file


class Marking(Evaluator):
    """The built-in evaluator; leaves a file when its first training begins."""

    recipe = Recipe()

    def __init__(self) -> None:
        self._images = ImageClassification.of([self.recipe])

    def on(self, device: str) -> Marking:
        """On the CPU."""
        return self

    def check(self) -> None:
        """Nothing: it is the built-in one."""

    def run(self, job: Job) -> Iterator[RungReport]:
        Path(os.environ[MARK]).touch()
        yield from self._images.run(job)


def begun(home: Path, workers: int, cache: Path | None = None) -> dict[str, float]:
    """Seconds until the first line and until the first training; the search is then stopped."""
    mark = home.parent / "mark"
    mark.unlink(missing_ok=True)
    changed = {MARK: str(mark), "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(Path(__file__).parent)}
    if cache is not None:
        changed["ACTSEARCH_DATA"] = str(cache)
    command = [
        *(sys.executable, "-m", "actsearch.search.cli", "search", "--home", str(home)),
        *("--workers", str(workers), "--evaluator", "startup:Marking", "--no-confirm"),
    ]
    start = time.monotonic()
    with terminal() as (screen, said):
        driver = subprocess.Popen(
            command, env=os.environ | changed, stdin=screen, stdout=screen, stderr=screen
        )
        seconds: dict[str, float] = {}
        while not mark.exists():
            if said and not seconds:
                seconds["on_screen_s"] = time.monotonic() - start
            if driver.poll() is not None or time.monotonic() - start > PATIENCE:
                driver.kill()
                raise RuntimeError(f"no training began: {b''.join(said).decode()}")
            time.sleep(0.02)
        seconds["in_training_s"] = time.monotonic() - start
        driver.send_signal(signal.SIGINT)
        driver.wait()
    return seconds


@contextmanager
def terminal() -> Iterator[tuple[int, list[bytes]]]:
    """A pseudo-terminal: its end for a process, and what has been shown on it so far."""
    ours, theirs = pty.openpty()
    said: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # EIO: nobody has it open any more
            while shown := os.read(ours, 4096):
                said.append(shown)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield theirs, said
    finally:
        os.close(theirs)
        reader.join()
        os.close(ours)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    repetitions = 1 if options.quick else options.repetitions
    record: dict[str, object] = {"n": repetitions, "quick": options.quick}
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="s") as folder:
        root = Path(folder)
        made, empty = root / "made", root / "empty"
        Tracker(made).check()
        other = root / "cache"  # the images, without features
        shutil.copytree(data_root(), other, ignore=shutil.ignore_patterns("features"))
        begun(made, 1)  # so that files are read once, and features are there
        cases = {
            "one_worker": (made, 1, None),
            "two_workers": (made, 2, None),
            "new_home": (empty, 1, None),
            "first_on_machine": (made, 1, other),
        }
        for case, (home, workers, cache) in cases.items():
            times = []
            for _ in range(repetitions):
                shutil.rmtree(home / "searches", ignore_errors=True)
                shutil.rmtree(other / "features", ignore_errors=True)
                if home is empty:
                    shutil.rmtree(home, ignore_errors=True)
                times.append(begun(home, workers, cache))
            for key, limit in LIMITS.items():
                median = statistics.median(time[key] for time in times)
                record[f"{case}.{key}"] = round(median, 2)
                record[f"{case}.{key.removesuffix('_s')}_share"] = round(median / limit, 2)
            print(case, {key: record[f"{case}.{key}"] for key in LIMITS}, flush=True)
    print(json.dumps({**record, **hardware()}))


if __name__ == "__main__":
    main()
