"""Divergence: when a candidate cannot go on, and the reason that is reported."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .evaluator import MemberProgress


def diverged(
    train_losses: Sequence[float], loss: float, learned: Mapping[str, Sequence[float]]
) -> str | None:
    """The reason why a training cannot go on, its first loss (nats) that is not finite; or None.

    learned: parameter -> value per layer; those that are not finite then are named.
    """
    ruined = [
        f"{name} is {value} in layer {layer}"
        for name, values in learned.items()
        for layer, value in enumerate(values, 1)
        if not math.isfinite(value)
    ]
    detail = f" ({ruined[0]})" if ruined else ""
    for epoch, value in enumerate(train_losses, 1):
        if not math.isfinite(value):
            return f"training loss is {value} in epoch {epoch}{detail}"
    if not math.isfinite(loss):
        return f"validation loss is {loss} after epoch {len(train_losses)}{detail}"
    return None


def not_finite(numbers: Mapping[str, float | None]) -> str | None:
    """The reason why a candidate has no score, the first of an evaluator's numbers that is not
    finite; or None."""
    for name, value in numbers.items():
        if value is not None and not math.isfinite(value):
            return f"the evaluator's {name} is {value}"
    return None


def with_reason(member: MemberProgress) -> MemberProgress:
    """The member; with a reason where its score or loss is not finite, which nothing can be held
    to: neither a rung nor another learning rate."""
    numbers = {"val_accuracy": member.val_accuracy, "val_loss": member.val_loss}
    return replace(member, reason=member.reason or not_finite(numbers))
