"""The parameters, metrics and tags of a candidate's run.

Names are part of the public format: people filter and script on them. Tags that identify a run
begin with `actsearch.`; those made for filtering are plain words, e.g. `tags.state = 'pruned'`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

from ..space import Expression
from .records import CandidateRecord
from .run_io import Point

SEARCH_TAG = "actsearch.search"
TRIAL_TAG = "actsearch.trial"

LONGEST_TAG = 5000  # characters of a reason; MLflow takes 8000, the rest is in candidate.json
LONGEST_NAME = 250  # characters of a run's name in MLflow's SQL stores
_FIRST_NAMES = {  # field -> its name in candidate.json, which is a stored format
    "val_accuracy": "score",
    "val_accuracies": "rungs",
    "train_losses": "train_loss",
    "val_losses": "val_loss",
    "lr_multiplier": "step",
    "base_lr_accuracy": "own_score",
}


def tags(record: CandidateRecord, expression: Expression) -> dict[str, str]:
    """The tags of a candidate's run; all are set when it is created."""
    values = {
        SEARCH_TAG: record.search,
        TRIAL_TAG: str(record.trial),
        "role": "candidate",
        "state": record.state,
        "size": str(expression.size),
        "reason": record.reason,
        "duplicate_of": None if record.duplicate_of is None else str(record.duplicate_of),
    }
    return {key: shortened(value, LONGEST_TAG) for key, value in values.items() if value}


def params(record: CandidateRecord, expression: Expression) -> dict[str, str]:
    """The parameters of a candidate's run; MLflow never lets them change."""
    learnable = {
        f"initial.{p.name}": f"{p.initial:g} per {p.granularity}" for p in expression.parameters
    }
    return {
        "expression": record.expression,
        "strategy": record.strategy,
        **learnable,
    }


def metrics(record: CandidateRecord) -> list[Point]:
    """The metrics of a candidate's run: steps are epochs, the first being 1.

    The last `val_accuracy` is the score.
    """
    points: list[Point] = [("seconds", record.seconds, 0)]
    if record.lr_multiplier != 1 or record.base_lr_accuracy is not None:  # several were tried
        points.append(("step_size", record.lr_multiplier, 0))
    if record.base_lr_accuracy is not None:
        points.append(("val_accuracy_at_own_step", record.base_lr_accuracy, 0))
    if record.cost is not None:
        points.append(("cost", record.cost, 0))
    if record.val_accuracies:
        points.append(("epochs", max(record.val_accuracies), 0))
    points += [("val_accuracy", value, epoch) for epoch, value in record.val_accuracies.items()]
    points += [("val_loss", value, epoch) for epoch, value in record.val_losses.items()]
    points += [("train_loss", value, epoch) for epoch, value in enumerate(record.train_losses, 1)]
    points += _learned(record.learned)
    return points


def as_dict(record: CandidateRecord) -> dict[str, object]:
    """The whole record, for candidate.json, whose names are those of the first release."""
    return {
        _FIRST_NAMES.get(f.name, f.name): dict(value)
        if isinstance(value := getattr(record, f.name), Mapping)
        else value
        for f in fields(record)
    }


def shortened(text: str, length: int) -> str:
    """The text, cut to a length with an ellipsis where it is longer."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _learned(learned: Mapping[str, Sequence[float]]) -> Iterator[Point]:
    for name, values in learned.items():
        for layer, value in enumerate(values, 1):
            yield f"learned/{name}/layer_{layer}", value, 0
