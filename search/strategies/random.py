"""Uniform random sampling: the control every other strategy has to beat."""

from __future__ import annotations

import numpy as np
import optuna
from optuna.trial import FrozenTrial

from ...space import Encoding
from .base import Strategy


class Random(Strategy):
    """Every choice uniform and independent."""

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        return self.space.sample(rng)
