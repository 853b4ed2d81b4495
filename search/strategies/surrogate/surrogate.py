"""The most promising candidate by a model of the score over functions.

A Gaussian process over what candidates compute (space/analysis/features.py), not over how they are
written: candidates of one shape share what is learned, in whatever form, and so do spaces. A
prior from shipped tables is its mean before the first trial.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import optuna
from optuna.trial import FrozenTrial, TrialState
from threadpoolctl import threadpool_limits

from ....evaluators.tables.score_table import ScoreTable
from ....space import Encoding, Space
from ..base import Key, Lineage, Strategy, has_diverged, is_enqueued, key_of, was_cut_short
from ..objectives import COST, is_multi_objective
from .expected_cost import expected_costs
from .gaussian_process import GaussianProcess, Hyperparameters, fitted, start_of
from .observations import observations_of
from .pool import Options, Pool, neighbours
from .prior import Prior
from .proposed import Proposed

STARTUP = 9  # results before the model is asked, where there is no prior: a bracket
REFIT = 9  # results after which hyperparameters are fitted again
MOST = 300  # results a model is made of: the best, and the latest others
EXPLORE = 1.0  # mean of the standard deviations added to a mean
APART = 0.3  # distance in the model's points that candidates in flight keep from each other
PARENTS, CHILDREN = 8, 60  # of the neighbourhood that is looked at in a large space
BELIEF = 1e-2  # variance of a candidate in training that counts at its expectation
SHRINK = 0.7  # expected coefficient of the prior's mean: it was learned on other networks

LEAST_SCALE = 0.3  # of targets, in units of log regret: a few results may agree by chance

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _History:
    """A study before a trial: candidates with a result, in order, and in training; encodings that
    were proposed, and how many of them were drawn."""

    trained: Sequence[FrozenTrial]
    results: Sequence[FrozenTrial]  # of these, what a model is made of
    running: Sequence[FrozenTrial]
    proposed: Sequence[Encoding]
    drawn: int

    @staticmethod
    def of(study: optuna.Study, trial: FrozenTrial) -> _History:
        trials = [
            t
            for t in study.get_trials(deepcopy=False)
            if t.number < trial.number and not was_cut_short(t)
        ]
        ended = (TrialState.COMPLETE, TrialState.PRUNED)
        trained = [t for t in trials if t.state in ended and _was_trained(t)]
        return _History(
            trained=trained,
            results=_modelled(trained),
            running=[t for t in trials if t.state == TrialState.RUNNING and t.params],
            proposed=[t.params for t in trials if t.params],
            drawn=sum(not is_enqueued(t) for t in trials),
        )


class Surrogate(Strategy):
    """Upper confidence bound over a pool; candidates in training count at their expectation.

    How many deviations the bound has is drawn anew for each proposal, exponentially (Berk et al.
    2020): what is asked at once is then partly safe and partly daring.

    The first are the space's well-known activations, then random ones until there are STARTUP
    results; with a prior, its favourites.
    """

    takes_prior = True

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._tables: Sequence[ScoreTable] = ()
        self._lengths: dict[tuple[int, ...], Hyperparameters] = {}

    def learn(self, tables: Sequence[ScoreTable]) -> None:
        """As in `Strategy`; the prior is made of the tables at the first proposal."""
        self._tables = tuple(tables)

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        history = _History.of(study, trial)
        known = () if self._tables else self.space.seed_candidates()
        if history.drawn < len(known):
            return known[history.drawn]
        # One thread: two are slower for matrices of some hundred rows, and round in another way.
        self._near: dict[Key, Lineage] = {}
        with threadpool_limits(1):
            options = self._options(history, rng)
            if not len(options):
                return self.space.sample(rng)
            if not self._tables and len(history.results) < STARTUP:
                return options.encodings[int(rng.integers(len(options)))]
            promise = self._promise(history, options, rng)
            if is_multi_objective(study):
                trials = [t for t in (*history.results, *history.running) if COST in t.user_attrs]
                measured = [(t.params, float(t.user_attrs[COST]["time"])) for t in trials]
                costs = expected_costs(measured, options.encodings)
                promise = _scalarised(promise, costs, rng)
            chosen = options.encodings[int(np.argmax(promise))]
            self.lineage = self._near.get(key_of(chosen))
            return chosen

    @cached_property
    def _pool(self) -> Pool:
        return Pool(self.space, self.seed, Prior(self._tables) if self._tables else None)

    @cached_property
    def _proposed(self) -> Proposed:
        return Proposed(self._pool)

    def _options(self, history: _History, rng: np.random.Generator) -> Options:
        """The candidates to choose from, none of which was proposed before, nor is too near to
        one in training."""
        pool, proposed = self._pool, self._proposed
        proposed.update(history.proposed)
        options = pool.options.but(proposed.free)
        if not pool.is_whole and history.results:
            best = sorted(history.results, key=_fitness, reverse=True)[:PARENTS]
            near = neighbours(self.space, best, CHILDREN, rng)
            options = options.and_also(proposed.new([encoding for encoding, _ in near]))
            self._near = {key_of(encoding): lineage for encoding, lineage in near}
        running = pool.of([t.params for t in history.running])
        return options.but(options.apart_from(running.places, APART))

    def _promise(self, history: _History, options: Options, rng: np.random.Generator) -> Array:
        """The upper bound of each option's log regret: [n]."""
        pool = self._pool
        results = pool.of([t.params for t in history.results])
        targets, noise, level, scale = _observed(history.results, results)
        lengths = self._fitted(history.trained)
        process = GaussianProcess(results.points, results.trend, targets, noise, lengths)
        running = pool.of([t.params for t in history.running])
        if len(running):
            expected = process.mean(running.points, running.trend)
            both = results.and_also(running)
            process = GaussianProcess(
                both.points,
                both.trend,
                np.concatenate([targets, expected]),
                np.concatenate([noise, np.full(len(running), BELIEF)]),
                lengths,
            )
        bound = rng.exponential(EXPLORE)
        mean, deviation = process.predict(options.points, options.trend)
        promise: Array = (mean + bound * deviation) * scale + level + SHRINK * options.trend
        return promise

    def _fitted(self, trained: Sequence[FrozenTrial]) -> Hyperparameters:
        """The hyperparameters from the first results and nothing else, as many as are a multiple
        of REFIT, and MOST at most: so a resumed search has those of one that ran on."""
        count = min(len(trained), MOST) // REFIT * REFIT
        numbers = tuple(t.number for t in trained[:count])  # later ones may end before them
        if numbers not in self._lengths:
            first = self._pool.of([t.params for t in trained[:count]])
            start = start_of(len(first.points))
            targets, noise, _, _ = _observed(trained[:count], first)
            self._lengths[numbers] = (
                fitted(first.points, first.trend, targets, noise, start) if count else start
            )
        return self._lengths[numbers]


def _observed(
    trials: Sequence[FrozenTrial], options: Options
) -> tuple[Array, Array, float, float]:
    """Targets of candidates beside a prior, of mean 0 and deviation 1, with their noise, and the
    level and scale that these have in log regret."""
    if not trials:
        return np.empty(0), np.empty(0), 0.0, 1.0
    observed = observations_of([_curve(t) for t in trials])
    raw = observed.targets - SHRINK * options.trend
    level, scale = float(raw.mean()), max(float(raw.std()), LEAST_SCALE)
    return (raw - level) / scale, observed.noise / scale**2, level, scale


def _scalarised(promise: Array, costs: Array, rng: np.random.Generator) -> Array:
    """Promise less cost, each of deviation 1, under a weight drawn anew for each proposal: so that
    all of the front is searched (Knowles 2006, ParEGO, without its Chebyshev norm)."""
    weight = rng.random()
    scaled = [values / max(float(values.std()), 1e-9) for values in (promise, costs)]
    mixed: Array = (1 - weight) * scaled[0] - weight * scaled[1]
    return mixed


def _modelled(results: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The results a model is made of, in order: all, or the best half of MOST and the latest."""
    if len(results) <= MOST:
        return list(results)
    best = {t.number for t in sorted(results, key=_fitness, reverse=True)[: MOST // 2]}
    rest = [t.number for t in results if t.number not in best][-(MOST - len(best)) :]
    chosen = best | {*rest}
    return [t for t in results if t.number in chosen]


def _was_trained(trial: FrozenTrial) -> bool:
    """Whether training gave a score, or showed that it diverges."""
    return bool(trial.intermediate_values) or "result" in trial.user_attrs


def _curve(trial: FrozenTrial) -> dict[int, float]:
    """The accuracies by epoch; nothing of one that diverged, however good it was before."""
    return {} if has_diverged(trial) else trial.intermediate_values


def _fitness(trial: FrozenTrial) -> tuple[int, float]:
    curve = _curve(trial)
    last = max(curve, default=0)
    return last, curve.get(last, 0.0)
