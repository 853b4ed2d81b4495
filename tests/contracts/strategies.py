"""The contract of strategies as a test suite; a class gives it the strategy by one fixture.

    class TestMine(StrategyContract):
        @pytest.fixture(scope="class")
        @classmethod
        def make(cls) -> Make: ...

A history is a real study, whose trials got made-up scores: the suite checks the proposals. Users
have the same rules in `actsearch.search.check_strategy`, on a study in memory.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from actsearch.evaluators import CandidateReport
from actsearch.search import (
    Strategy,
)
from actsearch.search.storage.study import Study
from actsearch.search.storage.trial import ProposedTrial
from actsearch.space import CoreUnits, Encoding, Operators, Space
from contracts.interpreter import Interpreter
from contracts.tiny import study_in

Make = Callable[[Space, int], Strategy]
# A tenth of the default space, with its well-known activations: a strategy that looks at all of a
# space does so in each of these tests, and in processes of their own.
SPACE = CoreUnits(
    operators=Operators(
        ("x", "beta * x", "max(x, 0)", "tanh(x)", "softplus(x)", "sin(x)", "x ** 2", "beta"),
        ("x1 + x2", "x1 * x2", "max(x1, x2)", "min(x1, x2)", "sigmoid(x1) * x2"),
    )
)
SEED = 5
HISTORY = 24  # trials: more than any strategy draws at random before it looks at scores
RUNGS = (1, 3, 9)
TESTS = Path(__file__).parent.parent

# Another process, with another hash seed, that asks a study for some proposals.
_ELSEWHERE = """
import json, sys
from importlib import import_module
from pathlib import Path
from actsearch.search.storage.study import Study
from contracts.strategies import SEED, SPACE
module, name, folder, count = sys.argv[1:]
strategy = getattr(import_module(module), name)(SPACE, SEED)
study = Study(Path(folder), strategy)
print(json.dumps([dict(study.ask(SPACE).encoding) for _ in range(int(count))]))
"""


def accuracy(trial: ProposedTrial) -> float:
    """A made-up score: the same for the same encoding, different for most others."""
    return sum(map(ord, "".join(trial.encoding.values()))) % 97 / 100


def finish(study: Study, trial: ProposedTrial) -> None:
    """End a trial as training would: one in three complete, the others pruned early."""
    rungs = RUNGS if trial.number % 3 == 0 else RUNGS[:1]
    reports = {}
    for epoch in rungs:
        state = "live" if epoch < rungs[-1] else "complete" if epoch == 9 else "pruned"
        score = accuracy(trial) * (0.5 + epoch / 18)
        reports[epoch] = CandidateReport(
            index=0,
            state=state,  # type: ignore[arg-type]
            val_accuracy=score,
            val_loss=1.0,
            train_losses=(1.0,) * epoch,
            learned={},
        )
        study.rung(trial.number, epoch, score)
    study.end(trial.number, reports, 1.0)


def proposals(study: Study, count: int) -> list[Encoding]:
    """The next `count` proposals, each finished before the next."""
    encodings = []
    for _ in range(count):
        trial = study.accept(study.ask(SPACE))
        encodings.append(trial.encoding)
        finish(study, trial)
    return encodings


class StrategyContract:
    """The suite."""

    @pytest.fixture(scope="class")
    @classmethod
    def make(cls) -> Make:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def history(cls, make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """The folder of a study with HISTORY finished trials, all from one process."""
        folder = tmp_path_factory.mktemp("history")
        proposals(study_in(folder, make(SPACE, SEED)), HISTORY)
        return folder

    @pytest.fixture
    def copied(self, history: Path, tmp_path: Path) -> Callable[[], Path]:
        """Gives the history again and again, each time in a folder of its own."""
        numbers = iter(range(1_000))
        return lambda: Path(shutil.copytree(history, tmp_path / str(next(numbers))))

    def test_the_same_history_gives_the_same_proposals(
        self, make: Make, copied: Callable[[], Path]
    ) -> None:
        first, second = (Study(copied(), make(SPACE, SEED)) for _ in range(2))
        assert proposals(first, 3) == proposals(second, 3)

    def test_another_process_proposes_the_same(
        self, make: Make, copied: Callable[[], Path], interpreter: Interpreter
    ) -> None:
        kind = type(make(SPACE, SEED))
        process = interpreter.run(
            _ELSEWHERE,
            TESTS,
            arguments=(kind.__module__, kind.__name__, str(copied()), "2"),
            path=(TESTS,),
        )
        assert process.returncode == 0, process.stderr
        study = Study(copied(), make(SPACE, SEED))
        assert json.loads(process.stdout) == [study.ask(SPACE).encoding for _ in range(2)]

    def test_a_search_resumed_at_every_trial_proposes_what_an_unbroken_one_does(
        self, make: Make, copied: Callable[[], Path]
    ) -> None:
        unbroken = proposals(Study(copied(), make(SPACE, SEED)), 4)
        folder = copied()
        resumed = [proposals(Study(folder, make(SPACE, SEED)), 1)[0] for _ in range(4)]
        assert resumed == unbroken

    def test_a_resumed_search_goes_on_and_does_not_replay(
        self, make: Make, copied: Callable[[], Path]
    ) -> None:
        study = Study(copied(), make(SPACE, SEED))
        before = study.encodings()
        assert proposals(study, 4) != before[:4]

    def test_another_seed_proposes_others_unless_it_goes_in_order(
        self, make: Make, copied: Callable[[], Path]
    ) -> None:
        first, second = (Study(copied(), make(SPACE, seed)) for seed in (SEED, SEED + 1))
        in_order = not make(SPACE, SEED).may_repeat
        assert (proposals(first, 4) == proposals(second, 4)) is in_order

    def test_every_proposal_is_a_candidate_of_the_space(self, history: Path, make: Make) -> None:
        study = Study(history, make(SPACE, SEED))
        encodings = study.encodings()
        assert len(encodings) == HISTORY
        expressions = [str(SPACE.decode(encoding)) for encoding in encodings]
        assert expressions == [trial.expression for trial in study.trials()]

    def test_several_trials_can_be_under_way_at_once(
        self, make: Make, copied: Callable[[], Path]
    ) -> None:
        study = Study(copied(), make(SPACE, SEED))
        trials = [study.accept(study.ask(SPACE)) for _ in range(4)]
        assert [trial.number for trial in trials] == [HISTORY + i for i in range(4)]
        for trial in reversed(trials):
            finish(study, trial)

    def test_an_enqueued_candidate_is_left_alone(
        self, make: Make, copied: Callable[[], Path]
    ) -> None:
        encoding = {"unit.binary": "x1 + x2", "unit.left": "sin(x)", "unit.right": "beta"}
        study = Study(copied(), make(SPACE, SEED))
        assert study.ask(SPACE, fixed=encoding).encoding == encoding
