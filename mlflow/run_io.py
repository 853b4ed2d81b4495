"""The pieces that every run is written from, whatever it shows."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import url2pathname
from uuid import UUID

from ..space import Expression
from ..space.scratch import scratch_folder
from .client import TrackingRefused
from .figures.drawing import Drawing, encoded

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

Point = tuple[str, float, int]  # metric, value, step

BATCH = 1000  # metrics MLflow takes in one request
PAGE = 1000  # runs read in one request
PARAMS = 100  # parameters MLflow takes in one request
NOTE_TAG = "mlflow.note.content"  # a description, of a run or an experiment
HERE = "file:///"  # begins the place of files on this machine
IMAGES_TAG = ("mlflow.loggedImages", "True")  # of runs that the gallery looks into


def log(
    client: MlflowClient,
    run_id: str,
    points: Iterable[Point],
    time_ms: int,
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write metrics, parameters and tags in as few requests as MLflow allows.

    Values that are not finite are left out: MLflow would show 1.8e308 for infinity. Seven digits
    are kept, since its tables show all there are.
    """
    from mlflow.entities import Metric, Param, RunTag

    metrics = (
        Metric(key, float(f"{value:.7g}"), time_ms, step)
        for key, value, step in points
        if math.isfinite(value)
    )
    pairs = (Param(key, value) for key, value in (params or {}).items())
    marks = [RunTag(key, value) for key, value in (tags or {}).items()]
    while True:
        some, others = list(islice(metrics, BATCH)), list(islice(pairs, PARAMS))
        if not some and not others and not marks:
            return
        client.log_batch(run_id, metrics=some, params=others, tags=marks, synchronous=True)
        marks = []


def picture(
    client: MlflowClient,
    run: Run,
    expression: Expression,
    time_ms: int,
    learned: Mapping[str, Sequence[float]] | None = None,
) -> None:
    """Add the plot of f and f': as curve.png, and for the gallery of the saved views."""
    from .figures.curves import candidate_figure  # matplotlib takes a second to load

    drawing = encoded(candidate_figure(expression, learned))
    log_files(client, run, picture_files(run.info.run_id, drawing, time_ms))
    client.set_tag(run.info.run_id, *IMAGES_TAG)


def picture_files(run_id: str, drawing: Drawing, time_ms: int) -> dict[str, bytes]:
    """The files of a run's plot, those of the gallery named as MLflow's `log_image` does (3.17):
    that encodes each of them anew, and takes four times as long."""
    gallery = f"images/curve+step+0+timestamp+{time_ms}+{UUID(run_id)}"
    return {
        "curve.png": drawing.png,
        f"{gallery}.png": drawing.png,
        f"{gallery}+compressed.webp": drawing.thumbnail,
    }


def log_files(client: MlflowClient, run: Run, files: Mapping[str, bytes | Path]) -> None:
    """Add files by their paths in the run, all at once; a path is copied from there.

    Where a run's files lie on this machine they are written there: MLflow's client would read
    the whole run first to know where that is.
    """
    place: str = run.info.artifact_uri
    if place.startswith(HERE):
        _write(Path(url2pathname(place.removeprefix("file://"))), files)
        return
    with scratch_folder() as folder:
        _write(folder, files)
        client.log_artifacts(run.info.run_id, str(folder))


def _write(folder: Path, files: Mapping[str, bytes | Path]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.read_bytes())


def find(
    client: MlflowClient, experiment: str, condition: str, *, deleted: bool = False
) -> Iterator[Run]:
    """Every run of an experiment, or in its trash, that meets a condition of MLflow's filters."""
    from mlflow.entities import ViewType

    view = ViewType.DELETED_ONLY if deleted else ViewType.ACTIVE_ONLY
    token, pages = None, set[str]()
    while True:
        page = client.search_runs([experiment], condition, view, PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
        if token in pages or not page:
            raise TrackingRefused("MLflow's list of runs has no end: a page of it came twice")
        pages.add(token)


def only(client: MlflowClient, runs: Iterable[Run]) -> Run | None:
    """The one of these runs that stays, if there is any; the others go into MLflow's trash.

    A server that answers late was asked to make the run once more meanwhile, and has made two.
    """
    ordered = sorted(runs, key=lambda run: not finished(run))
    for other in ordered[1:]:
        client.delete_run(other.info.run_id)
    return ordered[0] if ordered else None


def finished(run: Run) -> bool:
    """Whether a run was written to its end; one that was not is written on."""
    return run.info.status in ("FINISHED", "FAILED")


def now_ms() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000
