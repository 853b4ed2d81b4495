"""How much of the workers' time a search spends outside training, and where it goes.

    python benchmarks/overhead.py [--quick] [--workers 2] [--candidates 60]

Runs a real search on FashionMNIST (no confirmation) in a temporary home and prints each part.
share_outside_training: 1 - (seconds of training and validation, summed over workers) / (workers x
the seconds from the first bracket's start to the last one's end). startup_s: before that;
tail_s: after it. peak_memory_gib: of the driver and all of Ray's processes, shared pages counted
once (PSS). `--quick` searches 18 candidates on 20,000 images.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
import threading
import time
from pathlib import Path

from hardware import hardware

from actsearch.search import Outcome, Search

GIB = 2**30


class PeakMemory:
    """Samples the proportional memory of this process and its descendants twice a second."""

    def __init__(self) -> None:
        self.gib = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            self.gib = max(self.gib, sum(_pss(pid) for pid in _family(os.getpid())) / GIB)


def _family(root: int) -> set[int]:
    """A process and all that descend from it."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        parents[int(path.parent.name)] = int(fields[1])
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    return family


def _pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    match = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(match[1]) * 1024 if match else 0


def _parts(outcome: Outcome, workers: int) -> dict[str, float]:
    """Worker seconds from the first bracket's start to the last one's end, by what took them."""
    t = outcome.timings
    assert t.first is not None
    assert t.last is not None
    total = workers * (t.last - t.first)
    rest = total - t.training - t.proposing - t.recording
    return {
        "all worker seconds": total,
        "training and validation": t.training,
        "proposing (strategy, screening, fingerprints; one worker waits)": t.proposing,
        "recording (study, records to MLflow's thread; one worker waits)": t.recording,
        "the rest (Ray, waiting for the last bracket, CPU shared with the driver)": rest,
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--candidates", type=int, default=None)
    arguments = options.parse_args()
    candidates = arguments.candidates or (18 if arguments.quick else 60)
    with tempfile.TemporaryDirectory(prefix="actsearch-overhead-") as home, PeakMemory() as peak:
        began = time.perf_counter()
        outcome = Search(
            "overhead",
            home=home,
            candidates=candidates,
            workers=arguments.workers,
            limit_data=20_000 if arguments.quick else None,
            confirm=False,
        ).run()
        ended = time.perf_counter()
    parts = _parts(outcome, arguments.workers)
    total = parts["all worker seconds"]
    for name, seconds in parts.items():
        print(f"{seconds:8.1f} s  {seconds / total:6.1%}  {name}")
    assert outcome.timings.first is not None
    assert outcome.timings.last is not None
    startup = outcome.timings.first - began
    print(f"{startup:8.1f} s          start-up: data, MLflow, study, Ray, the first proposals")
    result = {
        "share_outside_training": round(1 - outcome.timings.training / total, 4),
        "startup_s": round(startup, 2),
        "tail_s": round(ended - outcome.timings.last, 2),
        "peak_memory_gib": round(peak.gib, 2),
        "candidates": candidates,
        "brackets": outcome.timings.brackets,
        "workers": arguments.workers,
        "quick": arguments.quick,
        **hardware(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
