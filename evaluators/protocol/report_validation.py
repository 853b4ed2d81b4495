"""What an evaluator reports, held to the rules of the protocol before anyone believes it.

Everything a search learns passes through `checked_reports`: an evaluator may be anybody's, and a
text for an accuracy, a percentage or a slice too many would be stored as a score.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any, get_args

from ...space import ActsearchError, parse
from .evaluator import (
    CandidateReport,
    Evaluator,
    Job,
    RungReport,
    State,
)

_STATES = get_args(State)
_SHOWN = 60  # characters of a value that broke a rule
_ROUNDING = 1e-6  # of an accuracy that was reckoned in float32


class EvaluatorError(ActsearchError):
    """Raised when an evaluator breaks a rule of its protocol; names every one it broke."""


def name_of(evaluator: object) -> str:
    """Its own `name` if it has one, else its class, as messages call it."""
    name = getattr(evaluator, "name", None)
    return name if isinstance(name, str) and name else type(evaluator).__name__


def checked_reports(evaluator: Evaluator, job: Job) -> Iterator[RungReport]:
    """Run a job; yields its reports up to the last one, each checked, numbers as floats.

    A slice whose accuracy or loss is not finite comes back as infeasible. What `run` raises comes
    with the first `next`, also where it is no generator. Raises EvaluatorError for a report that
    breaks a rule, and where the reports end while slices are live.
    """
    name = name_of(evaluator)
    rungs = job.recipe.rungs if job.halving else job.recipe.rungs[-1:]
    live = list(range(len(job.expressions)))
    reports = iter(evaluator.run(job))
    for epoch in rungs:
        report = next(reports, None)
        if report is None:
            raise EvaluatorError(
                f"evaluator {name} ended with {len(live)} candidates still live before epoch "
                f"{epoch}: it must report after each of the epochs {_listed(rungs)} until no "
                f"slice is live"
            )
        broken = _broken(report, epoch, live, job)
        if broken:
            raise EvaluatorError(f"evaluator {name}, report of epoch {epoch}: {'; '.join(broken)}")
        found = dataclasses.replace(
            report, candidates=tuple(map(_plain, report.candidates)), seconds=float(report.seconds)
        )
        yield found
        if found.is_last:
            return
        live = [s.index for s in found.candidates if s.state == "live"]


def _broken(report: object, epoch: int, live: Sequence[int], job: Job) -> list[str]:
    """Every rule that a report breaks, as sentences."""
    if not isinstance(report, RungReport):
        return [f"it must be a RungReport, but is {_shown(report)}"]
    if not isinstance(report.candidates, tuple | list) or not all(
        isinstance(found, CandidateReport) for found in report.candidates
    ):
        return [
            f"candidates must be a tuple of CandidateReport, but is {_shown(report.candidates)}"
        ]
    broken = []
    if report.epoch != epoch:
        broken.append(f"epoch must be {epoch}, the next rung, but is {_shown(report.epoch)}")
    indices = [found.index for found in report.candidates]
    if indices != list(live):
        broken.append(
            f"it must have the {len(live)} live candidates {_listed(live)} in that order, but has "
            f"{len(indices)}: {_listed(indices)}"
        )
    if not (_is_number(report.seconds) and report.seconds >= 0):
        broken.append(f"seconds must be a number, at least 0, but is {_shown(report.seconds)}")
    last = epoch == job.recipe.epochs
    for found in report.candidates:
        text = job.expressions[found.index] if found.index in live else f"candidate {found.index}"
        broken += [f"{text}: {rule}" for rule in _broken_candidate(found, last, job)]
    return broken


def _broken_candidate(found: CandidateReport, last: bool, job: Job) -> list[str]:
    ends = ("complete", "infeasible") if last else ("live", "pruned", "infeasible")
    if found.state not in _STATES:
        return [f"state must be one of {', '.join(_STATES)}, but is {_shown(found.state)}"]
    broken = []
    if found.state not in ends:
        when = "at the last rung" if last else "before the last rung"
        broken.append(f"state must be {' or '.join(ends)} {when}, but is {found.state}")
    infeasible = found.state == "infeasible"
    if infeasible and not (isinstance(found.reason, str) and found.reason):
        broken.append(
            f"an infeasible candidate must say its reason, but says {_shown(found.reason)}"
        )
    asked = job.test and found.state == "complete"
    if not asked and found.test_accuracy is not None:
        broken.append("test_accuracy must be None where the job does not ask for it")
    broken += _broken_correct(found, job.recipe.seeds_per_score)
    for field in ("val_accuracy", "test_accuracy") if asked else ("val_accuracy",):
        value = getattr(found, field)
        if not _is_number(value):
            broken.append(f"{field} must be a number, but is {_shown(value)}")
        elif not (infeasible or math.isnan(value) or 0 <= value <= 1):
            broken.append(f"{field} must be a fraction from 0 to 1, but is {_shown(value)}")
    if not _is_number(found.val_loss):
        broken.append(f"val_loss must be a number, but is {_shown(found.val_loss)}")
    if not _are_numbers(found.train_losses):
        broken.append(f"train_losses must be numbers, but is {_shown(found.train_losses)}")
    return broken + _broken_learned(found, job)


def _broken_correct(found: CandidateReport, repeats: int) -> list[str]:
    correct: Any = found.test_correct
    if correct is None:
        return []
    if not isinstance(correct, bytes) or not correct or max(correct) > repeats:
        return [
            f"test_correct must be a byte from 0 to {repeats} for each test sample, in how many "
            f"of the {repeats} repeats it was right, but is {_shown(correct)}"
        ]
    share = sum(correct) / len(correct) / repeats
    told = found.test_accuracy
    if told is not None and _is_number(told) and not math.isfinite(told):
        return []  # no score, and with it no candidate
    if told is None or not _is_number(told) or not abs(share - told) <= _ROUNDING:
        return [
            f"test_correct must have the share test_accuracy, {_shown(told)}, of "
            f"samples right, but has {share:.6f}"
        ]
    return []


def _broken_learned(found: CandidateReport, job: Job) -> list[str]:
    learned: Any = found.learned
    if not hasattr(learned, "items"):
        return [f"learned must map names to values, but is {_shown(learned)}"]
    if found.index not in range(len(job.expressions)):
        return []  # said already
    known = {p.name for p in parse(job.expressions[found.index]).parameters}
    return [
        f"learned must have numbers for the parameters {_listed(sorted(known))}, but has "
        f"{_shown(name)}: {_shown(values)}"
        for name, values in learned.items()
        if name not in known or not _are_numbers(values)
    ]


def _plain(found: CandidateReport) -> CandidateReport:
    """With Python's own floats, which every store takes; a score that is none is infeasible."""
    test = None if found.test_accuracy is None else float(found.test_accuracy)
    plain = dataclasses.replace(
        found,
        val_accuracy=float(found.val_accuracy),
        val_loss=float(found.val_loss),
        train_losses=tuple(map(float, found.train_losses)),
        learned={name: tuple(map(float, values)) for name, values in found.learned.items()},
        test_accuracy=test,
    )
    if plain.state == "infeasible":
        return plain
    numbers = {
        "val_accuracy": plain.val_accuracy,
        "val_loss": plain.val_loss,
        "test_accuracy": test,
    }
    for name, value in numbers.items():
        if value is not None and not math.isfinite(value):
            why = f"the evaluator's {name} is {value}"
            return dataclasses.replace(
                plain, state="infeasible", reason=why, test_accuracy=None, test_correct=None
            )
    return plain


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _are_numbers(values: object) -> bool:
    return isinstance(values, tuple | list) and all(map(_is_number, values))


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(str, values)) or "none"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
