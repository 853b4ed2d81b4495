"""Other people's strategies, as ours see them: for search_efficiency.py."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler
from optuna.trial import FrozenTrial, TrialState
from sklearn.neighbors import KNeighborsRegressor

from actsearch.search import Strategy
from actsearch.search.strategies.base import Key, key_of
from actsearch.search.strategies.registry import strategy_from_name
from actsearch.search.strategies.surrogate.pool import Pool
from actsearch.space import Encoding, Space
from actsearch.space.analysis.features import GROUPS

Array = npt.NDArray[np.float64]


def scores_of(trials: list[FrozenTrial]) -> np.ndarray[Any, Any]:
    """The accuracy of each at its last rung, as a study's value would be; 0 where it diverged."""
    last = [max(t.intermediate_values, default=None) for t in trials]
    pairs = zip(trials, last, strict=True)
    return np.array([0.0 if e is None else t.intermediate_values[e] for t, e in pairs])


def trained(study: optuna.Study) -> list[FrozenTrial]:
    """Trials whose result may be seen."""
    ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    return [t for t in ended if t.intermediate_values or "result" in t.user_attrs]


class OptunaPeer(Strategy):
    """A sampler of Optuna's on a study of its own, told what the search may see."""

    def __init__(self, space: Space, seed: int, sampler: BaseSampler) -> None:
        super().__init__(space, seed)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._peer_trials: dict[int, optuna.Trial] = {}

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        ended = trained(study)
        for past, score in zip(ended, scores_of(ended), strict=True):
            if past.number in self._peer_trials:
                self._study.tell(self._peer_trials.pop(past.number), float(score))
        for past in study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)):
            if past.number in self._peer_trials:  # screened out, or a duplicate
                self._study.tell(self._peer_trials.pop(past.number), state=TrialState.FAIL)
        peer_trial = self._study.ask()
        self._peer_trials[trial.number] = peer_trial
        encoding: dict[str, str] = {}

        def choose(path: str, options: tuple[str, ...]) -> str:
            encoding[path] = str(peer_trial._suggest(path, CategoricalDistribution(options)))
            return encoding[path]

        self.space.build(choose)
        return encoding


def optuna_gp(space: Space, seed: int) -> Strategy:
    """Optuna's Gaussian process over the choices."""
    return OptunaPeer(space, seed, GPSampler(seed=seed, deterministic_objective=False))


def optuna_nsga2(space: Space, seed: int) -> Strategy:
    """Optuna's NSGA-II, a population of 20."""
    return OptunaPeer(space, seed, NSGAIISampler(seed=seed, population_size=20))


def controller(space: Space, seed: int) -> Strategy:
    """The RNN of the Swish paper, trained by PPO: examples/controller.py."""
    examples = str(Path(__file__).parents[1] / "examples")
    if examples not in sys.path:
        sys.path.append(examples)
    return strategy_from_name("controller:Controller", space, seed)


class PlainEvolution(Strategy):
    """Regularised evolution as published (Real et al. 2019): 20 random ones, then a mutation of
    the best of 10 among the latest 20; no crossing, no well-known start."""

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        alive = trained(study)[-20:]
        if len(alive) < 20:
            return self.space.sample(rng)
        rivals = [alive[i] for i in rng.choice(20, 10, replace=False)]
        parent: Encoding = rivals[int(np.argmax(scores_of(rivals)))].params
        return self.space.mutate(parent, rng)


class Neighbours(Strategy):
    """The three nearest by values and slopes (AQuaSurF's regressor; Bingham and Miikkulainen
    2023), the highest mean of them first."""

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._pool: Pool | None = None
        self._shapes: dict[Key, Array] = {}  # values and slopes

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        pool = self._pool = self._pool or Pool(self.space, self.seed)
        trials = [t for t in study.get_trials(deepcopy=False) if t.number < trial.number]
        known = self.space.seed_candidates()
        if len(trials) < len(known):
            return known[len(trials)]
        options = pool.options.but(pool.untried(t.params for t in trials))
        seen = trained(study)
        if len(seen) < 9:
            return options.encodings[int(rng.integers(len(options)))]
        model = KNeighborsRegressor(n_neighbors=3)
        model.fit(self._of(pool, [t.params for t in seen]), scores_of(seen))
        expected = model.predict(self._of(pool, options.encodings))
        return options.encodings[int(np.argmax(expected))]

    def _of(self, pool: Pool, encodings: Sequence[Encoding]) -> Array:
        """Values and slopes of these: [n, columns]."""
        new = {key_of(e): e for e in encodings if key_of(e) not in self._shapes}
        columns = slice(GROUPS["values"].start, GROUPS["slopes"].stop)
        rows = pool.features([*new.values()])[:, columns]
        self._shapes |= dict(zip(new, rows, strict=True))
        return np.stack([self._shapes[key_of(e)] for e in encodings])


PEERS: dict[str, Callable[[Space, int], Strategy]] = {
    "optuna-gp": optuna_gp,
    "nsga-2": optuna_nsga2,
    "plain-evolution": PlainEvolution,
    "knn-3": Neighbours,
    "controller": controller,
}
