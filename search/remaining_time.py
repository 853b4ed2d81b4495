"""The time left of a search: the member-epochs still to train, at the pace of those trained.

A member-epoch is one network trained for one epoch. Candidates are a poor unit: a bracket reports
nine of them at once and late, and a confirmation trains few functions many times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from ..evaluators import NETWORKS, Job, Recipe, RungReport

Work = Mapping[Recipe, float]  # member-epochs by recipe


def expected_epochs(recipe: Recipe, ties: bool = False) -> float:
    """Epochs that a candidate of a full bracket trains for on average, one in eta going on, or two
    where ties do."""
    total, share, trained = 0.0, 1.0, 0
    for epoch in recipe.rungs:
        total += share * (epoch - trained)
        share, trained = share * min(1.0, (2 if ties else 1) / recipe.eta), epoch
    return total * members(recipe)


def members(recipe: Recipe) -> int:
    """Networks trained for one candidate: one per learning rate and seed of a score."""
    return len(recipe.lr_multipliers) * recipe.seeds_per_score


def work_of(jobs: Iterable[Job]) -> dict[Recipe, float]:
    """The member-epochs of jobs that train every candidate to the end."""
    work: dict[Recipe, float] = {}
    for job in jobs:
        epochs = len(job.expressions) * job.recipe.epochs * members(job.recipe)
        work[job.recipe] = work.get(job.recipe, 0.0) + epochs
    return work


def longest_of(jobs: Iterable[Job]) -> dict[Recipe, float]:
    """The member-epochs of the largest of such jobs by recipe."""
    largest: dict[Recipe, float] = {}
    for job in jobs:
        ((recipe, epochs),) = work_of([job]).items()
        largest[recipe] = max(largest.get(recipe, 0.0), epochs)
    return largest


class Mean:
    """The mean member-epochs of a candidate: a guess that counts as one bracket of nine, and what
    is measured."""

    def __init__(self, guess: float) -> None:
        self._epochs, self._candidates = guess * 9, 9

    def add(self, epochs: float, candidates: int) -> None:
        """Candidates that trained for so many member-epochs together."""
        self._epochs += epochs
        self._candidates += candidates

    @property
    def value(self) -> float:
        return self._epochs / self._candidates


class Pace:
    """Worker seconds per member-epoch of each recipe, as measured since its making.

    The driver's clock counts, so that what is outside training is in it, but for the first rung
    of each worker: there the clock has the start of the worker too, and the report's own seconds
    count. workers: None where their number changes; then it is that of the jobs under way.
    """

    def __init__(self, workers: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._fixed_workers, self._clock = workers, clock
        self._moments: dict[int, float] = {}  # job under way -> when it last reported
        self._epochs: dict[int, int] = {}  # job under way -> the epoch it has reached
        self._reported = 0  # jobs that have
        self._measured: dict[Recipe, tuple[float, float]] = {}  # member-epochs, seconds

    @property
    def _workers(self) -> int:
        return self._fixed_workers or max(1, len(self._moments))

    def begin(self, number: int) -> None:
        """A job goes to a worker."""
        self._moments[number], self._epochs[number] = self._clock(), 0

    def add(self, number: int, job: Job, rung: RungReport) -> float:
        """A report of a job; returns the member-epochs that it stands for."""
        now, before = self._clock(), self._epochs[number]
        epochs = len(rung.candidates) * (rung.epoch - before) * members(job.recipe)
        seconds = now - self._moments[number]
        if before == 0:
            self._reported += 1
            if self._reported <= self._workers:
                seconds = rung.seconds
        self._moments[number], self._epochs[number] = now, rung.epoch
        trained, spent = self._measured.get(job.recipe, (0.0, 0.0))
        self._measured[job.recipe] = trained + epochs, spent + seconds
        return float(epochs)

    def end(self, number: int) -> None:
        """A job is over, whether it failed or not."""
        del self._moments[number], self._epochs[number]

    def seconds(self, work: Work, longest: Work | None = None) -> float | None:
        """Wall seconds for that work on all workers; None before there is a measurement.

        longest: member-epochs of recipes that one worker has to train in one piece.
        """
        paces = {recipe: self._pace(recipe) for recipe in work}
        known = {recipe: pace for recipe, pace in paces.items() if pace is not None}
        if len(known) < len(work) or not work:
            return None
        total = sum(known[recipe] * epochs for recipe, epochs in work.items())
        pieces = [known[recipe] * epochs for recipe, epochs in (longest or {}).items()]
        return max(total / self._workers, *pieces, 0.0)

    def _pace(self, recipe: Recipe) -> float | None:
        """Seconds per member-epoch: as measured, else by what its network costs beside one that
        was; None where neither is known."""
        if recipe in self._measured:
            return _ratio(self._measured[recipe])
        for other, measured in self._measured.items():
            if recipe.network in NETWORKS and other.network in NETWORKS:
                cost = NETWORKS[recipe.network].epoch_cost / NETWORKS[other.network].epoch_cost
                return cost * _ratio(measured)
        return None


def _ratio(measured: tuple[float, float]) -> float:
    epochs, seconds = measured
    return seconds / epochs
