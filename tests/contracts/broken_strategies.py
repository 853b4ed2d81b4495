"""Strategies that each break one rule of the contract."""

from __future__ import annotations

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from actsearch.search.strategies.random import Random
from actsearch.space import Encoding, Space


class GlobalDraws(Random):
    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        return self.space.sample(np.random.default_rng())


class Counts(Random):
    """Keeps its place in memory alone, so that a resumed search begins anew."""

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._order = self.space.encodings()

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        return next(self._order)


class Hashes(Random):
    """Draws by the hash of a text, which is another one in each process."""

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        seeds = (abs(hash("text")), trial.number)
        return super().propose(study, trial, np.random.default_rng(seeds))


class Marks(Random):
    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        study.set_user_attr("last", trial.number)
        return super().propose(study, trial, rng)


class Enqueues(Random):
    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        encoding = super().propose(study, trial, rng)
        study.enqueue_trial(dict(encoding))
        return encoding


class Overrides(Random):
    """Chooses for an enqueued trial, too."""

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        trial.system_attrs.pop("fixed_params", None)
        super().before_trial(study, trial)


class OneAtATime(Random):
    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._chosen.clear()
        super().before_trial(study, trial)


class Repeats(Random):
    may_repeat = False


class Leaves(Random):
    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        return {**super().propose(study, trial, rng), "unit.left": "cosh(x)"}


class Raises(Random):
    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        raise ZeroDivisionError("by zero")


class Stuck(Random):
    """Proposes one encoding for ever."""

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        return next(iter(self.space.encodings()))


class NeedsScores(Random):
    """Takes every earlier trial for one with a score, as it is where nothing is under way."""

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        for earlier in study.get_trials(deepcopy=False)[:-1]:
            if "duplicate_of" not in earlier.user_attrs and earlier.state != TrialState.FAIL:
                max(earlier.intermediate_values)
        return super().propose(study, trial, rng)
