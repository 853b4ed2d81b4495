"""What a strategy is: an Optuna sampler that chooses a whole candidate before its trial.

    propose(study, trial, rng) -> the encoding to try next, given the study's history

It must depend on nothing but its arguments, the space and the seed: then the same history gives
the same proposal, and a resumed search goes on instead of replaying.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from ...space import Encoding, Space


class Strategy(BaseSampler):
    """Base of the strategies that choose candidates themselves.

    may_repeat: whether it may propose an encoding again, so that a run of rejected proposals is
    broken by an unseen random one.
    """

    may_repeat = True

    def __init__(self, space: Space, seed: int) -> None:
        self._space, self._seed = space, seed
        self._chosen: dict[int, Encoding] = {}

    @abstractmethod
    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        """The encoding to try next; raises SpaceExhausted when there is none left."""

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        if not is_enqueued(trial):
            self._chosen[trial.number] = self.propose(study, trial, self.generator(trial.number))

    def generator(self, number: int) -> np.random.Generator:
        """The randomness of a trial's draw: from the search's seed and its number only."""
        return np.random.default_rng([self._seed, number])

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return self._chosen[trial.number][param_name]

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Any
    ) -> None:
        self._chosen.pop(trial.number, None)


def is_enqueued(trial: FrozenTrial) -> bool:
    """Whether the trial brings its own parameters: a retry, or a random fallback."""
    return "fixed_params" in trial.system_attrs
