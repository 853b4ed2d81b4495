"""Regularised evolution: mutate or cross the best of a few recent candidates (Real et al. 2019).

Old candidates leave the population by age, not by score, so that one lucky run does not breed for
ever: on FashionMNIST the noise of a run is as large as most differences.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from ...space import Encoding, Space
from .base import Lineage, Strategy, has_diverged, is_enqueued, was_cut_short
from .objectives import Fitness, fitnesses

STARTUP = 9  # results before the first mutation: one bracket, which with the lag has trained three
# Trained candidates alive at a time: of 60, a search's default, the lag shows 18 by the middle and
# 36 at the end, so that in its second half each bracket sees the oldest ones gone. PANGAEA's 64
# were never full.
POPULATION = 16
TOURNAMENT = 4  # of them, those that compete to be a parent: a quarter, as PANGAEA's 16 of 64
CROSSED = 0.25  # share of children with two parents: on 65 made-up targets, and 120 candidates
# for each, no worse and no better than 0


class Evolution(Strategy):
    """A mutated copy of the winner of a tournament among the latest candidates that have trained
    and not diverged, or, in CROSSED of the cases, the space's crossing of two winners.

    The first are the space's well-known activations (as AQuaSurF starts, Bingham and Miikkulainen
    2023), then random ones. Candidates are compared by the rung they reached, then by their score;
    where cost is an objective, then by their front of accuracy and cost, and by how alone they
    stand on it (NSGA-II, Deb et al. 2002).
    A crossing that is one of its parents over again is mutated instead.
    """

    def __init__(
        self,
        space: Space,
        seed: int,
        *,
        startup: int = STARTUP,
        population: int = POPULATION,
        tournament: int = TOURNAMENT,
        crossed: float = CROSSED,
    ) -> None:
        super().__init__(space, seed)
        self._startup, self._population, self._tournament = startup, population, tournament
        self._crossed = crossed

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        trials = study.get_trials(deepcopy=False)
        drawn = sum(not is_enqueued(t) and not was_cut_short(t) for t in trials)
        known = self.space.seed_candidates()
        if drawn <= len(known):  # this trial is among those drawn
            return known[drawn - 1]
        finished = study.get_trials(
            deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)
        )
        trained = [t for t in finished if t.intermediate_values and not has_diverged(t)]
        if len(trained) < self._startup:
            return self.space.sample(rng)
        alive = trained[-self._population :]
        return self._child(alive, fitnesses(study, alive), rng)

    def _child(
        self,
        alive: Sequence[FrozenTrial],
        fitness: Sequence[Fitness],
        rng: np.random.Generator,
    ) -> Encoding:
        parent = self._winner(alive, fitness, rng)
        if rng.random() < self._crossed:
            other = self._winner(alive, fitness, rng)
            child = self.space.cross(parent.params, other.params, rng)
            if child not in (parent.params, other.params):
                self.lineage = Lineage((parent.number, other.number), "crossing")
                return child
        self.lineage = Lineage((parent.number,), "mutation")
        return self.space.mutate(parent.params, rng)

    def _winner(
        self,
        alive: Sequence[FrozenTrial],
        fitness: Sequence[Fitness],
        rng: np.random.Generator,
    ) -> FrozenTrial:
        """The best of a few drawn at random."""
        rivals = rng.choice(len(alive), size=min(self._tournament, len(alive)), replace=False)
        return alive[max(rivals, key=fitness.__getitem__)]
