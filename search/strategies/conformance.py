"""The contract of strategies, for a user's own: `check_strategy(Mine)` names every broken rule.

    from actsearch.search import check_strategy
    check_strategy(Mine)

Nothing is trained: the scores of its history are made up. A strategy that keeps the other rules is
asked in another process as well, which takes a few seconds.
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from ...space import ActsearchError, CoreUnits, Encoding, Operators, Space
from ...space.counted import counted
from ..errors import SpaceExhausted, StrategyError
from .loading import MakeStrategy, check_is_strategy, made
from .quiet import quiet

# 50 encodings, of which some are the same function.
SMALL = CoreUnits(
    operators=Operators(
        ("x", "tanh(x)", "sin(x)", "max(x, 0)", "exp(-square(x))"), ("x1 * x2", "max(x1, x2)")
    )
)
SEED = 5
HISTORY = 24  # trials: more than most strategies draw before they look at scores
NEXT = 4  # proposals that are compared
TRIES = 20  # proposals in a row, one of which has to be new

# Another process, with another hash seed: its proposals from a pickled history.
_ELSEWHERE = """
import json, pickle, sys
path, module, name, *rest = pickle.load(sys.stdin.buffer)
sys.path[:] = path
from importlib import import_module
from operator import attrgetter
from actsearch.search.strategies.conformance import proposals_elsewhere
print(json.dumps(proposals_elsewhere(attrgetter(name)(import_module(module)), *rest)))
"""


def check_strategy(strategy: MakeStrategy, *, space: Space = SMALL, seed: int = SEED) -> None:
    """Have a class of Strategy, or a function that returns one, propose on a made-up history.

    space: of more than 30 encodings, so that the history leaves some. Raises StrategyError naming
    every broken rule.
    """
    name = f"{getattr(strategy, '__module__', '')}:{getattr(strategy, '__qualname__', strategy)}"
    checks = _Checks(name, check_is_strategy(name, strategy), space, seed)
    broken = [fault for rule in checks.rules() if (fault := _fault(rule)) is not None]
    if not broken and (fault := _fault(checks.another_process_proposes_the_same)) is not None:
        broken = [fault]
    if broken:
        listed = "".join(f"\n  - {text}" for text in broken)
        raise StrategyError(f"strategy {name} breaks {counted(len(broken), 'rule')}:{listed}")


def _fault(rule: Callable[[], str | None]) -> str | None:
    """The fault that a rule finds; an exception of the strategy's is one as well."""
    title = rule.__name__.replace("_", " ")
    try:
        return rule()
    except ActsearchError as error:
        return f"{title}: {error}"
    except Exception as error:
        return f"{title}: it raised {type(error).__name__}: {' '.join(str(error).split())}"


class _Checks:
    """The rules, each a method that returns what is broken, or None."""

    def __init__(self, name: str, strategy: MakeStrategy, space: Space, seed: int) -> None:
        self._name, self._make, self.space, self.seed = name, strategy, space, seed
        self._history: list[FrozenTrial] = []

    def rules(self) -> Iterator[Callable[[], str | None]]:
        yield self.a_search_can_be_begun
        if self._history:  # without one the others would say the same again
            yield self.same_history_same_proposals
            yield self.a_resumed_search_goes_on
            yield self.the_history_is_left_alone
            yield self.an_enqueued_candidate_is_left_alone
            yield self.several_trials_at_once
            yield self.results_that_are_not_in_yet
            yield self.it_proposes_something_new
            yield self.may_repeat_says_whether_it_does

    def a_search_can_be_begun(self) -> str | None:
        study = self._study()
        for _ in range(HISTORY):
            _play(study, self.space)
        self._history = study.get_trials()
        return None

    def same_history_same_proposals(self) -> str | None:
        first, second = (_proposals(self._resumed(), self.space) for _ in range(2))
        if first != second:
            return (
                "the same history must give the same proposals, but two objects made alike "
                "differ: draw from the rng that propose is given, and from nothing else"
            )
        return None

    def a_resumed_search_goes_on(self) -> str | None:
        unbroken = self._resumed()
        resumed = self._resumed()
        for number in range(HISTORY, HISTORY + NEXT):
            resumed.sampler = made(self._name, self._make, self.space, self.seed)
            expected, proposal = _play(unbroken, self.space), _play(resumed, self.space)
            if proposal != expected:
                return (
                    f"a resumed search must go on as an unbroken one, but trial {number} differs: "
                    f"what is kept from one proposal to the next must be read from the study"
                )
        return None

    def another_process_proposes_the_same(self) -> str | None:
        module, _, name = self._name.partition(":")
        if module == "__main__" or "<" in name:
            return None  # such a class cannot be imported there
        payload = (sys.path, module, name, self._history, self.space, self.seed)
        process = subprocess.run(
            [sys.executable, "-c", _ELSEWHERE],
            input=pickle.dumps(payload),
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONHASHSEED": "1"},
        )
        if process.returncode != 0:
            last = process.stderr.decode().strip().splitlines()[-1:]
            return f"another process must be able to propose, but there: {' '.join(last)}"
        proposals = process.stdout.splitlines()[-1]  # before it, what the module itself prints
        if json.loads(proposals) != _proposals(self._resumed(), self.space):
            return (
                "another process must propose the same, but did not: the order of a set, or of "
                "anything hashed, differs there"
            )
        return None

    def the_history_is_left_alone(self) -> str | None:
        study = self._resumed()
        before = study.get_trials()
        trial = study.ask()
        if study.get_trials()[: len(before)] != before or study.user_attrs:
            return "propose must only read the study, but changed it"
        if trial.number != len(before) or len(study.get_trials()) != len(before) + 1:
            return "propose must not add trials to the study, but did"
        return None

    def an_enqueued_candidate_is_left_alone(self) -> str | None:
        study = self._resumed()
        waiting = self._history[0].params
        study.enqueue_trial(waiting)
        encoding = _play(study, self.space)
        if encoding != waiting:
            return f"an enqueued candidate must be left alone, but {waiting} became {encoding}"
        return None

    def several_trials_at_once(self) -> str | None:
        study = self._resumed()
        trials = [study.ask() for _ in range(NEXT)]
        for trial in reversed(trials):
            _finish(study, trial, self.space)
        return None

    def results_that_are_not_in_yet(self) -> str | None:
        """As a search shows them: what is within the lag is running, without scores."""
        for ended in (0, HISTORY // 2):
            _proposals(
                self._study([*self._history[:ended], *_running(self._history[ended:])]), self.space
            )
        return None

    def it_proposes_something_new(self) -> str | None:
        study, seen = self._resumed(), [trial.params for trial in self._history]
        try:
            new = [_play(study, self.space) not in seen for _ in range(TRIES)]
        except SpaceExhausted:
            return None
        if not any(new):
            return (
                f"it must come to new encodings, but {TRIES} proposals in a row repeat earlier "
                f"ones: a search replaces such a run by random candidates"
            )
        return None

    def may_repeat_says_whether_it_does(self) -> str | None:
        study = self._resumed()
        sampler = made(self._name, self._make, self.space, self.seed)
        if sampler.may_repeat:
            return None
        seen = [trial.params for trial in self._history]
        try:
            for _ in range(min(self.space.size, 1000) + 1 - len(seen)):
                encoding = _play(study, self.space)
                if encoding in seen:
                    return f"with may_repeat False no encoding may come again, but {encoding} did"
                seen.append(dict(encoding))
        except SpaceExhausted:
            pass
        return None

    def _study(self, history: Sequence[FrozenTrial] = ()) -> optuna.Study:
        return _study(made(self._name, self._make, self.space, self.seed), history)

    def _resumed(self) -> optuna.Study:
        return self._study(self._history)


def proposals_elsewhere(
    strategy: MakeStrategy, history: Sequence[FrozenTrial], space: Space, seed: int
) -> list[Encoding]:
    """The proposals from a history, asked in a process of their own."""
    return _proposals(_study(strategy(space, seed), history), space)


def _running(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Trials as they are before their results are in."""
    return [
        create_trial(
            state=TrialState.RUNNING,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs={"expression": trial.user_attrs["expression"]},
        )
        for trial in trials
    ]


def _study(sampler: optuna.samplers.BaseSampler, history: Sequence[FrozenTrial]) -> optuna.Study:
    with quiet():
        study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials(copy.deepcopy(list(history)))
    return study


def _proposals(study: optuna.Study, space: Space) -> list[Encoding]:
    return [_play(study, space) for _ in range(NEXT)]


def _play(study: optuna.Study, space: Space) -> Encoding:
    """One trial from its proposal to its end."""
    return _finish(study, study.ask(), space)


def _finish(study: optuna.Study, trial: Trial, space: Space) -> Encoding:
    """End a trial as a search does: complete, pruned, diverged, a duplicate or failed; its
    encoding."""
    expression = space.build(trial.suggest_categorical)
    trial.set_user_attr("expression", str(expression))
    # A made-up score: the same for the same encoding, different for most others.
    score = sum(map(ord, "".join(trial.params.values()))) % 97 / 100
    if trial.number % 8 == 6:
        study.tell(trial, state=TrialState.FAIL)
    elif trial.number % 8 == 7:
        trial.set_user_attr("duplicate_of", 0)
        study.tell(trial, state=TrialState.PRUNED)
    elif trial.number % 8 == 5:
        trial.report(score, 1)
        trial.set_user_attr("infeasible", "nan")
        study.tell(trial, state=TrialState.PRUNED)
    elif trial.number % 3 == 0:
        for epoch in (1, 3, 9):
            trial.report(score * (0.5 + epoch / 18), epoch)
        study.tell(trial, score)
    else:
        trial.report(score / 2, 1)
        study.tell(trial, state=TrialState.PRUNED)
    encoding: Encoding = trial.params
    return encoding
