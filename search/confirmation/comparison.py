"""What a confirmation says: its rows, each finalist held to the best baseline, and the verdicts.

Everything is chosen on validation images: which finalist is the best, which baseline finalists
are held to. The test set only says how good they are.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...evaluators import Recipe
from ...evaluators.paired_statistics import (
    PairedComparison,
    Verdict,
    compare,
    holm,
    verdict,
)
from ..storage.confirmation_log import ConfirmationLog
from .retrain import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """One function on one network and data set; val, test and which test images were right by
    seed, in the seeds' order. repeats: of the recipe, over which a seed's hits are summed."""

    name: str
    expression: str
    network: str
    dataset: str
    role: str  # "finalist" or "baseline"
    seeds: tuple[int, ...]
    val_accuracies: tuple[float, ...]
    test_accuracies: tuple[float, ...]
    test_correct: tuple[bytes | None, ...] = field(repr=False)
    seeds_per_score: int
    diverged: int = 0  # seeds in which it did not train to the end
    comparison: PairedComparison | None = None  # with the best baseline there
    p_adjusted: float | None = None
    verdict: Verdict | None = None  # of finalists only

    @property
    def where(self) -> str:
        """Network and data set."""
        return f"{self.network} on {self.dataset}"

    @property
    def val_mean(self) -> float:
        return statistics.fmean(self.val_accuracies) if self.val_accuracies else 0.0

    @property
    def test_mean(self) -> float:
        return statistics.fmean(self.test_accuracies) if self.test_accuracies else 0.0

    @property
    def test_sd(self) -> float | None:
        return statistics.stdev(self.test_accuracies) if len(self.test_accuracies) > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """The table of a confirmation, best finalist first, and how often the test set was opened."""

    rows: tuple[ComparisonRow, ...]
    best: str | None  # name of the finalist with the best validation mean on the first network
    baseline: str  # name of the baseline with the best validation mean there
    openings: int  # of the first rows' data set
    elsewhere: Mapping[str, int] = field(default_factory=dict)  # of other data sets, by name

    def row(self, name: str, network: str | None = None) -> ComparisonRow:
        """A function's row, on the first network unless told."""
        return next(r for r in self.rows if r.name == name and network in (None, r.network))

    def label(self, row: ComparisonRow) -> str:
        """The row's network; with its data set, where that is not the first rows'."""
        return row.network if row.dataset == self.rows[0].dataset else row.where


def table(plan: Plan, ledger: ConfirmationLog) -> Confirmation | None:
    """The table of what the ledger holds of a plan; None while a training is missing."""
    rows: list[ComparisonRow] = []
    for recipe, count in plan.recipes:
        if count == 0:
            continue
        found = _rows_under(plan, ledger, recipe, plan.seeds(count))
        if found is None:
            return None
        rows += found
    first = [row for row in rows if row.where == rows[0].where]
    finalists = [r for r in first if r.role == "finalist" and not r.diverged]
    best = max(finalists, key=lambda r: r.val_mean, default=None)
    wanted, own = set(plan.finalists.values()), rows[0].dataset
    opened = Counter(o.dataset for o in ledger.openings if wanted & set(o.finalists))
    others = {row.dataset for row in rows} - {own}
    return Confirmation(
        rows=tuple(rows),
        best=best.name if best else None,
        baseline=_best_baseline(first).name,
        openings=opened[own],
        elsewhere={name: opened[name] for name in sorted(others)},
    )


def _rows_under(
    plan: Plan, ledger: ConfirmationLog, recipe: Recipe, seeds: Sequence[int]
) -> list[ComparisonRow] | None:
    rows = []
    for name, text in plan.functions.items():
        trainings = [ledger.trainings.get((recipe.digest, seed, text)) for seed in seeds]
        if None in trainings:
            return None
        whole = [t for t in trainings if t is not None and t.val_accuracy is not None]
        rows.append(
            ComparisonRow(
                name=name,
                expression=text,
                network=recipe.network,
                dataset=recipe.dataset,
                role="finalist" if name in plan.finalists else "baseline",
                seeds=tuple(t.seed for t in whole),
                val_accuracies=tuple(t.val_accuracy for t in whole if t.val_accuracy is not None),
                test_accuracies=tuple(
                    t.test_accuracy for t in whole if t.test_accuracy is not None
                ),
                test_correct=tuple(t.test_correct for t in whole),
                seeds_per_score=recipe.seeds_per_score,
                diverged=len(trainings) - len(whole),
            )
        )
    return sorted(
        _judged(rows, _best_baseline(rows)), key=lambda r: (r.role != "finalist", -r.val_mean)
    )


def _best_baseline(rows: Sequence[ComparisonRow]) -> ComparisonRow:
    """What finalists are held to on one network: of the baselines that trained on every seed, if
    there are any, the one with the best validation mean."""
    baselines = [r for r in rows if r.role == "baseline"]
    return max(baselines, key=lambda r: (not r.diverged, r.val_mean))


def _judged(rows: Sequence[ComparisonRow], baseline: ComparisonRow) -> list[ComparisonRow]:
    """The rows with their comparison to the baseline, Holm-corrected over the finalists."""
    finalists = [r for r in rows if r.role == "finalist"]
    compared = {r.name: _against(r, baseline) for r in rows if r is not baseline}
    p_values = [1.0 if (c := compared[r.name]) is None else c.p_value for r in finalists]
    adjusted = dict(zip((r.name for r in finalists), holm(p_values), strict=True))
    judged = []
    for row in rows:
        comparison = compared.get(row.name)
        told: Verdict | None = None
        if row.role == "finalist":
            if row.diverged:
                told = "worse"
            elif comparison is None:  # no baseline trained
                told = "tie"
            else:
                told = verdict(comparison, adjusted[row.name])
        judged.append(
            dataclasses.replace(
                row, comparison=comparison, p_adjusted=adjusted.get(row.name), verdict=told
            )
        )
    return judged


def _against(row: ComparisonRow, baseline: ComparisonRow) -> PairedComparison | None:
    """Over the seeds both trained to the end; None if there are none."""
    ours = dict(zip(row.seeds, row.test_accuracies, strict=True))
    theirs = dict(zip(baseline.seeds, baseline.test_accuracies, strict=True))
    shared = [seed for seed in row.seeds if seed in theirs]
    if not shared:
        return None
    return compare(
        [ours[s] for s in shared], [theirs[s] for s in shared], _by_image(row, baseline, shared)
    )


def _by_image(
    row: ComparisonRow, baseline: ComparisonRow, seeds: Sequence[int]
) -> NDArray[np.float64] | None:
    """How much more often each test image was right, [seeds, images], of the seeds whose trainings
    tell; None where none does, or where they were not tested on the same images."""
    ours, theirs = (dict(zip(r.seeds, r.test_correct, strict=True)) for r in (row, baseline))
    rows = [(ours[seed], theirs[seed]) for seed in seeds]
    known = [(a, b) for a, b in rows if a is not None and b is not None]
    if len({len(part) for pair in known for part in pair}) != 1:
        return None
    pairs = np.array([[np.frombuffer(part, np.uint8) for part in pair] for pair in known])
    more: NDArray[np.float64] = (pairs[:, 0].astype(float) - pairs[:, 1]) / row.seeds_per_score
    return more
