"""The study keeps every state, is read while it is written, and says when it cannot be used."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import RDBStorage

from actsearch.evaluators import CandidateReport
from actsearch.evaluators.protocol.evaluator import State as ReportState
from actsearch.search import (
    HomeUnusable,
    Trial,
)
from actsearch.search.storage import rows, study_file
from actsearch.search.storage.study import Study
from actsearch.search.storage.study_database import make_study
from actsearch.search.storage.study_file import FILE
from actsearch.search.storage.trial import (
    RETRIES,
    MeasuredCost,
    ProposedTrial,
    State,
    too_dear,
)
from actsearch.search.storage.trial_reader import read_trials
from actsearch.search.strategies.random import Random
from actsearch.space import CoreUnits
from contracts.interpreter import Interpreter
from contracts.tiny import study_in

SPACE = CoreUnits()


def opened(folder: Path) -> Study:
    return study_in(folder, Random(SPACE, 0))


def begun(study: Study) -> ProposedTrial:
    """A trial in training: one that waits to be tried again, or a new one."""
    return study.retry(SPACE) if study.waiting() else study.accept(study.ask(SPACE))


def report(state: ReportState, accuracy: float, **changes: Any) -> CandidateReport:
    fields: dict[str, Any] = {"val_loss": 0.5, "train_losses": (0.9, 0.7), "learned": {}}
    return CandidateReport(index=0, state=state, val_accuracy=accuracy, **fields | changes)


def test_a_complete_candidate_comes_back_with_its_curve_and_what_it_learned(
    tmp_path: Path,
) -> None:
    study = opened(tmp_path)
    proposed = begun(study)
    reports = {
        1: report("live", 0.5, val_loss=1.5),
        3: report("complete", 0.75, learned={"beta": (1.5, 2.5)}),
    }
    for epoch, rung in reports.items():
        study.rung(proposed.number, epoch, rung.val_accuracy)
    ended = study.end(proposed.number, reports, 12.3456789)
    assert read_trials(tmp_path) == [ended]
    assert ended == Trial(
        number=0,
        expression=str(proposed.expression),
        state="complete",
        val_accuracy=0.75,
        val_accuracies={1: 0.5, 3: 0.75},
        val_losses={1: 1.5, 3: 0.5},
        train_losses=(0.9, 0.7),
        learned={"beta": (1.5, 2.5)},
        seconds=12.345679,
        started_ms=ended.started_ms,
        finished_ms=ended.finished_ms,
    )
    assert 0 < ended.started_ms <= ended.finished_ms


def test_every_state_comes_back_as_it_was_written(tmp_path: Path) -> None:
    study = opened(tmp_path)
    numbers: dict[State, int] = {}
    for state in ("complete", "pruned", "infeasible", "failed", "running"):
        numbers[state] = begun(study).number
    study.end(numbers["complete"], {1: report("complete", 0.5)}, 1.0)
    study.end(numbers["pruned"], {1: report("pruned", 0.5)}, 1.0)
    study.end(
        numbers["infeasible"], {1: report("infeasible", 0.1, val_loss=math.nan, reason="nan")}, 0.0
    )
    study.fail(numbers["failed"], "Traceback …")
    *trials, waiting = read_trials(tmp_path)
    for state, number in numbers.items():
        assert trials[number].state == state
    infeasible = trials[numbers["infeasible"]]
    assert (infeasible.reason, infeasible.val_accuracy) == ("nan", None)
    assert infeasible.trained, "however short its training was"
    assert trials[numbers["failed"]].error == "Traceback …"
    assert (waiting.state, waiting.origin, waiting.retry) == ("waiting", numbers["failed"], 1)


def test_what_is_rejected_before_training_keeps_its_formula_and_the_reason(
    tmp_path: Path,
) -> None:
    study = opened(tmp_path)
    screened, repeated = study.ask(SPACE), study.ask(SPACE)
    study.reject(screened, reason="affine")
    study.reject(repeated, duplicate_of=0)
    first, second = read_trials(tmp_path)
    assert (first.state, first.reason, first.expression) == (
        "infeasible",
        "affine",
        str(screened.expression),
    )
    assert first.screened
    assert not first.trained
    assert (second.state, second.duplicate_of) == ("duplicate", 0)


def test_the_rungs_of_a_running_candidate_are_seen_by_a_reader(tmp_path: Path) -> None:
    study = opened(tmp_path)
    study.rung(begun(study).number, 1, 0.625)
    (trial,) = read_trials(tmp_path)
    assert (trial.state, trial.val_accuracy, dict(trial.val_accuracies)) == (
        "running",
        0.625,
        {1: 0.625},
    )


def test_a_retry_brings_its_candidate_and_keeps_its_origin(tmp_path: Path) -> None:
    study = opened(tmp_path)
    first = last = begun(study)
    for retry in range(1, RETRIES + 1):
        study.fail(last.number, "Traceback …")
        assert study.waiting() == 1
        last = begun(study)
        assert (last.expression, last.origin, last.retry) == (first.expression, 0, retry)
    study.fail(last.number, "Traceback …")
    assert study.waiting() == 0, "the tries are used up"


def test_what_was_left_running_is_failed_and_comes_again(tmp_path: Path) -> None:
    left = begun(opened(tmp_path))
    study = opened(tmp_path)
    assert study.sweep() == 1
    assert read_trials(tmp_path)[0].state == "failed"
    again = study.retry(SPACE)
    assert (again.expression, again.origin, again.retry) == (left.expression, left.number, 1)
    assert study.sweep() == 1  # the retry itself, left running
    assert study.sweep() == 0


def test_a_candidate_interrupted_again_and_again_uses_up_no_tries(tmp_path: Path) -> None:
    begun(opened(tmp_path))
    for _ in range(RETRIES + 3):
        study = opened(tmp_path)
        study.sweep()
        study.retry(SPACE)
    study = opened(tmp_path)
    study.sweep()
    again = study.retry(SPACE)
    assert (again.origin, again.retry) == (0, 1)


def test_what_an_earlier_version_was_killed_at_drawing_counts_for_nothing(tmp_path: Path) -> None:
    make_study(tmp_path)
    earlier = optuna.load_study(study_name="search", storage=f"sqlite:///{tmp_path / FILE}")
    SPACE.build(earlier.ask().suggest_categorical)
    earlier.enqueue_trial(earlier.trials[0].params)  # an unseen random one, not yet begun
    study = opened(tmp_path)
    assert study.sweep() == 0
    assert study.waiting() == 0
    assert study.encodings() == []
    assert [(t.state, t.entered_training) for t in study.trials()] == [("failed", False)] * 2
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    assert study.ask(SPACE).encoding == opened(fresh).ask(SPACE).encoding
    assert study.entered() == 0


def test_a_draw_is_stored_when_it_is_known_what_becomes_of_it(tmp_path: Path) -> None:
    study = opened(tmp_path)
    draw = study.ask(SPACE)
    assert read_trials(tmp_path) == []
    study.accept(draw)
    (trial,) = read_trials(tmp_path)
    assert (trial.state, trial.expression) == ("running", str(draw.expression))


def test_killed_between_enqueuing_a_retry_and_failing_it_gives_one_retry_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    study = opened(tmp_path)
    left = begun(study)
    with monkeypatch.context() as patch:
        patch.setattr(rows, "end", die)  # by then it is enqueued
        with pytest.raises(Killed):
            study.fail(left.number, "no luck")
    assert study.waiting() == 1
    study = opened(tmp_path)
    study.sweep()
    assert study.waiting() == 1
    assert study.retry(SPACE).origin == left.number


def test_a_retry_killed_before_it_was_begun_comes_again_and_so_in_a_home_that_lost_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    left = begun(opened(tmp_path))
    study = opened(tmp_path)
    study.sweep()
    with monkeypatch.context() as patch:
        patch.setattr(rows, "insert_attributes", die)  # after its parameters
        with pytest.raises(Killed):
            study.retry(SPACE)
    study = opened(tmp_path)
    assert (study.sweep(), study.waiting()) == (0, 1)
    storage = RDBStorage(f"sqlite:///{tmp_path / FILE}")
    storage.set_trial_state_values(2, optuna.trial.TrialState.RUNNING)  # as earlier versions did
    study = opened(tmp_path)
    assert study.sweep() == 1
    again = study.retry(SPACE)
    assert (again.expression, again.origin, again.retry) == (left.expression, left.number, 1)
    loader = optuna.load_study(study_name="search", storage=f"sqlite:///{tmp_path / FILE}")
    loader.tell(again.number, state=optuna.trial.TrialState.FAIL)  # as earlier versions swept it
    study = opened(tmp_path)
    assert study.sweep() == 1
    assert study.retry(SPACE).expression == left.expression


def test_what_was_killed_after_its_last_try_never_enters_training(tmp_path: Path) -> None:
    study = opened(tmp_path)
    crashed = begun(study)
    for _ in range(RETRIES):
        study.fail(crashed.number, "no luck")
        crashed = begun(study)
    storage = RDBStorage(f"sqlite:///{tmp_path / FILE}")
    row = storage.get_trial_id_from_study_id_trial_number(1, crashed.number)
    storage.set_trial_user_attr(row, "error", "no luck")  # first, as earlier versions did
    study = opened(tmp_path)
    assert study.sweep() == 0
    assert study.waiting() == 0
    assert [trial.state for trial in study.trials()] == ["failed"] * (1 + RETRIES)


def test_what_an_earlier_version_was_killed_at_rejecting_never_enters_training(
    tmp_path: Path,
) -> None:
    make_study(tmp_path)
    earlier = optuna.load_study(study_name="search", storage=f"sqlite:///{tmp_path / FILE}")
    for attributes in ({"infeasible": "affine"}, {"duplicate_of": 0}):
        trial = earlier.ask()
        expression = SPACE.build(trial.suggest_categorical)
        for name, value in (*attributes.items(), ("expression", str(expression))):
            trial.set_user_attr(name, value)  # all but its state
    study = opened(tmp_path)
    assert study.sweep() == 0
    assert [trial.state for trial in study.trials()] == ["infeasible", "duplicate"]
    assert study.entered() == 0


COST = MeasuredCost(time=2.31, low=2.25, high=2.4, device="cpu, a processor")


def test_a_cost_comes_back_of_what_trains_and_of_what_was_too_dear(tmp_path: Path) -> None:
    study = opened(tmp_path)
    trains, dear, unmeasured = (study.ask(SPACE) for _ in range(3))
    study.accept(trains, COST)
    study.reject(dear, reason="costs too much", cost=COST)
    study.accept(unmeasured)
    stored = read_trials(tmp_path)
    assert [trial.cost for trial in stored] == [COST, COST, None]
    assert [too_dear(trial) for trial in stored] == [False, True, False]
    assert [trial.entered_training for trial in stored] == [True, False, True]


@pytest.mark.parametrize(
    "value",
    [
        "2.31",
        '{"time": -1.0, "low": 1.0, "high": 1.0, "device": "cpu"}',
        '{"time": NaN, "low": 1.0, "high": 1.0, "device": "cpu"}',
        '{"time": 1.0, "low": 1.0, "high": 1.0}',
        '{"time": "1", "low": 1.0, "high": 1.0, "device": "cpu"}',
    ],
)
def test_a_stored_cost_that_cannot_be_one_is_named_with_its_trial(
    value: str, tmp_path: Path
) -> None:
    study = opened(tmp_path)
    study.accept(study.ask(SPACE), COST)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute(
            "UPDATE trial_user_attributes SET value_json = ? WHERE key = 'cost'", (value,)
        )
    with pytest.raises(HomeUnusable, match=r"trial 0 of the study is damaged .* restore study.db"):
        read_trials(tmp_path)


def test_optuna_reads_the_file_as_it_is_read_here(tmp_path: Path) -> None:
    study = opened(tmp_path)
    first, second, third = (begun(study) for _ in range(3))
    study.rung(first.number, 1, 0.5)
    study.end(first.number, {1: report("live", 0.5), 3: report("complete", 0.75)}, 1.0)
    study.rung(second.number, 1, 0.25)
    study.end(second.number, {1: report("pruned", 0.25)}, 1.0)
    study.fail(third.number, "no luck")
    study.reject(study.ask(SPACE), reason="affine")
    again = begun(study)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        stored = list(rows.read_rows(connection, 1).values())
    loaded = optuna.load_study(study_name="search", storage=f"sqlite:///{tmp_path / FILE}")
    assert stored == loaded.get_trials()
    assert [trial.state.name for trial in stored] == [
        "COMPLETE", "PRUNED", "FAIL", "RUNNING", "PRUNED",
    ]  # fmt: skip
    assert stored[again.number].params == third.encoding
    assert (loaded.best_value, stored[1].value) == (0.75, 0.25)


def test_write_ahead_logging_is_on(tmp_path: Path) -> None:
    study = opened(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    del study


def test_readers_see_a_whole_state_at_every_moment_of_a_writer(tmp_path: Path) -> None:
    study = opened(tmp_path)
    seen: list[int] = []
    faults: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                trials = read_trials(tmp_path)
                assert [trial.number for trial in trials] == list(range(len(trials)))
                for trial in trials:
                    assert trial.state != "complete" or trial.val_accuracy == 0.5
                seen.append(len(trials))
        except BaseException as error:  # the test's own thread raises it
            faults.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(15):
            study.end(begun(study).number, {1: report("complete", 0.5)}, 1.0)
    finally:  # pytest could not exit while it reads
        stop.set()
        reader.join()
    assert not faults
    assert seen == sorted(seen)
    assert len(read_trials(tmp_path)) == 15


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def overwritten(path: Path) -> None:
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 3)
        file.write(b"garbage!" * 2048)


def without_tables(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (x)")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def with_garbage_for_a_state(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE trials SET state = 'garbage'")


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (Path.unlink, "is missing"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (without_tables, "is empty"),
        (a_folder, "is a folder where a file should be"),
        (cut, "is damaged"),
        (overwritten, "is damaged"),
        (lambda path: path.write_bytes(b"no database" * 100), "is damaged"),
        (with_garbage_for_a_state, "is damaged"),
    ],
)
def test_a_study_that_is_lost_is_refused_with_what_is_left_and_what_to_do(
    harm: Callable[[Path], object], problem: str, tmp_path: Path
) -> None:
    folder = tmp_path / "searches" / "mine"
    (folder / "best").mkdir(parents=True)
    (tmp_path / "test-sets.jsonl").touch()
    begun(opened(folder))
    with closing(sqlite3.connect(folder / FILE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    harm(folder / FILE)
    for path in folder.glob(f"{FILE}-*"):
        path.unlink()
    before = (folder / FILE).is_file() and (folder / FILE).read_bytes()
    with pytest.raises(HomeUnusable) as caught:
        Study(folder, Random(SPACE, 0))
    message = str(caught.value)
    assert f"the study {folder / FILE} {problem}" in message
    for left in (folder / "best", tmp_path / "test-sets.jsonl", "the runs that MLflow has"):
        assert str(left) in message
    assert "confirmation.jsonl" not in message
    assert f"Restore {FILE} from a copy and go on with --resume" in message
    assert "another --name" in message
    assert "actsearch delete mine" in message
    assert "\n" not in message
    if problem != "is damaged":
        with pytest.raises(HomeUnusable, match=problem):
            read_trials(folder)
    assert ((folder / FILE).is_file() and (folder / FILE).read_bytes()) == before


def test_a_study_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.partial").write_bytes(b"what a killed process left")
    (tmp_path / f"{FILE}-wal").write_bytes(b"an old log")
    make_study(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert read_trials(tmp_path) == []


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (sqlite3.SQLITE_FULL, "make room and go on with --resume"),
        (sqlite3.SQLITE_READONLY, "is read-only: allow writing in both"),
        (sqlite3.SQLITE_READONLY | 1 << 8, "is read-only: allow writing in both"),  # extended
        (sqlite3.SQLITE_CANTOPEN, "in a folder that you may write in"),
        (sqlite3.SQLITE_BUSY, "end what has it open"),
        (sqlite3.SQLITE_CORRUPT, "Restore study.db from a copy"),
        (sqlite3.SQLITE_NOTADB, "Restore study.db from a copy"),
        (sqlite3.SQLITE_NOMEM, "go on with --resume when that is mended"),
    ],
)
def test_each_thing_that_sqlite_says_has_its_own_advice(code: int, advice: str) -> None:
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code
    message = str(study_file.unusable(Path("/home/searches/mine/study.db"), error))
    assert "what SQLite says" in message
    assert advice in message
    assert ("make room" in message) == (code == sqlite3.SQLITE_FULL)


FILLS_UP = """
import resource, sys
from pathlib import Path
from actsearch.search.errors import HomeUnusable
from actsearch.search.strategies.random import Random
from actsearch.search.storage.study import Study
from actsearch.search.storage.study_database import make_study
from actsearch.space import CoreUnits
space, folder = CoreUnits(), Path(sys.argv[1])
make_study(folder)
study = Study(folder, Random(space, 0))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
try:
    for _ in range(500):
        study.accept(study.ask(space))
except HomeUnusable as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
study = Study(folder, Random(space, 0))
before = len(study.trials())
study.sweep()
study.accept(study.ask(space))
print(before, len(study.trials()))
"""


@pytest.mark.heavy
def test_a_full_disk_is_said_so_and_with_room_again_the_study_goes_on(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    # A limit on the size of files stands for the full disk: it needs no rights of a superuser.
    done = interpreter.run(FILLS_UP, tmp_path, arguments=(str(tmp_path),))
    assert done.returncode == 0, done.stderr
    message, counts = done.stdout.strip().splitlines()
    assert f"the study {tmp_path / FILE} cannot be used: " in message
    assert "make room and go on with --resume" in message
    before, after = map(int, counts.split())
    assert 0 < before < after
