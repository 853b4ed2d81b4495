"""Diagnoses in MLflow: one experiment for all of them, a run for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from ..space.expressions.parser import parse_stored
from .client import connect, database, local_uri, translated
from .experiments import make_once, retire
from .figures.curves import as_image
from .run_fields import LONGEST_NAME, LONGEST_TAG, shortened
from .run_io import Point, log, picture

if TYPE_CHECKING:
    from mlflow import MlflowClient

# No search can be called so: their experiments begin with another prefix (experiments.py).
EXPERIMENT = "actsearch diagnoses"
NOTE = (
    "One run for each `actsearch diagnose`: metrics by epoch and layer, figures, the whole JSON."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisRecord:
    """All that MLflow shows of one diagnosis.

    expression: canonical text. params, points: as a run has them. reason: why it diverged.
    figures: file name without suffix -> figure. document: for diagnosis.json. text: for reading.
    started_ms, finished_ms: milliseconds since the epoch, UTC.
    """

    expression: str
    params: Mapping[str, str]
    points: Sequence[Point]
    figures: Mapping[str, Figure]
    document: Mapping[str, Any]
    text: str
    started_ms: int
    finished_ms: int
    reason: str | None = None


def write_diagnosis(home: Path, tracking_uri: str | None, record: DiagnosisRecord) -> str:
    """The id of a new run, in the home's own store or on a server.

    Raises TrackingUnavailable or TrackingRefused as `Tracker` does.
    """
    uri = tracking_uri or local_uri(home)
    local = uri == local_uri(home)
    client = connect(uri, database(home) if local else None)
    folder = (home.resolve() / "artifacts" / "diagnoses").as_uri() if local else None
    with translated(uri):
        run = client.create_run(
            _experiment(client, folder),
            start_time=record.started_ms,
            run_name=shortened(record.expression, LONGEST_NAME),
            tags={
                "role": "diagnosis",
                "state": "infeasible" if record.reason else "complete",
                "mlflow.note.content": f"```\n{record.text}\n```",
                **({"reason": record.reason[:LONGEST_TAG]} if record.reason else {}),
            },
        )
        run_id: str = run.info.run_id
        log(client, run_id, record.points, record.finished_ms, record.params)
        client.log_dict(run_id, dict(record.document), "diagnosis.json")
        for name, figure in record.figures.items():
            client.log_image(run_id, as_image(figure), artifact_file=f"{name}.png")
        picture(client, run, parse_stored(record.expression), record.finished_ms)
        client.set_terminated(run_id, "FINISHED", end_time=record.finished_ms)
    return run_id


def _experiment(client: MlflowClient, folder: str | None) -> str:
    """The experiment's id; made where it is not there, or lies where the home no longer is."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is not None:
        deleted = experiment.lifecycle_stage == "deleted"
        moved = folder is not None and experiment.artifact_location != folder
        if not deleted and not moved:
            return str(experiment.experiment_id)
        if deleted:
            client.restore_experiment(experiment.experiment_id)
        retire(client, experiment)
    experiment_id = make_once(client, EXPERIMENT, folder)
    client.set_experiment_tag(experiment_id, "mlflow.note.content", NOTE)
    return experiment_id
