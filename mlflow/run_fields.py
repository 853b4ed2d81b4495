"""The parameters, metrics and tags of a candidate's run.

Names are part of the public format: people filter and script on them. Tags that identify a run
begin with `actsearch.`; those made for filtering are plain words, e.g. `tags.state = 'pruned'`.
Accuracies are in per cent, and say so. Runs of the first release had fractions, as `val_accuracy`:
they keep those, and get the names of today beside them (tracker.py) when their search is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

from ..space import Expression
from ..space.analysis.shape import Shape
from .records import CandidateRecord
from .run_io import Point

SEARCH_TAG = "actsearch.search"
TRIAL_TAG = "actsearch.trial"
FORMAT_TAG = "actsearch.format"  # of a run that has the names of this version
FORMAT = "2"

ORDER = "leaderboard_order"  # descending, it is the leaderboard's order
PER_RUNG = 101.0  # of ORDER: a rung further outweighs any accuracy in per cent
DIVERGED = -100_000.0  # of ORDER: below all that trained to a rung's end

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
        "parents": ", ".join(map(str, record.parents)),
        "mutation": record.mutation,
        "reason": record.reason,
        "duplicate_of": None if record.duplicate_of is None else str(record.duplicate_of),
    }
    return {key: shortened(value, LONGEST_TAG) for key, value in values.items() if value}


def params(record: CandidateRecord, expression: Expression, shape: Shape) -> dict[str, str]:
    """The parameters of a candidate's run; MLflow never lets them change."""
    learnable = {
        f"initial.{p.name}": f"{p.initial:g} per {p.granularity}" for p in expression.parameters
    }
    return {
        "expression": record.expression,
        "strategy": record.strategy,
        "operators": ", ".join(shape.operators) or "none",
        "size": str(expression.size),
        "smooth": "smooth" if shape.jump is None else shape.jump,  # else what jumps
        "bounded": "yes" if shape.bounded else "no",
        "monotone": shape.direction if shape.monotone else "no",
        "learnable": str(len(expression.parameters)),
        **learnable,
    }


def metrics(record: CandidateRecord) -> list[Point]:
    """The metrics of a candidate's run: steps are epochs, the first being 1.

    `val_percent` is the learning curve. What is reached at one rung may be compared with what
    others reach there alone, hence a metric for each, as `val_percent/epoch_9`.
    """
    points: list[Point] = [("seconds", record.seconds, 0)]
    if record.lr_multiplier != 1 or record.base_lr_accuracy is not None:  # several were tried
        points.append(("step_size", record.lr_multiplier, 0))
    if record.base_lr_accuracy is not None:
        points.append(("val_percent_at_own_step", percent(record.base_lr_accuracy), 0))
    if record.cost is not None:
        points.append(("cost", record.cost, 0))
    if record.standard_error is not None:
        points.append(("standard_error_points", percent(record.standard_error), 0))
    if record.val_accuracies:
        points.append(("epochs", max(record.val_accuracies), 0))
        points.append((ORDER, _order(record), 0))
    for epoch, value in record.val_accuracies.items():
        points.append(("val_percent", percent(value), epoch))
        points.append((rung_metric(epoch), percent(value), 0))
    points += [("val_loss", value, epoch) for epoch, value in record.val_losses.items()]
    points += [("train_loss", value, epoch) for epoch, value in enumerate(record.train_losses, 1)]
    points += _learned(record.learned)
    return points


def rung_metric(epoch: int) -> str:
    """The metric of the accuracy at the rung that ends with an epoch."""
    return f"val_percent/epoch_{epoch}"


def percent(fraction: float) -> float:
    """In per cent, with the two decimals that the terminal has: MLflow shows all there are."""
    return round(100 * fraction, 2)


def _order(record: CandidateRecord) -> float:
    rung = max(record.val_accuracies)
    reached = PER_RUNG * rung + percent(record.val_accuracies[rung])
    return reached + (DIVERGED if record.state == "infeasible" else 0.0)


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
