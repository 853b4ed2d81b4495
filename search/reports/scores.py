"""Scores of given expressions on validation images, over a few seeds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from ...evaluators import Job, Recipe, RungReport
from ..errors import SearchFailed
from ..evaluator_choice import (
    BUILT_IN_EVALUATOR,
    NamedEvaluator,
    evaluator_for,
)
from ..executors.base import Assignment
from ..executors.choice import executor_for
from ..progress import Reporter
from ..storage.config import RunSettings, require, require_selection

CHUNK = 8  # expressions per job


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


def score(
    expressions: Sequence[str],
    recipe: Recipe,
    seeds: Sequence[int],
    launch: RunSettings,
    reporter: Reporter,
    scorer: NamedEvaluator = BUILT_IN_EVALUATOR,
) -> list[Score]:
    """Train each expression to the end under each seed; best mean first."""
    require("seeds", len(seeds), len(seeds) >= 1, "at least 1")
    require_selection(recipe)
    texts = list(dict.fromkeys(expressions))
    chunks = [tuple(texts[i : i + CHUNK]) for i in range(0, len(texts), CHUNK)]
    jobs = [Job(chunk, recipe, seed, halving=False) for seed in seeds for chunk in chunks]
    found: dict[str, list[float]] = {text: [] for text in texts}
    reasons: dict[str, list[str]] = {text: [] for text in texts}
    numbers = iter(range(len(jobs)))
    done = 0

    def next_job() -> Assignment | None:
        number = next(numbers, None)
        return None if number is None else Assignment(number, jobs[number])

    def on_rung(number: int, report: RungReport) -> None:
        nonlocal done
        for one in report.candidates:
            text = jobs[number].expressions[one.index]
            if one.reason:
                reasons[text].append(one.reason)
            else:
                found[text].append(one.val_accuracy)
            done += 1
        reporter.advance(done)

    def on_done(number: int, error: str | None) -> None:
        if error is not None:
            raise SearchFailed(f"a training crashed: {error.strip().splitlines()[-1]}", error)

    evaluator = evaluator_for(scorer, [recipe])
    evaluator.check()
    reporter.begin(0, len(texts) * len(seeds), "trainings")
    with executor_for(launch) as executor:
        executor.run(evaluator, next_job, on_rung, on_done)
    reporter.end()
    scores = [Score(text, tuple(found[text]), tuple(reasons[text])) for text in texts]
    return sorted(scores, key=lambda s: -(s.mean or 0.0))
