"""A confirmation in MLflow: its figures on the finalists' runs, its re-trainings below them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..space.expressions.parser import parse_stored
from . import experiment_notes, saved_views
from .records import FinalistRecord
from .run_fields import LONGEST_NAME, SEARCH_TAG, percent, shortened
from .run_io import NOTE_TAG, Point, find, finished, log, now_ms, picture

if TYPE_CHECKING:
    from mlflow import MlflowClient

FUNCTION_TAG = "actsearch.function"  # identifies the run of a function that is no trial
RETRAINING_TAG = "actsearch.retraining"  # network/seed, below its finalist


def write(
    client: MlflowClient,
    experiment: str,
    records: Sequence[FinalistRecord],
    run_of_trial: Callable[[int], str],
) -> str:
    """Write the records of one confirmation of one search; return its tables as Markdown.

    The first record of a function decides the `verdict` tag of its run. Written again, with the
    same seeds or more, it adds only what is new.
    """
    tables = experiment_notes.confirmation_tables(records)
    places = _places(records)
    for key, value in saved_views.confirmation_tag(now_ms(), _networks(records)).items():
        client.set_experiment_tag(experiment, key, value)
    functions: dict[tuple[int | None, str], list[FinalistRecord]] = {}
    for record in records:
        functions.setdefault((record.trial, record.expression), []).append(record)
    for (trial, _), rows in functions.items():
        run_id = _other_run(client, experiment, rows[0]) if trial is None else run_of_trial(trial)
        _retrainings(client, experiment, run_id, rows)
        points = [point for row in rows for point in _summary(row)]
        points.append((saved_views.CONFIRMED_ORDER, places[rows[0].name], 0))
        intervals = {f"{row.network}/interval": _interval(row) for row in rows if row.interval}
        tags = {"verdict": rows[0].verdict or "", "confirmed": "yes", **intervals}
        if trial is None:  # a candidate's run has the page of its trial
            tags[NOTE_TAG] = experiment_notes.function_note(rows, run_id)
        log(client, run_id, points, now_ms(), tags=tags)
        client.log_text(run_id, tables, "confirmation.md")
    return tables


def _places(records: Sequence[FinalistRecord]) -> dict[str, float]:
    """A number for each function; descending, they are the order in which the records came, that
    of the terminal: finalists, then baselines, each by their validation mean on the first
    network."""
    names = list(dict.fromkeys(record.name for record in records))
    return {name: float(len(names) - place) for place, name in enumerate(names)}


def _interval(record: FinalistRecord) -> str:
    """The interval of the difference, in points."""
    low, high = record.interval or (0.0, 0.0)
    return f"[{percent(low):+.2f}, {percent(high):+.2f}]"


def _networks(records: Sequence[FinalistRecord]) -> list[str]:
    return list(dict.fromkeys(record.network for record in records))


def _summary(record: FinalistRecord) -> Iterator[Point]:
    """The confirmation's figures, under the network's name: per cent, and points of it."""
    low, high = record.interval or (None, None)
    test, val = record.test_accuracies, record.val_accuracies
    fractions = {
        "test_percent_mean": statistics.fmean(test) if test else None,
        "test_percent_sd": statistics.stdev(test) if len(test) > 1 else None,
        "test_percent_worst": min(test, default=None),
        "val_percent_mean": statistics.fmean(val) if val else None,
        "difference_points": record.difference,
        "difference_points_low": low,
        "difference_points_high": high,
        "images_error_points": record.images_error,
    }
    for name, value in fractions.items():
        if value is not None:
            yield f"{record.network}/{name}", percent(value), 0
    yield f"{record.network}/test_n", len(test), 0
    if record.p_value is not None:
        yield f"{record.network}/p_value", round(record.p_value, 4), 0


def _other_run(client: MlflowClient, experiment: str, record: FinalistRecord) -> str:
    """The run of a function that is no trial, a baseline mostly; made if it is not there."""
    condition = f"tags.`{FUNCTION_TAG}` = '{record.expression}'"  # no expression has quotes
    run = next(find(client, experiment, condition), None)
    if run is not None and finished(run):
        return str(run.info.run_id)
    now = now_ms()
    run = run or client.create_run(
        experiment,
        start_time=now,
        run_name=shortened(record.name, LONGEST_NAME),
        tags={
            SEARCH_TAG: record.search,
            FUNCTION_TAG: record.expression,
            "role": "baseline" if record.verdict == "baseline" else "finalist",
        },
    )
    run_id: str = run.info.run_id
    log(client, run_id, (), now, {"expression": record.expression})
    picture(client, run, parse_stored(record.expression), now)
    client.set_terminated(run_id, "FINISHED", end_time=now)
    return run_id


def _retrainings(
    client: MlflowClient, experiment: str, parent: str, rows: Sequence[FinalistRecord]
) -> None:
    """One run below the finalist for each training, those already there left alone."""
    below = find(client, experiment, f"tags.`mlflow.parentRunId` = '{parent}'")
    known = {run.data.tags.get(RETRAINING_TAG): run for run in below}
    for row in rows:
        trained = zip(row.seeds, row.val_accuracies, row.test_accuracies, strict=True)
        for place, (seed, val, test) in enumerate(trained, 1):
            identity, now = f"{row.network}/{seed}", now_ms()
            run = known.get(identity)
            if run is not None and finished(run):
                continue
            where = "" if row.network == rows[0].network else f" on {row.network}"
            run = run or client.create_run(
                experiment,
                start_time=now,
                run_name=f"seed {place} of {len(row.seeds)}{where}",
                tags={
                    SEARCH_TAG: row.search,
                    RETRAINING_TAG: identity,
                    "role": "retraining",
                    "mlflow.parentRunId": parent,
                },
            )
            points = [("val_percent", percent(val), 0), ("test_percent", percent(test), 0)]
            log(client, run.info.run_id, points, now, {"network": row.network, "seed": str(seed)})
            client.set_terminated(run.info.run_id, "FINISHED", end_time=now)
