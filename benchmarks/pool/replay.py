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
from actsearch.search import (
    Confirmation,
    RunSettings,
    SearchConfig,
    Trial,
)
from actsearch.search.confirmation.comparison import (
    read_confirmation,
)
from actsearch.search.confirmation.plan import Plan, plan_of
from actsearch.search.engine.lag import Lag
from actsearch.search.storage.confirmation_log import ConfirmationLog, Opening, Retraining
from actsearch.search.storage.search_file import SearchFile
from actsearch.space import baselines

from .trainings import TAGGED, Trained

CONFIG = SearchConfig(name="replayed", recipe=Recipe(), second=RECIPES["conv"])
FAILURE = 0.05  # of accuracies, a fraction: what a seed that fails loses
NOWHERE = Path("/nonexistent")  # of a log that is never written


def tags(count: int) -> list[str]:
    """So many functions that are different to the search; what they score is the pool's."""
    return [f"sin({k + 2} * x)" for k in range(count)]


@dataclass(slots=True)
class World:
    """The scores of every name under every seed, drawn as they are asked for.

    failing: tag -> the share of its seeds that fail, by FAILURE on the test images; what it loses
    there it gains on the others, so that it is as good as the rest on average.

    equals: the trainings of each function that a name, a baseline's too, may stand for.
    planted: tag -> how much better it is than the others, on validation and test (a fraction).
    images: the test images that were drawn, int64 [N]; None for the pool's own.
    by_image: whether the confirmation has a record of which images were right.
    """

    equals: Sequence[Sequence[Trained]]
    rng: np.random.Generator
    planted: Mapping[str, float] = field(default_factory=dict)
    images: NDArray[np.int64] | None = None
    by_image: bool = True
    failing: Mapping[str, float] = field(default_factory=dict)
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
        trained = function[int(self.rng.integers(len(function)))]
        gain = self.planted.get(name, 0.0)
        if share := self.failing.get(name, 0.0):
            failed = self.rng.random() < share
            gain += FAILURE * share - FAILURE * failed
        if self.images is not None:
            correct = np.frombuffer(trained.test_correct, np.uint8)
            gained = trained.test_accuracy - float(correct.mean())
            correct = correct[self.images]
            accuracy = float(correct.mean()) + gained
            trained = replace(trained, test_correct=correct.tobytes(), test_accuracy=accuracy)
        if gain:
            return _better(trained, dict.fromkeys(trained.val_accuracies, gain), gain)
        return trained


def level(functions: Sequence[Sequence[Trained]]) -> list[list[Trained]]:
    """The same trainings, made equally good on average at every rung and on the test images."""
    epochs = list(functions[0][0].val_accuracies)
    val = {e: [fmean(t.val_accuracies[e] for t in f) for f in functions] for e in epochs}
    test = [fmean(t.test_accuracy for t in f) for f in functions]
    missing = [
        ({e: fmean(means) - means[k] for e, means in val.items()}, fmean(test) - test[k])
        for k in range(len(functions))
    ]
    return [[_better(t, *gain) for t in f] for f, gain in zip(functions, missing, strict=True)]


def under_one_seed(function: Sequence[Trained], common: Mapping[int, float]) -> list[Trained]:
    """The same trainings with less scatter on validation: without the luck that candidates share,
    this share of a rung's variance (0 to 1)."""
    means = {epoch: fmean(t.val_accuracies[epoch] for t in function) for epoch in common}
    return [
        replace(
            trained,
            val_accuracies={
                epoch: means[epoch]
                + (1 - share) ** 0.5 * (trained.val_accuracies[epoch] - means[epoch])
                for epoch, share in common.items()
            },
        )
        for trained in function
    ]


def _better(trained: Trained, val: Mapping[int, float], test: float) -> Trained:
    """A training whose accuracies are higher by these fractions, right on the same images."""
    return replace(
        trained,
        val_accuracies={e: a + val[e] for e, a in trained.val_accuracies.items()},
        test_accuracy=trained.test_accuracy + test,
    )


class Replay:
    """A bracket's training, with the accuracies of a world; satisfies `Training`."""

    def __init__(self, world: World, names: Sequence[str], seed: int) -> None:
        self._members = [world.training(name, seed) for name in names]

    def advance(self, epoch: int) -> list[MemberProgress]:
        return [
            MemberProgress(
                val_accuracy=member.val_accuracies[epoch], val_loss=0.0, train_losses=()
            )
            for member in self._members
        ]

    def keep(self, positions: Sequence[int]) -> None:
        self._members = [self._members[p] for p in positions]

    def test(self) -> list[FinalScore]:
        raise AssertionError("a search never opens the test set")


def search(world: World, candidates: int) -> list[Trial]:
    """A search of so many tags: its candidates as the leaderboard gets them. As in the default
    search there is a prior, so that ties go on, though what is proposed is not of its choosing."""
    # Not in the tags' own order: a planted one may come at any time.
    names = [tags(candidates)[i] for i in world.rng.permutation(candidates)]
    lag, recipe = Lag.of(CONFIG), CONFIG.recipe
    trials: list[Trial] = []
    for start in range(0, candidates, CONFIG.bracket):
        inside = names[start : start + CONFIG.bracket]
        seen = trials[: lag.seen(start)]
        scores = {
            epoch: [t.val_accuracies[epoch] for t in seen if epoch in t.val_accuracies]
            for epoch in recipe.rungs
        }
        job = Job(
            tuple(inside),
            recipe,
            CONFIG.seed,
            cutoffs=cutoffs_of(scores, recipe.eta),
            ties_go_on=True,
        )
        reports: list[dict[int, CandidateReport]] = [{} for _ in inside]
        for rung in run_bracket(Replay(world, inside, CONFIG.seed), job):
            for report in rung.candidates:
                reports[report.index][rung.epoch] = report
        trials += [
            _trial(start + index, inside[index], by_epoch)
            for index, by_epoch in enumerate(reports)
        ]
    return trials


def _trial(number: int, name: str, reports: Mapping[int, CandidateReport]) -> Trial:
    last = reports[max(reports)]
    assert last.state != "live"  # the bracket has ended
    return Trial(
        number=number,
        expression=name,
        state=last.state,
        val_accuracy=last.val_accuracy,
        val_accuracies={epoch: report.val_accuracy for epoch, report in reports.items()},
    )


def plan(trials: Sequence[Trial]) -> Plan:
    """The confirmation of a default search that came to these trials."""
    return plan_of(SearchFile(CONFIG, RunSettings()), trials)


def alone(tag: str) -> Plan:
    """The confirmation of one function, as `actsearch confirm EXPR`."""
    functions = {name: str(expression) for name, expression in baselines().items()}
    return Plan(finalists={tag: tag}, baselines=functions, recipes=(), seed=0)


def confirm(
    world: World,
    plan: Plan,
    seeds: int,
    first_baselines: int | None = None,
    *,
    shown_before: int = 0,
    looks: int = 1,
) -> Confirmation:
    """The confirmation of a plan on the first network, over so many seeds; against so many of the
    baselines only, where that is given.

    shown_before: how many others the home has shown the test set. looks: how often it has shown
    it these.
    """
    baselines = dict(list(plan.baselines.items())[:first_baselines])
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
                val_accuracy=trained.val_accuracies[epochs],
                test_accuracy=trained.test_accuracy,
                test_correct=trained.test_correct if world.by_image else None,
            )
            log.trainings[training.key] = training
    finalists = tuple(plan.finalists.values())
    log.openings += [
        Opening(at="", finalists=finalists, seeds=(), shown_before=before)
        for before in range(shown_before, shown_before + looks * len(finalists), len(finalists))
    ]
    confirmation = read_confirmation(plan, log)
    assert confirmation is not None
    return confirmation


def copies(pool: Sequence[Trained]) -> list[Trained]:
    """The trainings of the tagged function."""
    return [trained for trained in pool if trained.name == TAGGED]


def different(pool: Sequence[Trained]) -> list[list[Trained]]:
    """The trainings of each function, over the seeds that all of them have."""
    names = list(dict.fromkeys(trained.name for trained in pool))
    seeds = set.intersection(*({o.seed for o in pool if o.name == name} for name in names))
    return [[o for o in pool if o.name == name and o.seed in seeds] for name in names]
