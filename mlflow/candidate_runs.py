"""A candidate's run in MLflow: found by its trial, written in one burst, its plot drawn ahead."""

from __future__ import annotations

import json
from collections import defaultdict
from concurrent.futures import Future
from typing import TYPE_CHECKING

from ..space.analysis.shape import shape_of
from ..space.expressions.parser import parse_stored
from ..space.json_safe import plain
from . import run_fields
from .candidate_page import page
from .figures.curves import candidate_curves
from .figures.drawing import Drawing, studio
from .records import CandidateRecord
from .run_io import IMAGES_TAG, NOTE_TAG, find, finished, log, log_files, only, picture_files

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


def run_of(client: MlflowClient, experiment: str, trial: int) -> Run | None:
    """The run of a trial, if there is one; of several, those that were written twice, one."""
    return only(client, find(client, experiment, is_trial(trial)))


def runs_of(client: MlflowClient, experiment: str) -> dict[int, Run]:
    """The runs of an experiment's candidates, by trial."""
    runs: dict[int, list[Run]] = defaultdict(list)
    for run in find(client, experiment, "tags.role = 'candidate'"):
        trial = run.data.tags.get(run_fields.TRIAL_TAG, "")
        if trial.isdecimal():  # ours
            runs[int(trial)].append(run)
    kept = ((trial, only(client, same)) for trial, same in runs.items())
    return {trial: run for trial, run in kept if run is not None}


def drawing_of(record: CandidateRecord, run: Run | None) -> Future[Drawing] | None:
    """The plot, drawn in the background; None for a duplicate, which shows the first one's, and
    for a finished run, which has it."""
    if record.duplicate_of is not None or (run is not None and finished(run)):
        return None
    return studio().draw(lambda: candidate_curves(parse_stored(record.expression), record.learned))


def write(
    client: MlflowClient,
    experiment: str,
    record: CandidateRecord,
    run: Run | None,
    drawing: Future[Drawing] | None,
) -> str:
    """The id of a candidate's run, written as far as it is missing."""
    if run is not None and is_complete(run):
        return str(run.info.run_id)
    known: set[str] = set()
    if run is not None and finished(run):
        known = {*run.data.metrics, *run.data.params}
    expression = parse_stored(record.expression)
    shape = shape_of(expression)
    images = {} if drawing is None else dict([IMAGES_TAG])
    tags = run_fields.tags(record, expression)
    run = run or client.create_run(
        experiment,
        start_time=record.started_ms,
        tags=tags | images,
        run_name=run_fields.shortened(record.expression, run_fields.LONGEST_NAME),
    )
    run_id: str = run.info.run_id
    params = run_fields.params(record, expression, shape).items()
    log(
        client,
        run_id,
        [point for point in run_fields.metrics(record) if point[0] not in known],
        record.finished_ms,
        {key: value for key, value in params if key not in known},
        {
            NOTE_TAG: page(record, expression, shape, run_id),
            run_fields.FORMAT_TAG: run_fields.FORMAT,
            **(tags if known else {}),
        },
    )
    if known:  # of an earlier version: its files are there
        return run_id
    document = json.dumps(plain(run_fields.as_dict(record)), indent=2)
    files = {"candidate.json": document.encode()}
    if drawing is not None:
        files |= picture_files(run_id, drawing.result(), record.finished_ms)
    log_files(client, run, files)
    status = "FAILED" if record.state == "failed" else "FINISHED"
    client.set_terminated(run_id, status, end_time=record.finished_ms)
    return run_id


def is_complete(run: Run) -> bool:
    """Whether nothing is missing of a candidate's run; of one that an earlier version wrote, the
    names of this are."""
    current = run.data.tags.get(run_fields.FORMAT_TAG) == run_fields.FORMAT
    return finished(run) and current


def is_trial(trial: int) -> str:
    """The filter for a trial's run."""
    return f"tags.`{run_fields.TRIAL_TAG}` = '{trial}'"
