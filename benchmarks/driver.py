"""Cost of a candidate to the process that drives a search, without training; MLflow's apart.

    python benchmarks/driver.py [--quick] [--candidates 200] [--only mlflow|search]

Without MLflow (long_search.py): ms_per_candidate_N, the driver's CPU milliseconds a candidate
beside the strategy's own proposal, mean of the last 90 of N candidates of core-2 by `random`, and
by other strategies from there on (`evolution_N`, …: of 27 candidates, their proposals beside, and
first_bracket_s, those of the bracket before, for which a strategy looks at all that there is);
memory_N_mib, resident after those. ask16_after_2000_s: CPU seconds in which a bracket of 16 is
proposed, accepted and trained at once. resume_10000_s: CPU seconds from opening the study until
its next bracket trains, beside the strategy's own. leaderboard_10000_s: of the whole command.
optuna_ms: a trial with Optuna's own samplers and storage on a copy of the same file.

With MLflow: writes the same records into the SQLite store of a temporary home, in turn by us (a
run with its metrics, its record as a file, its plot and thumbnail) and by plain MLflow calls
(`create_run`, `log_batch` of the same metrics and parameters, `set_terminated`).
mlflow_ms_per_candidate: median milliseconds of this process's own CPU time, as the searching
process spends them; drawing_ms_per_candidate: mean of the processes that draw, beside it.
over_plain: the former over that of the plain calls, both medians. sync_per_s: candidates a
second (wall time) as `actsearch sync` writes them, the start of those processes included.
`--quick` writes 60 candidates, and searches 1,000.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import long_search
from hardware import hardware
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from actsearch.mlflow import run_fields
from actsearch.mlflow.client import local_uri
from actsearch.mlflow.figures.drawing import studio
from actsearch.mlflow.records import CandidateRecord
from actsearch.mlflow.tracker import Tracker
from actsearch.space import parse
from actsearch.space.analysis.shape import shape_of

EXPRESSIONS = (
    "x * sigmoid(beta * x)",
    "max(x, 0)",
    "min(x, sin(x)) + tanh(x)",
    "x * tanh(exp(x))",
)


def record_of(search: str, trial: int) -> CandidateRecord:
    """A candidate trained for nine epochs."""
    expression = EXPRESSIONS[trial % len(EXPRESSIONS)]
    return CandidateRecord(
        search=search,
        trial=trial,
        expression=expression,
        state="complete",
        strategy="random",
        started_ms=1_750_000_000_000 + trial,
        finished_ms=1_750_000_020_000 + trial,
        val_accuracy=0.86,
        val_accuracies={1: 0.81, 3: 0.84, 9: 0.86},
        train_losses=[0.9 - 0.05 * epoch for epoch in range(9)],
        val_losses={1: 0.6, 3: 0.5, 9: 0.4},
        seconds=18.5,
        learned={"beta": [1.5, 0.75]} if "beta" in expression else {},
    )


def write_plainly(client: MlflowClient, experiment: str, record: CandidateRecord) -> None:
    """The record's metrics and parameters by MLflow's own calls."""
    expression = parse(record.expression)
    run = client.create_run(experiment, record.started_ms, run_fields.tags(record, expression))
    client.log_batch(
        run.info.run_id,
        [Metric(k, v, record.finished_ms, step) for k, v, step in run_fields.metrics(record)],
        [
            Param(k, v)
            for k, v in run_fields.params(record, expression, shape_of(expression)).items()
        ],
        synchronous=True,
    )
    client.set_terminated(run.info.run_id, "FINISHED", record.finished_ms)


def own_ms(action: Callable[[], object]) -> float:
    """Milliseconds of this process's CPU time, all its threads."""
    began = time.process_time()
    action()
    return 1000 * (time.process_time() - began)


def measure(home: Path, count: int) -> dict[str, float]:
    tracker = Tracker(home)
    tracker.open_search("synced", {})
    began = time.perf_counter()
    tracker.write_all("synced", (record_of("synced", trial) for trial in range(count)))
    sync_per_s = count / (time.perf_counter() - began)

    tracker.open_search("searched", {})
    client = MlflowClient(local_uri(home))
    plain = client.create_experiment("plain")
    ours, theirs = [], []
    for trial in range(count):
        record = record_of("searched", trial)
        ours.append(own_ms(lambda record=record: tracker.write(record)))  # type: ignore[misc]
        theirs.append(
            own_ms(lambda record=record: write_plainly(client, plain, record))  # type: ignore[misc]
        )
    studio().close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)  # of those that have ended
    drawing_ms = 1000 * (used.ru_utime + used.ru_stime) / (2 * count)
    return {
        "mlflow_ms_per_candidate": round(statistics.median(ours), 1),
        "plain_ms_per_candidate": round(statistics.median(theirs), 1),
        "over_plain": round(statistics.median(ours) / statistics.median(theirs), 2),
        "drawing_ms_per_candidate": round(drawing_ms, 1),
        "sync_per_s": round(sync_per_s, 1),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--candidates", type=int, default=None)
    options.add_argument("--only", choices=("mlflow", "search"), default=None)
    arguments = options.parse_args()
    count = arguments.candidates or (60 if arguments.quick else 200)
    figures: dict[str, Any] = {"candidates": count, "quick": arguments.quick}
    if arguments.only != "search":
        with tempfile.TemporaryDirectory(prefix="actsearch-driver-") as home:
            figures |= measure(Path(home), count)
    if arguments.only != "mlflow":
        figures |= long_search.measured(arguments.quick)
    for name, figure in figures.items():
        print(f"{name:26} {figure}")
    print(json.dumps({**figures, **hardware()}))


if __name__ == "__main__":
    main()
