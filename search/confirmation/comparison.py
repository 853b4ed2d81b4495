"""A confirmation read off its log: each finalist beside the best baseline, and the verdicts.

Everything is chosen on validation images: which finalist is the best, which baseline finalists
are compared with. The test set only says how good they are.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
from ...space.counted import counted
from ..storage.confirmation_log import ConfirmationLog, Opening
from ..storage.shown_functions import may_be_one
from .plan import Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ComparisonRow:
    """One function on one network and data set.

    val_accuracies, test_accuracies: fractions, by seed in the seeds' order. test_correct: by seed
    a byte for each test image, in how many of the recipe's seeds_per_score it was right.
    """

    name: str
    expression: str
    network: str
    dataset: str
    role: str  # "finalist" or "baseline"
    seeds: tuple[int, ...]
    val_accuracies: tuple[float, ...]
    test_accuracies: tuple[float, ...]
    test_correct: tuple[bytes | None, ...]
    seeds_per_score: int
    diverged: int = 0  # seeds in which it did not train to the end
    comparison: PairedComparison | None = None  # with the best baseline there
    p_adjusted: float | None = None
    verdict: Verdict | None = None  # of finalists only; None where no baseline trained

    def __repr__(self) -> str:
        scores = "no score"
        if self.val_mean is not None and self.test_mean is not None:
            scores = f"test {self.test_mean:.4f}, validation {self.val_mean:.4f}"
        return (
            f"<ComparisonRow {self.name!r} ({self.standing}) on {self.where}: "
            f"{scores}, {counted(len(self.seeds), 'seed')}>"
        )

    @property
    def standing(self) -> str:
        """The verdict in a word, `no verdict` where there is none; `baseline` for one."""
        return "baseline" if self.role == "baseline" else self.verdict or "no verdict"

    @property
    def where(self) -> str:
        """Network and data set."""
        return f"{self.network} on {self.dataset}"

    @property
    def val_mean(self) -> float | None:
        """None where no seed trained to the end."""
        return statistics.fmean(self.val_accuracies) if self.val_accuracies else None

    @property
    def test_mean(self) -> float | None:
        """None where no seed trained to the end."""
        return statistics.fmean(self.test_accuracies) if self.test_accuracies else None

    @property
    def test_worst(self) -> float | None:
        """The accuracy of the worst seed."""
        return min(self.test_accuracies, default=None)

    @property
    def test_sd(self) -> float | None:
        return statistics.stdev(self.test_accuracies) if len(self.test_accuracies) > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Confirmation:
    """The rows of a confirmation, best finalist first, and how often the test set was opened.

    openings: of the first rows' data set, in the home up to this confirmation. family: functions
    that it was shown by then, each counted as often as it was: what p-values are corrected over.
    """

    rows: tuple[ComparisonRow, ...]
    best: str | None  # name of the finalist with the best validation mean on the first network
    baseline: str  # name of the baseline with the best validation mean there
    openings: int
    family: int
    elsewhere: Mapping[str, int] = field(default_factory=dict)  # of other data sets, by name

    def row(self, name: str, network: str | None = None) -> ComparisonRow:
        """A function's row, on the first network by default."""
        return next(
            row for row in self.rows if row.name == name and network in (None, row.network)
        )

    def blocks(self) -> dict[str, list[ComparisonRow]]:
        """The rows by network and data set, in their order."""
        places = dict.fromkeys(row.where for row in self.rows)
        return {where: [row for row in self.rows if row.where == where] for where in places}

    def label(self, row: ComparisonRow) -> str:
        """The row's network; with its data set, where that is not the first rows'."""
        return row.network if row.dataset == self.rows[0].dataset else row.where

    def plot(self, where: str | None = None, axes: Axes | None = None) -> Axes:
        """Test accuracies less the best baseline's, with intervals, on matplotlib's axes.

        where: `NETWORK on DATASET`, or a network, there on its first data set; the first by
        default.
        """
        from ..reports.confirmation_display import plot

        return plot(self, where, axes)

    def to_pandas(self, *, by_seed: bool = False) -> DataFrame:
        """A pandas DataFrame, a row for each function on each network and data set.

        by_seed: a row for each training instead, with `seed`, `val_accuracy`, `test_accuracy`.
        """
        from ..reports.confirmation_display import to_pandas

        return to_pandas(self, by_seed)

    def __repr__(self) -> str:
        from ..reports.confirmation_display import summary

        finalists = {row.name for row in self.rows if row.role == "finalist"}
        seeds = max((len(row.seeds) for row in self.rows), default=0)
        sizes = f"{counted(len(finalists), 'finalist')}, {counted(seeds, 'seed')}"
        return f"<Confirmation: {summary(self)}; {sizes}>"

    def _repr_html_(self) -> str:
        """The verdict and the tables, for notebooks."""
        from ..reports.confirmation_display import as_html

        return as_html(self)


def read_confirmation(plan: Plan, log: ConfirmationLog) -> Confirmation | None:
    """The comparison of a plan's functions; None while a training is missing from the log, or
    without a finalist."""
    if not plan.finalists:
        return None
    rows: list[ComparisonRow] = []
    for recipe, count in plan.recipes:
        if count > 0:
            family = _family(plan, log, recipe.dataset)
            compared = _rows_under(plan, log, recipe, plan.seeds(count), family)
            if compared is None:
                return None
            rows += compared
    first = [row for row in rows if row.where == rows[0].where]
    baseline = _best_baseline(first)
    finalists = [row for row in first if row.role == "finalist" and _is_sound(row, baseline)]
    best = max(finalists, key=_by_validation, default=None)
    dataset = rows[0].dataset
    others = {row.dataset for row in rows} - {dataset}
    return Confirmation(
        rows=tuple(rows),
        best=best.name if best else None,
        baseline=baseline.name,
        openings=_openings(plan, log, dataset),
        family=_family(plan, log, dataset),
        elsewhere={name: _openings(plan, log, name) for name in sorted(others)},
    )


def _looks(plan: Plan, log: ConfirmationLog, dataset: str) -> list[Opening]:
    """The openings that showed a finalist of the plan to a test set which this plan opened on a
    data set: under its own recipes, or others."""
    finalists = set(plan.finalists.values())
    shown = [o for o in log.openings if o.dataset == dataset and finalists & set(o.finalists)]
    recipes = {recipe.digest for recipe, _ in plan.recipes}
    ours = [o for o in shown if not o.recipes or recipes & set(o.recipes)]
    return [o for o in shown if any(may_be_one(o, other) for other in ours)]


def _openings(plan: Plan, log: ConfirmationLog, dataset: str) -> int:
    """How often that test set was opened in the home, up to the last time for this plan."""
    looks = _looks(plan, log, dataset)
    return max((o.openings_before + 1 for o in looks), default=0)


def _family(plan: Plan, log: ConfirmationLog, dataset: str) -> int:
    """Functions shown to that test set up to the last look at one of these, each as often as it
    was: who looks again at more seeds, and stops at a winner, has tried as often; and who asks for
    the best of those shown alone has still seen the others."""
    looks = _looks(plan, log, dataset)
    counts = [o.shown_before + len(o.finalists) for o in looks if o.shown_before is not None]
    older = [o for o in looks if o.shown_before is None]
    if older:
        others = max(o.functions_before for o in older)
        counts.append(others + sum(len(o.finalists) for o in older))
    return max(len(plan.finalists), *counts) if counts else len(plan.finalists)


def _rows_under(
    plan: Plan, log: ConfirmationLog, recipe: Recipe, seeds: Sequence[int], family: int
) -> list[ComparisonRow] | None:
    """Every function under one recipe, compared; None while a training is missing."""
    rows = []
    for name, expression in plan.functions.items():
        trainings = [log.trainings.get((recipe.digest, seed, expression)) for seed in seeds]
        if None in trainings:
            return None
        ended = [t for t in trainings if t is not None and t.val_accuracy is not None]
        rows.append(
            ComparisonRow(
                name=name,
                expression=expression,
                network=recipe.network,
                dataset=recipe.dataset,
                role="finalist" if name in plan.finalists else "baseline",
                seeds=tuple(t.seed for t in ended),
                val_accuracies=tuple(t.val_accuracy for t in ended if t.val_accuracy is not None),
                test_accuracies=tuple(
                    t.test_accuracy for t in ended if t.test_accuracy is not None
                ),
                test_correct=tuple(t.test_correct for t in ended),
                seeds_per_score=recipe.seeds_per_score,
                diverged=len(trainings) - len(ended),
            )
        )
    rows = _with_verdicts(rows, _best_baseline(rows), family)
    return sorted(rows, key=lambda row: (row.role != "finalist", -_by_validation(row)))


def _by_validation(row: ComparisonRow) -> float:
    """The validation mean, by which rows are chosen; what never trained is the worst."""
    return 0.0 if row.val_mean is None else row.val_mean


def _best_baseline(rows: Sequence[ComparisonRow]) -> ComparisonRow:
    """The baseline that finalists are compared with on one network: of those that trained on
    every seed, if there are any, the one with the best validation mean."""
    baselines = [row for row in rows if row.role == "baseline"]
    return max(baselines, key=lambda row: (not row.diverged, _by_validation(row)))


def _with_verdicts(
    rows: Sequence[ComparisonRow], baseline: ComparisonRow, family: int
) -> list[ComparisonRow]:
    """The rows with their comparison to the baseline, Holm-corrected over the family."""
    comparisons = {row.name: _against(row, baseline) for row in rows if row is not baseline}
    finalists = [row.name for row in rows if row.role == "finalist"]
    p_values = [1.0 if (c := comparisons[name]) is None else c.p_value for name in finalists]
    adjusted = dict(zip(finalists, holm(p_values, family), strict=True))
    return [
        dataclasses.replace(
            row,
            comparison=comparisons.get(row.name),
            p_adjusted=adjusted.get(row.name),
            verdict=(
                _verdict(row, baseline, comparisons[row.name], adjusted[row.name])
                if row.role == "finalist"
                else None
            ),
        )
        for row in rows
    ]


def _is_sound(finalist: ComparisonRow, baseline: ComparisonRow) -> bool:
    """Whether a finalist trained to the end wherever the baseline did, which it is held to; where
    no baseline trained, on every seed."""
    if not baseline.seeds:
        return not finalist.diverged
    return bool(finalist.seeds) and set(baseline.seeds) <= set(finalist.seeds)


def _verdict(
    finalist: ComparisonRow,
    baseline: ComparisonRow,
    comparison: PairedComparison | None,
    p_adjusted: float,
) -> Verdict | None:
    if not baseline.seeds:
        return None
    if not _is_sound(finalist, baseline):
        return "worse"
    assert comparison is not None
    return verdict(comparison, p_adjusted)


def _against(row: ComparisonRow, baseline: ComparisonRow) -> PairedComparison | None:
    """Over the seeds that both trained to the end; None if there are none."""
    accuracies, standard = (
        dict(zip(r.seeds, r.test_accuracies, strict=True)) for r in (row, baseline)
    )
    shared = [seed for seed in row.seeds if seed in standard]
    if not shared:
        return None
    return compare(
        [accuracies[seed] for seed in shared],
        [standard[seed] for seed in shared],
        _by_image(row, baseline, shared),
    )


def _by_image(
    row: ComparisonRow, baseline: ComparisonRow, seeds: Sequence[int]
) -> NDArray[np.float64] | None:
    """How much more often each test image was right, [seeds, images], of the seeds whose trainings
    say so; None where none does, or where they were not tested on the same images."""
    correct, standard = (dict(zip(r.seeds, r.test_correct, strict=True)) for r in (row, baseline))
    pairs = [(correct[seed], standard[seed]) for seed in seeds]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if len({len(images) for pair in known for images in pair}) != 1:
        return None
    counts = np.array([[np.frombuffer(images, np.uint8) for images in pair] for pair in known])
    difference = counts[:, 0].astype(float) - counts[:, 1]
    by_image: NDArray[np.float64] = difference / row.seeds_per_score
    return by_image
