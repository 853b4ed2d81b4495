"""From a strategy's proposals to candidates worth training: screened, and not seen before."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import numpy as np

from ...space import (
    Encoding,
    FingerprintIndex,
    Space,
    fingerprint_of_version,
    parse,
    screen,
)
from ..errors import SpaceExhausted
from ..storage.study import ProposedTrial, Study
from .costs import Costs

logger = logging.getLogger(__name__)

TRIES = 20  # rejected proposals in a row before an unseen random candidate is taken instead
DRAWS = 1000  # random draws for an unseen encoding before the space is searched in order


class Proposer:
    """Asks the study until a new, trainable candidate comes; records all others.

    A candidate screened out becomes an infeasible trial, one seen before a duplicate.
    """

    def __init__(
        self,
        study: Study,
        space: Space,
        seed: int,
        fingerprints: int,
        costs: Costs | None = None,
    ) -> None:
        """fingerprints: the version by which candidates are told apart. costs: of a search that
        minds them."""
        self._costs = costs
        self._fingerprint = fingerprint_of_version(fingerprints)
        self._study, self._space, self._seed = study, space, seed
        self._seen = {_key(encoding) for encoding in study.encodings()}
        self._exhausted = False  # by the strategy's word
        self._index = FingerprintIndex()
        for trial in study.trials():
            if trial.retry == 0 and trial.entered_training:
                self._index.add(self._fingerprint(parse(trial.expression)), trial.number)

    def next(self) -> ProposedTrial | None:
        """The next candidate to train, its trial running; None when the space is exhausted."""
        rejected = 0
        while True:
            if not self._study.waiting():
                if self._exhausted or len(self._seen) >= self._space.size:
                    return None
                if rejected >= TRIES and self._study.may_repeat:
                    self._study.enqueue(self._unseen())
                    rejected = 0
            try:
                trial = self._study.ask(self._space)
            except SpaceExhausted:
                self._exhausted = True
                return None
            if trial.retry or self._is_new(trial):  # a retry has passed all this once
                cost = None if self._costs is None else self._costs.of(trial.expression)
                self._study.accept(trial, cost)
                return trial
            rejected += 1

    def _is_new(self, trial: ProposedTrial) -> bool:
        """Whether a candidate is worth training; else its trial is ended."""
        self._seen.add(_key(trial.encoding))
        reason = screen(trial.expression)
        if reason is not None:
            logger.debug("trial %d infeasible: %s", trial.number, reason)
            self._study.reject(trial, reason=reason)
            return False
        values = self._fingerprint(trial.expression)
        earlier = self._index.find(values)
        if earlier is not None:
            logger.debug("trial %d is a duplicate of %d", trial.number, earlier)
            self._study.reject(trial, duplicate_of=earlier)
            return False
        if self._is_too_dear(trial):
            return False  # and not in the index: a cheaper formula of the same function may come
        self._index.add(values, trial.number)
        return True

    def _is_too_dear(self, trial: ProposedTrial) -> bool:
        """Whether a candidate costs more than the limit; its trial is ended then. Raises
        InvalidSetting where too many in a row do."""
        if self._costs is None or (reason := self._costs.objection(trial.expression)) is None:
            return False
        logger.debug("trial %d %s", trial.number, reason)
        self._study.reject(trial, reason=reason, cost=self._costs.of(trial.expression))
        self._costs.check_hope()
        return True

    def _unseen(self) -> Encoding:
        """An encoding that was never asked; there is one, since fewer were seen than exist."""
        logger.debug("%d proposals in a row were rejected: drawing at random", TRIES)
        rng = np.random.default_rng([self._seed, len(self._seen), 1])  # 1: a stream of its own
        drawn: Iterable[Encoding] = (self._space.sample(rng) for _ in range(DRAWS))
        for source in (drawn, self._space.encodings()):
            for encoding in source:
                if _key(encoding) not in self._seen:
                    return encoding
        raise AssertionError("every encoding was seen, though fewer were than the space holds")


def _key(encoding: Encoding) -> frozenset[tuple[str, str]]:
    return frozenset(encoding.items())
