"""A model of the score over functions: the most promising candidate by a Gaussian process."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import optuna
from optuna.trial import FrozenTrial, TrialState
from scipy.spatial.distance import cdist

from ....space import Encoding, Space
from ..base import Strategy, is_enqueued, was_cut_short
from .gaussian_process import GaussianProcess, Hyperparameters, fitted, start_of
from .observations import Observations, observations_of
from .pool import Pool, key_of

STARTUP = 9
REFIT = 9
APART = 0.05
EXPLORE = 1.0
LOCAL = 60
PARENTS = 8
MOST = 400
Array = npt.NDArray[np.float64]


class Surrogate(Strategy):
    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._pool: Pool | None = None
        self._hyper: dict[int, Hyperparameters] = {}

    def propose(self, study, trial, rng):
        trials = [t for t in study.get_trials(deepcopy=False) if not was_cut_short(t) and t.number < trial.number]
        known = self.space.seed_candidates()
        drawn = sum(not is_enqueued(t) for t in trials)
        if drawn < len(known):
            return known[drawn]
        if self._pool is None:
            self._pool = Pool(self.space, self.seed)
        pool = self._pool
        results = [t for t in trials if t.state in (TrialState.COMPLETE, TrialState.PRUNED) and "duplicate_of" not in t.user_attrs and (t.intermediate_values or "result" in t.user_attrs)]
        running = [t for t in trials if t.state == TrialState.RUNNING and t.params]
        tried = {key_of(t.params) for t in trials}
        encs = list(pool.encodings)
        points = pool.projection(pool.raw)
        free = np.array([key_of(e) not in tried for e in encs])
        seen = pool.features([t.params for t in trials if t.params]) if trials else np.empty((0, pool.raw.shape[1]))
        seen = seen[np.isfinite(seen).all(1)]
        seen_points = np.concatenate(pool.projection(seen), 1)
        every = np.concatenate(points, 1)
        if len(seen):
            free &= cdist(every, seen_points).min(1) > 1e-4
            inflight = pool.features([t.params for t in running]) if running else None
            if inflight is not None:
                inflight = inflight[np.isfinite(inflight).all(1)]
                if len(inflight):
                    free &= cdist(every, np.concatenate(pool.projection(inflight), 1)).min(1) > APART
        if not free.any():
            return self.space.sample(rng)
        options = np.flatnonzero(free)
        if len(results) < STARTUP:
            return encs[rng.choice(options)]
        obs = observations_of([t.intermediate_values for t in results])
        raw = pool.features([t.params for t in results])
        groups = pool.projection(raw)
        n = len(results) // REFIT * REFIT
        if n not in self._hyper:
            self._hyper[n] = fitted([g[:n] for g in groups], obs.targets[:n], obs.noise[:n], start_of(len(groups)))
        hyper = self._hyper[n]
        gp = GaussianProcess(groups, obs.targets, obs.noise, hyper)
        if running:
            rraw = pool.features([t.params for t in running])
            rraw = rraw[np.isfinite(rraw).all(1)]
            rg = pool.projection(rraw)
            m, _ = gp.predict(rg)
            groups = [np.concatenate([a, b]) for a, b in zip(groups, rg)]
            gp = GaussianProcess(groups, np.concatenate([obs.targets, m]), np.concatenate([obs.noise, np.full(len(m), 1e-3)]), hyper)
        mean, std = gp.predict([p[options] for p in points])
        return encs[options[np.argmax(mean + EXPLORE * std)]]
