"""From a strategy's proposals to candidates worth training: screened, and not seen before."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ...space import (
    Encoding,
    FingerprintIndex,
    Space,
    fingerprint_of_version,
    screen,
)
from ...space.counted import counted
from ...space.expressions.parser import parse_stored
from ...space.printable import shown
from ..errors import NothingToTrain, SpaceExhausted, StrategyError
from ..storage.history import Draw
from ..storage.study import Study
from ..storage.trial import MeasuredCost, ProposedTrial, Trial
from ..strategies.base import key_of
from .costs import Costs

logger = logging.getLogger(__name__)

TRIES = 20  # rejected proposals in a row before an unseen random candidate is taken instead
REJECTED = 1_000  # proposals rejected in a row that end a search; with some seconds of training
# for each candidate, one in a thousand that passes costs more to find than to train
IN_ORDER = 10_000  # as many for a strategy that goes through a space in order, whose neighbours
# have the same reasons to be rejected
SEEN_BEFORE = "seen before"  # the reason of a duplicate
COMMONEST = 3  # reasons that a message names
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
        self._seen = {key_of(encoding) for encoding in study.encodings()}
        self._exhausted = False  # by the strategy's word
        self.objection: Callable[[str], str | None] = _none  # the evaluator's
        self._texts: dict[int, str] = {}  # of the candidates in the index
        self._index = FingerprintIndex(lambda n: self._fingerprint(parse_stored(self._texts[n])))
        self._rejected = 0  # proposals in a row, up to now
        for trial in study.trials():
            if trial.retry or not trial.expression:
                continue
            if trial.entered_training:
                self._remember(trial)
            self._rejected = 0 if trial.entered_training else self._rejected + 1

    def next(self, first: int | None = None) -> ProposedTrial | None:
        """The next candidate to train, its trial running, proposed from the results of the first
        so many candidates (None: of all); None when the space is exhausted.

        Raises NothingToTrain when too many proposals in a row were rejected, or all of the space;
        StrategyError for a strategy that repeats itself against its word.
        """
        may_repeat = self._study.strategy.may_repeat
        limit = REJECTED if may_repeat else IN_ORDER
        while not self._exhausted and len(self._seen) < self._space.size:
            if self._rejected >= limit:
                raise self._nothing_to_train(
                    f"{self._rejected:,} proposals in a row were rejected"
                )
            # Every so many rejected ones, by their count alone: a resumed search does the same.
            stuck = self._rejected and self._rejected % TRIES == 0 and may_repeat
            try:
                draw = self._study.ask(self._space, first, self._unseen() if stuck else None)
            except SpaceExhausted:
                self._exhausted = True
                break
            trial = self._accepted(draw)
            if trial is not None:
                return trial
        if self._rejected and not self._study.entered():
            raise self._nothing_to_train(
                f"all {len(self._seen):,} encodings that there are were rejected"
            )
        return None

    def _remember(self, trial: Trial) -> None:
        """Have a candidate in the index: by what is stored of its fingerprint, which takes 0.7 ms
        to make again, and so it is for a search of before it was stored."""
        self._texts[trial.number] = trial.expression
        if trial.fingerprint is not None:
            self._index.add_known(*trial.fingerprint, trial.number)
        else:
            self._index.add(self._fingerprint(parse_stored(trial.expression)), trial.number)

    def _nothing_to_train(self, what: str) -> NothingToTrain:
        """The error that names the commonest reasons of the latest rejections, and what to do."""
        trials = [t for t in self._study.trials() if not t.retry and t.expression]
        latest = trials[-self._rejected :]
        counts = Counter(t.reason or SEEN_BEFORE for t in latest).most_common()
        reasons = [f"{reason} ({count:,})" for reason, count in counts[:COMMONEST]]
        others = sum(count for _, count in counts[COMMONEST:])
        listed = ", ".join(reasons) + (f", other reasons ({others:,})" if others else "")
        entered = counted(self._study.entered(), "candidate")
        return NothingToTrain(
            f"{what}, so the search ends with {entered}: {listed}; the last one was "
            f"{shown(latest[-1].expression)}. {self._advice(latest, counts[0][0])}"
        )

    def _advice(self, latest: Sequence[Trial], commonest: str) -> str:
        """The next step after the commonest reason; one of the evaluator says it itself."""
        trial = next(t for t in latest if (t.reason or SEEN_BEFORE) == commonest)
        if self.objection(trial.expression) == commonest:
            return "The evaluator takes too few of the proposals: do what it says of them"
        return (
            "Take a --space with other operators (`actsearch describe` says what is wrong with "
            "one formula), or another --strategy"
        )

    def _accepted(self, draw: Draw) -> ProposedTrial | None:
        """The trial of a candidate that is worth training; else None, its draw rejected."""
        strategy, key = self._study.strategy, key_of(draw.encoding)
        if key in self._seen and not strategy.may_repeat:
            raise StrategyError(
                f"strategy {strategy.name} has may_repeat False, by which no encoding comes "
                f"again, but proposed {dict(draw.encoding)} once more: leave may_repeat out, and "
                f"an unseen random candidate follows {TRIES} rejected ones"
            )
        self._seen.add(key)
        reason = screen(draw.expression)
        if reason is not None:
            number = self._study.reject(draw, reason=reason)
            logger.debug("trial %d infeasible: %s", number, reason)
            self._rejected += 1
            return None
        values = self._fingerprint(draw.expression)
        earlier = self._index.find(values)
        if earlier is not None:
            number = self._study.reject(draw, duplicate_of=earlier)
            logger.debug("trial %d is a duplicate of %d", number, earlier)
            self._rejected += 1
            return None
        if (reason := self.objection(str(draw.expression))) is not None:
            number = self._study.reject(draw, reason=reason)
            logger.debug("trial %d infeasible: %s", number, reason)
            self._rejected += 1
            return None
        cost = None if self._costs is None else self._costs.of(draw.expression)
        if self._is_too_dear(draw, cost):
            return None  # and not in the index: a cheaper formula of the same function may come
        trial = self._study.accept(draw, cost, values)
        self._texts[trial.number] = str(draw.expression)
        self._index.add(values, trial.number)
        self._rejected = 0
        return trial

    def _is_too_dear(self, draw: Draw, cost: MeasuredCost | None) -> bool:
        """Whether a candidate costs more than the limit; its draw is rejected then. Raises
        InvalidSetting where too many in a row do."""
        if self._costs is None or (reason := self._costs.objection(draw.expression)) is None:
            return False
        number = self._study.reject(draw, reason=reason, cost=cost)
        logger.debug("trial %d %s", number, reason)
        self._rejected += 1
        self._costs.check_hope()
        return True

    def _unseen(self) -> Encoding:
        """An encoding that was never asked; there is one, since fewer were seen than exist."""
        logger.debug("%d proposals in a row were rejected: drawing at random", TRIES)
        rng = np.random.default_rng([self._seed, len(self._seen), 1])  # 1: a stream of its own
        drawn: Iterable[Encoding] = (self._space.sample(rng) for _ in range(DRAWS))
        for source in (drawn, self._space.encodings()):
            for encoding in source:
                if key_of(encoding) not in self._seen:
                    return encoding
        raise AssertionError("every encoding was seen, though fewer were than the space holds")


def _none(expression: str) -> None:
    """No objection to a candidate."""
