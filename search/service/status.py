"""The status of a search, from its study and its driver's record."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..storage.folder_lock import holder
from ..storage.home import CONFIG, DRIVER_LOG, DRIVER_RECORD, Home
from ..storage.ranking import ranked
from ..storage.search_file import SearchFile
from ..storage.search_name import check_name
from ..storage.trial import Trial, entered, interrupted
from ..storage.trial_reader import read_trials
from .driver_record import DriverRecord, driving_process, read_record

State = Literal[
    "waiting", "starting", "searching", "confirming", "busy",
    "finished", "stopped", "failed", "killed",
]  # fmt: skip
PLACE_TAKEN = "search '{name}' has its place and goes on by itself"  # a submitted one's first line
RUNNING = ("waiting", "starting", "searching", "confirming", "busy")

_STATES: dict[str, State] = {
    "waiting": "waiting",
    "starting": "starting",
    "candidates": "searching",
    "trainings": "confirming",
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Status:
    """How a search stands.

    state: waiting for those `behind` which it stands in the queue; starting; searching;
    confirming; busy with something else (`confirm`, `sync`); or ended: finished, stopped, failed
    for a reason, killed without a word. entered: candidates that have entered training, of so many
    asked for; trainings: done of the confirmation, of how many, while it is confirming. score: the
    best complete candidate's accuracy on validation, a fraction, and its expression. per_hour:
    candidates that have ended since this launch began to train. left: seconds of this stage;
    later: of the confirmation after it. again: candidates that a resume trains again. process,
    host: that drive it, or did last; cluster: the address of the one that does. log: the file that
    it prints to. begun: whether there is anything of it to go on with.
    """

    name: str
    state: State
    entered: int = 0
    candidates: int | None = None
    trainings: tuple[int, int] | None = None
    score: float | None = None
    expression: str | None = None
    per_hour: float | None = None
    left: float | None = None
    later: float | None = None
    again: int = 0
    workers: int | str | None = None
    process: int | None = None
    host: str | None = None
    cluster: str | None = None
    log: str | None = None
    behind: tuple[str, ...] = ()
    reason: str | None = None
    begun: bool = True

    def __repr__(self) -> str:
        count = "" if self.candidates is None else f", {self.entered} of {self.candidates}"
        best = "" if self.score is None else f", best {self.score:.4f}: {self.expression}"
        return f"<Status of '{self.name}': {self.state}{count}{best}>"

    @property
    def runs(self) -> bool:
        return self.state in RUNNING


def folder_of(home: Home, name: str) -> Path:
    """The folder of a search that ran, runs or waits on this machine; raises NoSuchSearch."""
    return home.searches / name if is_on_record(home, name) else home.folder(name)


def is_on_record(home: Home, name: str) -> bool:
    """Whether a search was begun or submitted here, also if it never began."""
    check_name(name)
    return (home.searches / name / DRIVER_RECORD).exists()


def status_of(home: Home, name: str) -> Status:
    """How a search stands. Raises NoSuchSearch, or what its files cannot be read for."""
    folder = folder_of(home, name)
    record = read_record(folder)
    driven = driving_process(folder) is not None
    if not (folder / CONFIG).is_file():
        assert record is not None
        return _of_record(name, folder, record, driven)
    file, trials = SearchFile.load(folder), read_trials(folder)
    best = next((t for t in ranked(trials) if t.state == "complete"), None)
    status = Status(
        name=name,
        state=_state_of_study(file, trials),
        entered=entered(trials),
        candidates=file.settings.candidates,
        score=best.val_accuracy if best else None,
        expression=best.expression if best else None,
        again=interrupted(trials),
        workers=file.settings.workers,
    )
    if record is not None:
        recorded = _of_record(name, folder, record, driven)
        fields = ("state", "trainings", "left", "later", "workers", "process", "host", "log")
        changes: dict[str, Any] = {f: getattr(recorded, f) for f in (*fields, "behind", "reason")}
        per_hour = _per_hour(trials, record.since_ns)
        status = dataclasses.replace(status, **changes, per_hour=per_hour, begun=True)
    if not driven and (process := holder(folder)) is not None:
        return dataclasses.replace(status, state="busy", process=process, reason=None)
    return status


def _of_record(name: str, folder: Path, record: DriverRecord, driven: bool) -> Status:
    """Status by a record alone."""
    state: State = _STATES[record.stage] if driven else (record.end or "killed")
    reason = record.reason
    if state == "killed":
        reason = (
            f"process {record.pid} on {record.host} ended without a word, as in a power cut or on "
            f"a full disk"
        )
    return Status(
        name=name,
        state=state,
        trainings=(record.done, record.total) if state == "confirming" else None,
        left=_left(record) if driven else None,
        later=record.later if driven else None,
        workers=record.workers,
        process=record.pid,
        host=record.host,
        log=str(folder / DRIVER_LOG) if record.logs else None,
        behind=record.behind if state == "waiting" else (),
        reason=reason,
        begun=False,
    )


def _left(record: DriverRecord) -> float | None:
    """The seconds left of a stage by now, if they were known when the record was written."""
    if record.left is None:
        return None
    since = max(0.0, (time.time_ns() - record.at_ns) / 1e9)  # another host's clock may be ahead
    return max(0.0, record.left - since)


def _state_of_study(file: SearchFile, trials: Sequence[Trial]) -> State:
    """Whether a search without a record, of a version before there was one, came to its end."""
    done = entered(trials) >= file.settings.candidates and not interrupted(trials)
    return "finished" if done else "stopped"


def _per_hour(trials: Sequence[Trial], since_ns: int) -> float | None:
    """Candidates that have ended an hour, in this launch; None before there is one."""
    since_ms = since_ns // 1_000_000
    ended = [t for t in trials if t.has_result and t.started_ms >= since_ms]
    if not ended:
        return None
    first = min(t.started_ms for t in ended)
    span = max(t.finished_ms for t in ended) - first
    return len(ended) * 3_600_000 / span if span > 0 else None
