"""A whole search and its confirmation in milliseconds: scores are drawn from the pool, and the
product's own functions do the rest.

The brackets cut (run_bracket, cutoffs_of), the leaderboard ranks and the finalists are picked
(plan_of), the table pairs, compares, corrects and judges (table). Only the trainings and the
study's book-keeping are replaced. Every (function, seed) draws its own training from the pool and
keeps it: copies of one function under one seed would be equal bit for bit on a CPU, so copies
draw as if each had a seed of its own. That is the noisiest search there can be of equals: in a
real one all candidates share a seed, and in a confirmation each pair does, and the luck that comes
with a seed (pool/noise.py measures it) is common to them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from actsearch.evaluators import RECIPES, Job, Progress, Recipe, SliceReport, run_bracket
from actsearch.evaluators.bracket import cutoffs_of
from actsearch.search.candidates import Candidate
from actsearch.search.config import Launch, SearchConfig, Stored
from actsearch.search.confirm import Confirmation, Plan, table
from actsearch.search.finalists import plan_of
from actsearch.search.ledger import Ledger, Training

from .trainings import TAGGED, Trained

CONFIG = SearchConfig(name="replayed", recipe=Recipe(), second=RECIPES["conv"])
NOWHERE = Path("/nonexistent")  # a ledger that is never written


def tags(count: int) -> list[str]:
    """So many functions that are different to the search; what they score is the pool's."""
    return [f"sin({k + 2} * x)" for k in range(count)]


@dataclass(slots=True)
class World:
    """What every function would score under every seed, drawn as it is asked for.

    copies: the trainings that all functions, baselines too, are drawn from.
    planted: tag -> how much better it is than a copy, on validation and test (a fraction).
    images_sd: standard deviation (a fraction) of the difference of two functions over draws of
    10,000 images; above 0 they are no copies any more, but different functions equally good over
    all images, each with luck of its own on the validation images and on the test images.
    """

    copies: Sequence[Trained]
    rng: np.random.Generator
    planted: Mapping[str, float] = field(default_factory=dict)
    images_sd: float = 0.0
    _shifts: dict[str, tuple[float, float]] = field(default_factory=dict)
    _drawn: dict[tuple[str, int], Trained] = field(default_factory=dict)

    def training(self, name: str, seed: int) -> Trained:
        """The training of a tag or of a baseline under a seed, the same whenever asked."""
        key = name, seed
        if key not in self._drawn:
            self._drawn[key] = self._draw(name)
        return self._drawn[key]

    def _draw(self, name: str) -> Trained:
        found = self.copies[int(self.rng.integers(len(self.copies)))]
        if name not in self._shifts:
            self._shifts[name] = self._shift(name)
        val, test = self._shifts[name]
        if val == test == 0:
            return found
        rungs = {epoch: accuracy + val for epoch, accuracy in found.rungs.items()}
        return replace(found, rungs=rungs, test=found.test + test)

    def _shift(self, name: str) -> tuple[float, float]:
        """What a function adds to a copy's accuracy on validation and test images."""
        gain = self.planted.get(name, 0.0)
        if not self.images_sd:
            return gain, gain
        val, test = self.rng.normal(gain, self.images_sd / math.sqrt(2), size=2)
        return float(val), float(test)


class Replay:
    """A bracket's training, with the accuracies of a world; satisfies `Training`."""

    def __init__(self, world: World, names: Sequence[str], seed: int) -> None:
        self._slices = [world.training(name, seed) for name in names]

    def advance(self, epoch: int) -> list[Progress]:
        return [Progress(one.rungs[epoch], 0.0, ()) for one in self._slices]

    def keep(self, positions: Sequence[int]) -> None:
        self._slices = [self._slices[p] for p in positions]

    def test(self) -> list[float]:
        raise AssertionError("a search never opens the test set")


def search(world: World, candidates: int) -> list[Candidate]:
    """A search of so many tags on one worker: its candidates as the leaderboard gets them."""
    # Not in the tags' own order: a planted one may come at any time.
    names = [tags(candidates)[i] for i in world.rng.permutation(candidates)]
    scores: dict[int, list[float]] = {epoch: [] for epoch in CONFIG.recipe.rungs}
    ended: list[Candidate] = []
    for start in range(0, candidates, CONFIG.bracket):
        inside = names[start : start + CONFIG.bracket]
        cutoffs = cutoffs_of(scores, CONFIG.recipe.eta)
        job = Job(tuple(inside), CONFIG.recipe, CONFIG.seed, cutoffs=cutoffs)
        reports: list[dict[int, SliceReport]] = [{} for _ in inside]
        for report in run_bracket(Replay(world, inside, CONFIG.seed), job):
            for found in report.slices:
                reports[found.index][report.epoch] = found
                scores[report.epoch].append(found.accuracy)
        ended += [
            _candidate(start + index, inside[index], reached)
            for index, reached in enumerate(reports)
        ]
    return ended


def _candidate(trial: int, name: str, reports: Mapping[int, SliceReport]) -> Candidate:
    last = reports[max(reports)]
    assert last.state != "live"  # the bracket has ended
    return Candidate(
        trial=trial,
        expression=name,
        state=last.state,
        score=last.accuracy,
        rungs={epoch: found.accuracy for epoch, found in reports.items()},
    )


def plan(candidates: list[Candidate]) -> Plan:
    """What the default search would confirm of these candidates."""
    return plan_of(Stored(CONFIG, Launch()), candidates)


def confirm(world: World, plan: Plan, seeds: int, held_to: int | None = None) -> Confirmation:
    """The confirmation of a plan on the first network, over so many seeds; against the first few
    baselines only where `held_to` says so."""
    baselines = dict(list(plan.baselines.items())[:held_to])
    plan = replace(plan, baselines=baselines, recipes=((CONFIG.recipe, seeds),))
    ledger, recipe, epochs = Ledger(NOWHERE), CONFIG.recipe, CONFIG.recipe.epochs
    for name, text in plan.functions.items():
        for seed in plan.seeds(seeds):
            found = world.training(name, seed)
            entry = Training(recipe.digest, "mlp", seed, text, found.rungs[epochs], found.test)
            ledger.trainings[entry.key] = entry
    confirmed = table(plan, ledger)
    assert confirmed is not None
    return confirmed


def copies(pool: Sequence[Trained]) -> list[Trained]:
    """The trainings of the tagged function that have every rung."""
    rungs = set(CONFIG.recipe.rungs)
    return [one for one in pool if one.name == TAGGED and set(one.rungs) == rungs]
