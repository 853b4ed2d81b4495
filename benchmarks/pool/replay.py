"""A whole search and its confirmation in milliseconds: scores are drawn from the pool, and the
product's own functions do the rest.

The brackets cut (run_bracket, cutoffs_of), the leaderboard ranks and the finalists are picked
(plan_of), the comparison pairs, corrects and judges (read_confirmation). Only the trainings and
the study's book-keeping are replaced. Every (function, seed) draws its own training from the pool
and keeps it: copies of one function under one seed would be equal bit for bit on a CPU, so copies
draw as if each had a seed of its own. That is the noisiest search there can be of equals: in a
real one all candidates share a seed, and the luck that comes with a seed, more than half of what a
first epoch scatters by (noise.common_luck), does not part them; `under_one_seed` takes it off.

Equals need not be copies: where a world has trainings of several functions, each name is one of
them, less what it is better than the mean of them over the whole pool; and where test images are
drawn, as many as there are, with repetition, it is no longer as good on those that came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from actsearch.evaluators import (
    RECIPES,
    CandidateReport,
    FinalScore,
    Job,
    MemberProgress,
    Recipe,
    run_bracket,
)
from actsearch.evaluators.protocol.successive_halving import cutoffs_of
from actsearch.search.confirmation.comparison import Confirmation, read_confirmation
from actsearch.search.confirmation.plan import Plan, plan_of
from actsearch.search.storage.config import RunSettings, SearchConfig, SearchFile
from actsearch.search.storage.confirmation_log import ConfirmationLog, Retraining
from actsearch.search.storage.trial import Trial

from .trainings import TAGGED, Trained

CONFIG = SearchConfig(name="replayed", recipe=Recipe(), second=RECIPES["conv"])
NOWHERE = Path("/nonexistent")  # of a log that is never written


def tags(count: int) -> list[str]:
    """So many functions that are different to the search; what they score is the pool's."""
    return [f"sin({k + 2} * x)" for k in range(count)]


@dataclass(slots=True)
class World:
    """What every name would score under every seed, drawn as it is asked for.

    equals: the trainings of each function that a name, a baseline's too, may stand for.
    planted: tag -> how much better it is than the others, on validation and test (a fraction).
    images: the test images that were drawn, int64 [N]; None for the pool's own.
    hits: whether the confirmation is told which images were right.
    """

    equals: Sequence[Sequence[Trained]]
    rng: np.random.Generator
    planted: Mapping[str, float] = field(default_factory=dict)
    images: NDArray[np.int64] | None = None
    hits: bool = True
    _functions: dict[str, int] = field(default_factory=dict)
    _drawn: dict[tuple[str, int], Trained] = field(default_factory=dict)

    def training(self, name: str, seed: int) -> Trained:
        """The training of a tag or of a baseline under a seed, the same whenever asked."""
        key = name, seed
        if key not in self._drawn:
            self._drawn[key] = self._draw(name)
        return self._drawn[key]

    def _draw(self, name: str) -> Trained:
        if name not in self._functions:
            self._functions[name] = int(self.rng.integers(len(self.equals)))
        function = self.equals[self._functions[name]]
        found = function[int(self.rng.integers(len(function)))]
        gain = self.planted.get(name, 0.0)
        if self.images is not None:
            hits = np.frombuffer(found.hits, np.uint8)
            gained = found.test - float(hits.mean())
            hits = hits[self.images]
            found = replace(found, hits=hits.tobytes(), test=float(hits.mean()) + gained)
        return _better(found, dict.fromkeys(found.rungs, gain), gain) if gain else found


def level(functions: Sequence[Sequence[Trained]]) -> list[list[Trained]]:
    """The same trainings, made equally good on average at every rung and on the test images."""
    epochs = list(functions[0][0].rungs)
    val = {e: [fmean(one.rungs[e] for one in f) for f in functions] for e in epochs}
    test = [fmean(one.test for one in f) for f in functions]
    missing = [
        ({e: fmean(means) - means[k] for e, means in val.items()}, fmean(test) - test[k])
        for k in range(len(functions))
    ]
    return [[_better(o, *gain) for o in f] for f, gain in zip(functions, missing, strict=True)]


def under_one_seed(function: Sequence[Trained], common: Mapping[int, float]) -> list[Trained]:
    """The same trainings with less scatter on validation: without the luck that candidates share,
    this share of a rung's variance (0 to 1)."""
    means = {epoch: fmean(one.rungs[epoch] for one in function) for epoch in common}
    return [
        replace(
            one,
            rungs={
                e: means[e] + (1 - c) ** 0.5 * (one.rungs[e] - means[e]) for e, c in common.items()
            },
        )
        for one in function
    ]


def _better(one: Trained, rungs: Mapping[int, float], test: float) -> Trained:
    """A training whose accuracies are higher by these fractions; its hits stay what they are."""
    return replace(
        one, rungs={e: a + rungs[e] for e, a in one.rungs.items()}, test=one.test + test
    )


class Replay:
    """A bracket's training, with the accuracies of a world; satisfies `Retraining`."""

    def __init__(self, world: World, names: Sequence[str], seed: int) -> None:
        self._slices = [world.training(name, seed) for name in names]

    def advance(self, epoch: int) -> list[MemberProgress]:
        return [
            MemberProgress(val_accuracy=one.rungs[epoch], val_loss=0.0, train_losses=())
            for one in self._slices
        ]

    def keep(self, positions: Sequence[int]) -> None:
        self._slices = [self._slices[p] for p in positions]

    def test(self) -> list[FinalScore]:
        raise AssertionError("a search never opens the test set")


def search(world: World, candidates: int) -> list[Trial]:
    """A search of so many tags on one worker: its candidates as the leaderboard gets them."""
    # Not in the tags' own order: a planted one may come at any time.
    names = [tags(candidates)[i] for i in world.rng.permutation(candidates)]
    scores: dict[int, list[float]] = {epoch: [] for epoch in CONFIG.recipe.rungs}
    ended: list[Trial] = []
    for start in range(0, candidates, CONFIG.bracket):
        inside = names[start : start + CONFIG.bracket]
        cutoffs = cutoffs_of(scores, CONFIG.recipe.eta)
        job = Job(tuple(inside), CONFIG.recipe, CONFIG.seed, cutoffs=cutoffs)
        reports: list[dict[int, CandidateReport]] = [{} for _ in inside]
        for report in run_bracket(Replay(world, inside, CONFIG.seed), job):
            for found in report.candidates:
                reports[found.index][report.epoch] = found
                scores[report.epoch].append(found.val_accuracy)
        ended += [
            _candidate(start + index, inside[index], reached)
            for index, reached in enumerate(reports)
        ]
    return ended


def _candidate(trial: int, name: str, reports: Mapping[int, CandidateReport]) -> Trial:
    last = reports[max(reports)]
    assert last.state != "live"  # the bracket has ended
    return Trial(
        number=trial,
        expression=name,
        state=last.state,
        val_accuracy=last.val_accuracy,
        val_accuracies={epoch: found.val_accuracy for epoch, found in reports.items()},
    )


def plan(candidates: list[Trial]) -> Plan:
    """What the default search would confirm of these candidates."""
    return plan_of(SearchFile(CONFIG, RunSettings()), candidates)


def confirm(world: World, plan: Plan, seeds: int, held_to: int | None = None) -> Confirmation:
    """The confirmation of a plan on the first network, over so many seeds; against the first few
    baselines only where `held_to` says so."""
    baselines = dict(list(plan.baselines.items())[:held_to])
    plan = replace(plan, baselines=baselines, recipes=((CONFIG.recipe, seeds),))
    log, recipe, epochs = ConfirmationLog(NOWHERE), CONFIG.recipe, CONFIG.recipe.epochs
    for name, expression in plan.functions.items():
        for seed in plan.seeds(seeds):
            trained = world.training(name, seed)
            training = Retraining(
                recipe=recipe.digest,
                network=recipe.network,
                seed=seed,
                expression=expression,
                val_accuracy=trained.rungs[epochs],
                test_accuracy=trained.test,
                test_correct=trained.hits if world.hits else None,
            )
            log.trainings[training.key] = training
    confirmation = read_confirmation(plan, log)
    assert confirmation is not None
    return confirmation


def copies(pool: Sequence[Trained]) -> list[Trained]:
    """The trainings of the tagged function."""
    return [one for one in pool if one.name == TAGGED]


def different(pool: Sequence[Trained]) -> list[list[Trained]]:
    """The trainings of each function, over the seeds that all of them have."""
    names = list(dict.fromkeys(one.name for one in pool))
    seeds = set.intersection(*({o.seed for o in pool if o.name == name} for name in names))
    return [[o for o in pool if o.name == name and o.seed in seeds] for name in names]
