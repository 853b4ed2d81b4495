"""Every candidate of a space, once, in the space's own order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import optuna
from optuna.trial import FrozenTrial

from ...space import Encoding, Space
from ..errors import SpaceExhausted
from .base import Strategy


class Exhaustive(Strategy):
    """The first encoding that no earlier trial has."""

    may_repeat = False

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._rest: Iterator[dict[str, str]] | None = None
        self._behind: set[frozenset[tuple[str, str]]] = set()  # proposed before this process

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        """As in `Strategy`; raises SpaceExhausted after the last encoding."""
        if self._rest is None:
            earlier = study.get_trials(deepcopy=False)
            # A trial without attributes was killed while being drawn: it comes again.
            self._behind = {frozenset(t.params.items()) for t in earlier if t.user_attrs}
            self._rest = self.space.encodings()
        for encoding in self._rest:
            if frozenset(encoding.items()) not in self._behind:
                return encoding
        raise SpaceExhausted(f"every one of the {self.space.size} encodings was proposed")
