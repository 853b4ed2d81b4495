"""Base class of strategies: an Optuna sampler that chooses a whole candidate before its trial.

    propose(study, trial, rng) -> the encoding to try next, given the study's history

A proposal must depend on nothing but these arguments, the space and the seed: then the same
history gives the same proposal, and a resumed search goes on instead of replaying.
"""

from __future__ import annotations

import sqlite3
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from ...evaluators.tables.score_table import ScoreTable
from ...space import ActsearchError, Encoding, Space, SpaceError
from ..errors import StrategyError

# A study that cannot be read is not the strategy's fault.
_STORAGE_ERRORS = (sqlite3.Error, SQLAlchemyError, optuna.exceptions.StorageInternalError)


FIXED = "fixed_params"  # Optuna's attribute of a trial that brings its own parameters


Key = frozenset[tuple[str, str]]


def key_of(encoding: Encoding) -> Key:
    """An encoding as a key of a set or a mapping."""
    return frozenset(encoding.items())


@dataclass(frozen=True, slots=True)
class Lineage:
    """Origin of a proposal: numbers of the study's trials it was made from, and the operation."""

    parents: tuple[int, ...]
    mutation: str


class Strategy(BaseSampler):
    """A strategy for one space, made as `Strategy(space, seed)`, which `propose` finds as
    `self.space` and `self.seed`.

    may_repeat: whether it may propose an encoding again, so that a run of rejected proposals is
    broken by an unseen random one. takes_prior: whether it learns from scores of earlier searches
    (`--prior`); `learn` is then called once, before the first proposal. lineage: what the latest
    proposal was made from, which `propose` may set; it is recorded and shown, nothing more.
    """

    may_repeat = True
    takes_prior = False
    lineage: Lineage | None = None

    def __init__(self, space: Space, seed: int) -> None:
        self.space, self.seed = space, seed
        self._chosen: dict[int, Encoding] = {}

    @property
    def name(self) -> str:
        """Module and class, as messages call it."""
        return f"{type(self).__module__}:{type(self).__qualname__}"

    @abstractmethod
    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        """The encoding to try next; raises SpaceExhausted when there is none left."""

    def learn(self, tables: Sequence[ScoreTable]) -> None:
        """Take the scores of earlier searches, each a table of one space under one recipe; only
        where `takes_prior`."""

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Choose the candidate; raises StrategyError where `propose` fails or leaves the space."""
        self.lineage = None
        if is_enqueued(trial):
            return
        try:
            encoding = self.propose(study, trial, self.generator(trial.number))
        except (ActsearchError, *_STORAGE_ERRORS):
            raise
        except Exception as error:
            if _is_built_in(self):  # then it is a bug of ours, to be seen whole
                raise
            raise StrategyError(
                f"strategy {self.name}: propose raised {type(error).__name__}: {error} "
                f"(--debug shows where)"
            ) from error
        if not isinstance(encoding, Mapping):
            raise StrategyError(
                f"strategy {self.name}: propose must return an encoding, the option chosen at "
                f"each path of the space, but returned a {type(encoding).__name__}"
            )
        try:
            self.space.decode(encoding)
        except SpaceError as error:
            raise StrategyError(
                f"strategy {self.name} proposed what is not in the space: {error}"
            ) from error
        self._chosen[trial.number] = encoding

    def generator(self, number: int) -> np.random.Generator:
        """The randomness of a trial's draw: from the search's seed and its number only."""
        return np.random.default_rng([self.seed, number])

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
    return FIXED in trial.system_attrs


def has_diverged(trial: FrozenTrial) -> bool:
    """Whether it ended without a score, in training or before: it is nothing to build on, however
    good it was at its first rung."""
    return "infeasible" in trial.user_attrs


def was_cut_short(trial: FrozenTrial) -> bool:
    """Whether its driver was killed while it was being drawn: its candidate is still to come."""
    return trial.state == TrialState.FAIL and "expression" not in trial.user_attrs


def _is_built_in(strategy: Strategy) -> bool:
    """Whether its class is one of this package's, and no subclass of a user's."""
    return type(strategy).__module__.startswith(f"{__name__.rpartition('.')[0]}.")
