"""The scores of given expressions on validation images, as text and JSON."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...evaluators import Recipe
from .text_table import Column, cut, text_table


@dataclass(frozen=True, slots=True)
class Score:
    """Validation accuracies (fractions) of one expression, by seed; reasons where it diverged."""

    expression: str
    val_accuracies: tuple[float, ...]
    reasons: tuple[str, ...] = ()

    @property
    def mean(self) -> float | None:
        return statistics.fmean(self.val_accuracies) if self.val_accuracies else None

    @property
    def sd(self) -> float | None:
        return statistics.stdev(self.val_accuracies) if len(self.val_accuracies) > 1 else None


def score_text(scores: Sequence[Score], recipe: Recipe, fit: int | None = None) -> str:
    """Scores as a table; fit: characters of a line."""
    columns = (
        Column("formula", width=max(len(cut(score.expression)) for score in scores), wraps=16),
        Column("val acc mean ± sd", ">", 18),
        Column("n", ">", 2, gap=3),
        Column(f"recipe {recipe.label}"),
    )
    rows = [
        (
            cut(score.expression),
            ("–" if score.mean is None else f"{100 * score.mean:.2f}%")
            + ("" if score.sd is None else f" ± {100 * score.sd:.2f}"),
            str(len(score.val_accuracies)),
            f"[{len(score.reasons)} diverged: {score.reasons[0]}]" if score.reasons else "",
        )
        for score in scores
    ]
    return text_table(columns, rows, fit) + "\nvalidation images only: the test set stayed closed"


def score_json(score: Score) -> dict[str, Any]:
    """The same numbers, accuracies as fractions."""
    return {
        "expression": score.expression,
        "val": list(score.val_accuracies),
        "mean": score.mean,
        "sd": score.sd,
        "n": len(score.val_accuracies),
        "diverged": list(score.reasons),
    }
