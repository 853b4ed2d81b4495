"""The description of a candidate's run: what it is, what it reached, how to use it."""

from __future__ import annotations

import math
import shlex

from ..space import Expression
from ..space.analysis.shape import Shape
from ..space.counted import counted
from .markdown import cell, code, image, table
from .records import CandidateRecord
from .run_fields import percent

UNKNOWN = "–"
LONGEST_PAGE = 7500  # characters; MLflow takes 8,000 of a tag
_SMOOTH = {
    None: "yes",
    "curvature": "once differentiable: its second derivative jumps",
    "slope": "continuous, with kinks",
    "value": "no: it jumps",
}


def page(record: CandidateRecord, expression: Expression, shape: Shape, run_id: str) -> str:
    """The page as Markdown, with the run's own plot."""
    plot = "" if record.duplicate_of is not None else image("f and f'", run_id, "curve.png")
    parts = (
        f"### f(x) = {code(record.expression)}",
        _reached(record),
        plot,
        _learning_curve(record),
        table(("", ""), _card(record, expression, shape)),
        _use(record, expression),
    )
    return "\n\n".join(filter(None, parts))[:LONGEST_PAGE]


def _reached(record: CandidateRecord) -> str:
    trial = f"Trial {record.trial} of search {code(record.search)}"
    if record.duplicate_of is not None:
        return f"{trial}: computes what trial {record.duplicate_of} does, and was not trained."
    if record.val_accuracy is None:
        return f"{trial}: {record.state}. {cell(record.reason or '')}"
    epochs = max(record.val_accuracies, default=0)
    error = "" if record.standard_error is None else f" ± {percent(record.standard_error):.2f}"
    spread = " (standard error over draws of images)" if error else ""
    ends = {"complete": "trained to the end", "pruned": "stopped early: others were better"}
    how = ends.get(record.state) or f"{record.state}: {cell(record.reason or '')}"
    return (
        f"{trial}, {how}. **{percent(record.val_accuracy):.2f} %**{error} of the validation "
        f"images right after {counted(epochs, 'epoch')}{spread}."
    )


def _learning_curve(record: CandidateRecord) -> str:
    """Rung by rung; the chart of every epoch is among the run's metrics."""
    epochs = sorted(record.val_accuracies)
    if not epochs:
        return ""
    losses = dict(enumerate(record.train_losses, 1))
    rows = [
        ("validation, %", *(f"{percent(record.val_accuracies[e]):.2f}" for e in epochs)),
        ("validation loss", *(_number(record.val_losses.get(e)) for e in epochs)),
        ("training loss", *(_number(losses.get(e)) for e in epochs)),
    ]
    measured = [row for row in rows if set(row[1:]) != {UNKNOWN}]
    return table(("after epoch", *map(str, epochs)), measured)


def _card(record: CandidateRecord, expression: Expression, shape: Shape) -> list[tuple[str, ...]]:
    rows = [
        ("operators", f"{', '.join(shape.operators) or 'none'} (size {expression.size})"),
        ("smooth", _SMOOTH[shape.jump]),
        ("bounded", "yes" if shape.bounded else "no"),
        ("monotone", shape.direction if shape.monotone else "no"),
    ]
    for parameter in expression.parameters:
        learned = ", ".join(f"{value:.4g}" for value in record.learned.get(parameter.name, ()))
        start = f"starts at {parameter.initial:g}, one per {parameter.granularity}"
        rows.append((parameter.name, f"{start}; learned {learned}" if learned else start))
    if record.cost is not None:
        rows.append(("cost", f"{record.cost:.2f} × ReLU's time, forward and backward"))
    if record.parents:
        parents = ", ".join(f"trial {number}" for number in record.parents)
        rows.append(("made from", f"{parents}{f' by {record.mutation}' * bool(record.mutation)}"))
    rows.append(("training", f"{record.seconds:.2f} s"))
    return [(name, cell(text)) for name, text in rows]


def _use(record: CandidateRecord, expression: Expression) -> str:
    """How to load it, in Python and as a file."""
    per_channel = any(p.granularity == "channel" for p in expression.parameters)
    channels = "channels=64" if per_channel else ""
    search, formula = shlex.quote(record.search), shlex.quote(record.expression)
    return (
        "```python\n"
        "from actsearch.space import parse\n\n"
        f'activation = parse("{record.expression}").module({channels})\n'
        "```\n\n"
        "```\n"
        f"actsearch describe {formula}\n"
        f"actsearch export {search} --trial {record.trial} --output activation{record.home_flag}\n"
        "```"
    )


def _number(value: float | None) -> str:
    """NaN is of an evaluator that knows no loss."""
    return UNKNOWN if value is None or math.isnan(value) else f"{value:.4f}"
