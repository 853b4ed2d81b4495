"""The run of a search itself, its home page; and what its state marks on its candidates' runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .markdown import cell, run_link
from .records import SearchRecord
from .run_fields import SEARCH_TAG, TRIAL_TAG
from .run_io import NOTE_TAG, find, log, log_files, now_ms, only
from .saved_views import PICTURES, TIE_TAG, TOP_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient

ROLE = "search"
LOGGED_TAG = "actsearch.logged"  # the number of the last candidate whose metrics are written
LONGEST_PAGE = 7900  # characters; MLflow takes 8,000 of a tag


def write(client: MlflowClient, experiment: str, record: SearchRecord) -> tuple[str, str]:
    """Write a search's state; written again as it goes on, only what is new is added.

    Returns the run's id, and what the experiment's note begins with: the headline, with a link.
    """
    run = only(client, find(client, experiment, f"tags.role = '{ROLE}'"))
    tags, params = (run.data.tags, run.data.params) if run else ({}, {})
    run = run or client.create_run(
        experiment,
        start_time=record.started_ms,
        run_name=f"search {record.search}",
        tags={SEARCH_TAG: record.search, "role": ROLE},
    )
    run_id: str = run.info.run_id
    logged = int(tags.get(LOGGED_TAG, "-1"))
    log(
        client,
        run_id,
        [point for point in record.points if point[2] > logged],
        now_ms(),
        {key: value for key, value in record.params.items() if key not in params},
        {
            NOTE_TAG: record.page.replace("{run}", run_id)[:LONGEST_PAGE],
            LOGGED_TAG: str(max((step for _, _, step in record.points), default=logged)),
            "headline": record.headline,
        },
    )
    if record.files:
        log_files(client, run, record.files)
    # Closed each time: a search that is stopped, or killed, leaves no run open.
    client.set_terminated(run_id, "FINISHED", end_time=now_ms())
    _mark(client, experiment, record)
    page = run_link("The search’s page", experiment, run_id)
    return run_id, f"{cell(record.headline)} {page}"


def _mark(client: MlflowClient, experiment: str, record: SearchRecord) -> None:
    """The place of the best, and a ~ on what the noise of one run does not tell from the best."""
    wanted: dict[str, dict[str, str]] = {}
    for place, trial in enumerate(record.top[:PICTURES], 1):
        wanted.setdefault(str(trial), {})[TOP_TAG] = str(place)
    for trial in record.ties:
        wanted.setdefault(str(trial), {})[TIE_TAG] = "~"
    marked = f"tags.`{TOP_TAG}` LIKE '%'", f"tags.`{TIE_TAG}` LIKE '%'"
    before = {run.info.run_id: run for where in marked for run in find(client, experiment, where)}
    known = {run.data.tags.get(TRIAL_TAG, ""): run for run in before.values()}
    for number in {*wanted, *known} - {""}:
        run = known.get(number)
        if run is None:
            condition = f"tags.`{TRIAL_TAG}` = '{number}'"
            run = next(find(client, experiment, condition), None)
        if run is None:  # it is still to be written
            continue
        for tag in (TOP_TAG, TIE_TAG):
            mark = wanted.get(number, {}).get(tag)
            if mark is None and tag in run.data.tags:
                client.delete_tag(run.info.run_id, tag)
            elif mark is not None and run.data.tags.get(tag) != mark:
                client.set_tag(run.info.run_id, tag, mark)
