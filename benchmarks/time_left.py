"""Accuracy of the time left that a search shows, over a real search with its confirmation.

    python benchmarks/time_left.py [--quick] [--workers 2] [--candidates 60]

Each line: how much of the search (or confirmation) was over, and the whole time as then told,
spent and left, over the time it took. worst_from_a_quarter: the largest distance of that ratio
from 1 from a quarter of the way on; confirmation_told: the confirmation's time as told at the
search's end over its true time. `--quick` searches 18 candidates on 20,000 images.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass, field

from hardware import hardware

from actsearch.search import Search, Trial
from actsearch.search.progress import Silent


@dataclass
class Stage:
    """A stage and the estimates given while it ran; moments are seconds of the clock."""

    unit: str
    begin: float
    end: float = 0.0
    estimates: list[tuple[float, float]] = field(default_factory=list)  # moment, seconds left
    later: float | None = None

    def ratios(self) -> list[tuple[float, float]]:
        """(share of the stage that was over, estimated whole time over true time)."""
        whole = self.end - self.begin
        return [
            ((at - self.begin) / whole, (at - self.begin + s) / whole) for at, s in self.estimates
        ]


class Recorder(Silent):
    """Keeps each stage and each estimate of the time left, with its moment."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []

    def begin(self, done: int, total: int, unit: str, best: Trial | None = None) -> None:
        self.stages.append(Stage(unit, time.monotonic()))

    def expect(self, left: float | None, later: float | None = None) -> None:
        if left is not None:
            self.stages[-1].estimates.append((time.monotonic(), left))
        self.stages[-1].later = later

    def end(self) -> None:
        self.stages[-1].end = time.monotonic()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--candidates", type=int, default=60)
    options = parser.parse_args()
    recorder = Recorder()
    with tempfile.TemporaryDirectory() as home:
        Search(
            "time-left",
            home=home,
            workers=options.workers,
            candidates=18 if options.quick else options.candidates,
            limit_data=20_000 if options.quick else None,
            reporter=recorder,
        ).run()
    search, confirmation = recorder.stages
    result: dict[str, object] = {}
    for name, stage in (("search", search), ("confirmation", confirmation)):
        ratios = stage.ratios()
        print(f"{name}: {stage.end - stage.begin:.0f} s")
        for share, ratio in ratios[:: max(1, len(ratios) // 12)]:
            print(f"  {share:4.0%} over: {ratio:.2f} of the true time told")
        late = [abs(ratio - 1) for share, ratio in ratios if share >= 0.25]
        result[f"{name}_worst_from_a_quarter"] = round(max(late), 3)
    if search.later is not None:
        true = confirmation.end - confirmation.begin
        result["confirmation_told"] = round(search.later / true, 3)
    result |= {
        "candidates": options.candidates,
        "workers": options.workers,
        "quick": options.quick,
        **hardware(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
