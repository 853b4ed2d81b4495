"""The front of a search in MLflow: a tag on its candidates, and a plot in a run of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .figures.cost_front import front_figure
from .figures.curves import as_image
from .records import FrontRecord
from .run_fields import SEARCH_TAG, TRIAL_TAG
from .run_io import find, now_ms

if TYPE_CHECKING:
    from mlflow import MlflowClient

TAG = "front"
ROLE = "front"  # of the run that has the plot
PLOT = "front.png"


def write(client: MlflowClient, experiment: str, record: FrontRecord) -> None:
    """Write a front; written again as the search goes on, it replaces the earlier one."""
    trials = {str(trial) for trial in record.front}
    for run in find(client, experiment, "tags.role = 'candidate'"):
        mark = "yes" if run.data.tags.get(TRIAL_TAG) in trials else "no"
        if run.data.tags.get(TAG, "no") != mark:
            client.set_tag(run.info.run_id, TAG, mark)
    figure = front_figure(record.search, record.points, list(record.front.values()))
    run_id = _run(client, experiment, record.search)
    client.log_image(run_id, as_image(figure), artifact_file=PLOT)
    client.set_terminated(run_id, "FINISHED", end_time=now_ms())


def _run(client: MlflowClient, experiment: str, search: str) -> str:
    """The run of the plot, made if it is not there."""
    run = next(find(client, experiment, f"tags.role = '{ROLE}'"), None)
    run = run or client.create_run(
        experiment,
        start_time=now_ms(),
        run_name="accuracy against cost",
        tags={SEARCH_TAG: search, "role": ROLE},
    )
    run_id: str = run.info.run_id
    return run_id
