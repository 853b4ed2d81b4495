"""A search as its strategy sees it: a study in memory that knows only the results allowed.

A trial here is a draw, numbered in the order of the draws. What the file has beside them is left
out (a retry is its origin's, and what a killed driver was drawing comes again), so that the same
results make the same history whatever crashed, and whoever ended first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna import Study as OptunaStudy
from optuna import Trial as OptunaTrial
from optuna import load_study
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ...space import Encoding, Expression, Space
from ..strategies.base import Lineage, Strategy
from ..strategies.objectives import COST
from ..strategies.quiet import quiet
from .interruption import is_over
from .trial import Trial
from .trial_codec import DUPLICATE_OF, EXPRESSION, FINGERPRINT, ORIGIN, RETRY, trial_of

NAME = "history"
_HIDDEN = (ORIGIN, RETRY, FINGERPRINT)  # attributes of trials in the file


@dataclass(frozen=True, slots=True)
class Draw:
    """A candidate that was drawn, and its trial in the history."""

    expression: Expression
    trial: OptunaTrial
    stored: FrozenTrial  # the same, to be read only
    fixed: bool  # whether it was drawn at random, not by the strategy
    lineage: Lineage | None = None  # by the numbers in the file

    @property
    def encoding(self) -> Encoding:
        return self.stored.params


class _Handed(FrozenTrial):
    """A trial that gives a shallow copy of itself, as a FrozenTrial, where a storage asks for a
    deep one, which would take 0.1 ms: nobody changes what the two share."""

    def __deepcopy__(self, memo: object) -> FrozenTrial:
        kept = object.__new__(FrozenTrial)
        kept.__dict__ = dict(vars(self))
        return kept


class History:
    """The draws of a search, and the results of its candidates as they come in.

    A candidate is a draw that went into training; they are counted from 0. Until it is shown, it
    is a running trial without any score.
    """

    def __init__(
        self,
        strategy: Strategy,
        directions: Sequence[StudyDirection],
        attributes: Mapping[str, Any],
        stored: Sequence[FrozenTrial],
    ) -> None:
        """attributes: of the study in the file. stored: its trials so far, in order."""
        self._strategy = strategy
        self._storage = InMemoryStorage()
        with quiet():
            self._id = self._storage.create_new_study(directions, NAME)
        for name, value in attributes.items():
            self._storage.set_study_user_attr(self._id, name, value)
        self.study: OptunaStudy = load_study(
            study_name=NAME, storage=self._storage, sampler=strategy
        )
        self._draws: dict[int, int] = {}  # number in the file -> number here
        self._candidates: dict[int, int] = {}  # number in the file -> which candidate it is
        self._numbers: list[int] = []  # of each candidate, here
        self._rungs: list[Mapping[int, float]] = []  # of each candidate, by epoch
        self._ends: dict[int, FrozenTrial] = {}  # candidate -> its last trial, not yet shown
        self._over: list[bool] = []  # of each candidate, whether it has ended
        self._first_open = 0  # all candidates before this one have ended
        self._restore(stored)

    def __len__(self) -> int:
        """How many candidates there are."""
        return len(self._numbers)

    def draw(self, space: Space, fixed: Encoding | None = None) -> Draw:
        """The strategy's next proposal, or a fixed encoding."""
        if fixed is not None:
            self.study.enqueue_trial(dict(fixed))
        trial = self.study.ask()
        expression = space.build(trial.suggest_categorical)
        stored = self._storage.get_trial(self._row(trial.number))  # no copy, as `trial.params` is
        return Draw(expression, trial, stored, fixed is not None, self._lineage())

    def encodings(self) -> list[Encoding]:
        """The encodings of all draws."""
        return [trial.params for trial in self.study.get_trials(deepcopy=False) if trial.params]

    def _lineage(self) -> Lineage | None:
        """Origin of the strategy's latest proposal; None where the strategy names none."""
        lineage = self._strategy.lineage
        if lineage is None:
            return None
        numbers = {here: number for number, here in self._draws.items()}
        parents = tuple(numbers[here] for here in lineage.parents if here in numbers)
        return Lineage(parents, lineage.mutation)

    def reject(self, draw: Draw, number: int, attributes: Mapping[str, Any]) -> None:
        """A draw that ended before training, at once for all to see: no score has a part in it.

        number: of its trial in the file. attributes: those of that trial.
        """
        self._draws[number] = draw.trial.number
        for name, value in self._shown(attributes).items():
            draw.trial.set_user_attr(name, value)
        self._end(draw.trial.number, TrialState.PRUNED, None)

    def accept(self, draw: Draw, number: int, attributes: Mapping[str, Any]) -> None:
        """A draw that goes into training: the next candidate. number, attributes: as for one that
        is rejected."""
        self._draws[number] = draw.trial.number
        for name, value in attributes.items():
            draw.trial.set_user_attr(name, value)
        self._add(number, draw.trial.number)

    def candidate(self, origin: int) -> int:
        """Which candidate a trial of the file is."""
        return self._candidates[origin]

    def rung(self, origin: int, epoch: int, accuracy: float) -> None:
        """A score of a candidate that is still training."""
        candidate = self._candidates[origin]
        self._rungs[candidate] = {**self._rungs[candidate], epoch: accuracy}

    def end(self, stored: FrozenTrial, trial: Trial) -> None:
        """The last trial of a candidate, a retry perhaps, which has ended: as it is stored, and
        the same decoded."""
        candidate = self._candidates[trial.origin]
        self._rungs[candidate] = trial.val_accuracies
        self._ends[candidate], self._over[candidate] = stored, True
        while self._first_open < len(self) and self._over[self._first_open]:
            self._first_open += 1

    def has_ended(self, first: int) -> bool:
        """Whether the first so many candidates all have."""
        return self._first_open >= first

    def show(self, first: int | None) -> None:
        """Show the results of the first so many candidates; None: all that there are."""
        for candidate in sorted(self._ends):
            if first is None or candidate < first:
                self._show(self._numbers[candidate], self._ends.pop(candidate))

    def scores(self, first: int | None, epochs: Sequence[int]) -> dict[int, list[float]]:
        """The accuracies of the first so many candidates (None: of all so far), by epoch."""
        rungs = self._rungs if first is None else self._rungs[:first]
        return {epoch: [r[epoch] for r in rungs if epoch in r] for epoch in epochs}

    def _add(self, number: int, here: int) -> None:
        self._candidates[number] = len(self)
        self._numbers.append(here)
        self._rungs.append({})
        self._over.append(False)

    def _show(self, here: int, stored: FrozenTrial) -> None:
        trial = self._row(here)
        for epoch, accuracy in sorted(stored.intermediate_values.items()):
            self._storage.set_trial_intermediate_value(trial, epoch, accuracy)
        for name, value in self._shown(stored.user_attrs).items():
            self._storage.set_trial_user_attr(trial, name, value)
        complete = stored.state == TrialState.COMPLETE
        self._end(here, stored.state, stored.values if complete else None)

    def _end(self, here: int, state: TrialState, values: Sequence[float] | None) -> None:
        """As `Study.tell`, whose deep copy of the trial takes most of its 0.13 ms."""
        row = self._row(here)
        trial = self._storage.get_trial(row)
        if state == TrialState.PRUNED and trial.last_step is not None:
            last = trial.intermediate_values[trial.last_step]
            values = None if math.isnan(last) else [last]
        try:
            self._strategy.after_trial(self.study, trial, state, values)
        finally:
            self._storage.set_trial_state_values(row, state, values)

    def _row(self, here: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._id, here)

    def _shown(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes of a trial of the file as they are here."""
        shown = {k: v for k, v in attributes.items() if k not in _HIDDEN}
        if DUPLICATE_OF in shown:
            shown[DUPLICATE_OF] = self._draws.get(shown[DUPLICATE_OF])
        return shown

    def _restore(self, stored: Sequence[FrozenTrial]) -> None:
        tries: dict[int, list[tuple[FrozenTrial, Trial]]] = {}
        for frozen in stored:
            trial = trial_of(frozen)
            tries.setdefault(trial.origin, []).append((frozen, trial))
        for number, each in tries.items():
            first, _ = each[0]
            entered = [frozen for frozen, trial in each if trial.entered_training]
            if entered:
                attributes = {
                    k: v for k, v in entered[0].user_attrs.items() if k in (EXPRESSION, COST)
                }
            elif EXPRESSION in first.user_attrs:
                attributes = self._shown(first.user_attrs)
            else:
                continue  # killed while it was drawn
            here = self._draws[number] = len(self._draws)
            taken = _Handed(  # not by create_trial, which takes 0.1 ms to look at what was read
                number=here,
                trial_id=-1,  # the storage gives it one
                state=TrialState.RUNNING if entered else TrialState.PRUNED,
                value=None,
                datetime_start=first.datetime_start,
                datetime_complete=None if entered else first.datetime_complete,
                params=first.params,
                distributions=first.distributions,
                system_attrs=first.system_attrs,
                user_attrs=attributes,
                intermediate_values={},
            )
            self._storage.create_new_trial(self._id, taken)
            if entered:
                self._add(number, here)
                frozen, trial = each[-1]  # a candidate that was given up may wait once more
                if is_over(trial):
                    self.end(frozen, trial)
