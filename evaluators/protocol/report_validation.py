"""Reports of an evaluator, held to the rules of the protocol before anyone believes them.

Everything a search learns passes through `checked_reports`: an evaluator may be anybody's, and a
text for an accuracy, a percentage or a candidate too many would be stored as a score.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any, get_args

from ...space import ActsearchError
from ...space.expressions.parser import parse_stored
from .divergence import not_finite
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
    """The name of an evaluator in messages: its `name` if it has one, else its class."""
    name = getattr(evaluator, "name", None)
    return name if isinstance(name, str) and name else type(evaluator).__name__


def checked_reports(evaluator: Evaluator, job: Job) -> Iterator[RungReport]:
    """Run a job; yields its reports up to the last one, each checked, numbers as floats.

    A candidate whose accuracy or loss is not finite comes back as infeasible. An error of `run`
    comes with the first `next`, also where it is no generator. Raises EvaluatorError for a report
    that breaks a rule, and where the reports end while candidates are live.
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
                f"candidate is live"
            )
        broken = _broken(report, epoch, live, job)
        if broken:
            raise EvaluatorError(f"evaluator {name}, report of epoch {epoch}: {'; '.join(broken)}")
        checked = dataclasses.replace(
            report, candidates=tuple(map(_plain, report.candidates)), seconds=float(report.seconds)
        )
        yield checked
        if checked.is_last:
            return
        live = [candidate.index for candidate in checked.candidates if candidate.state == "live"]


def _broken(report: object, epoch: int, live: Sequence[int], job: Job) -> list[str]:
    """Every rule that a report breaks, as sentences."""
    if not isinstance(report, RungReport):
        return [f"it must be a RungReport, but is {_shown(report)}"]
    if not isinstance(report.candidates, tuple | list) or not all(
        isinstance(candidate, CandidateReport) for candidate in report.candidates
    ):
        return [
            f"candidates must be a tuple of CandidateReport, but is {_shown(report.candidates)}"
        ]
    broken = []
    if report.epoch != epoch:
        broken.append(f"epoch must be {epoch}, the next rung, but is {_shown(report.epoch)}")
    indices = [candidate.index for candidate in report.candidates]
    if indices != list(live):
        broken.append(
            f"it must have the {len(live)} live candidates {_listed(live)} in that order, but has "
            f"{len(indices)}: {_listed(indices)}"
        )
    if not (_is_number(report.seconds) and report.seconds >= 0):
        broken.append(f"seconds must be a number, at least 0, but is {_shown(report.seconds)}")
    last = epoch == job.recipe.epochs
    for candidate in report.candidates:
        index = candidate.index
        text = job.expressions[index] if index in live else f"candidate {index}"
        broken += [f"{text}: {rule}" for rule in _broken_candidate(candidate, last, job)]
    return broken


def _broken_candidate(report: CandidateReport, last: bool, job: Job) -> list[str]:
    ends = ("complete", "infeasible") if last else ("live", "pruned", "infeasible")
    if report.state not in _STATES:
        return [f"state must be one of {', '.join(_STATES)}, but is {_shown(report.state)}"]
    broken = []
    if report.state not in ends:
        when = "at the last rung" if last else "before the last rung"
        broken.append(f"state must be {' or '.join(ends)} {when}, but is {report.state}")
    infeasible = report.state == "infeasible"
    if infeasible and not (isinstance(report.reason, str) and report.reason):
        broken.append(
            f"an infeasible candidate must say its reason, but says {_shown(report.reason)}"
        )
    test_due = job.test and report.state == "complete"
    if not test_due and report.test_accuracy is not None:
        broken.append("test_accuracy must be None where the job does not ask for it")
    broken += _broken_correct(report, job.recipe.seeds_per_score)
    for field in ("val_accuracy", "test_accuracy") if test_due else ("val_accuracy",):
        value = getattr(report, field)
        if not _is_number(value):
            broken.append(f"{field} must be a number, but is {_shown(value)}")
        elif not (infeasible or math.isnan(value) or 0 <= value <= 1):
            broken.append(f"{field} must be a fraction from 0 to 1, but is {_shown(value)}")
    if report.val_loss is not None and not _is_number(report.val_loss):
        broken.append(f"val_loss must be a number or None, but is {_shown(report.val_loss)}")
    if not _are_numbers(report.train_losses):
        broken.append(f"train_losses must be numbers, but is {_shown(report.train_losses)}")
    return broken + _broken_learned(report, job)


def _broken_correct(report: CandidateReport, seeds: int) -> list[str]:
    correct: Any = report.test_correct
    if correct is None:
        return []
    if not isinstance(correct, bytes) or not correct or max(correct) > seeds:
        return [
            f"test_correct must be a byte from 0 to {seeds} for each test sample, under how many "
            f"of the {seeds} seeds it was right, but is {_shown(correct)}"
        ]
    share = sum(correct) / len(correct) / seeds
    accuracy = report.test_accuracy
    if accuracy is not None and _is_number(accuracy) and not math.isfinite(accuracy):
        return []  # no score, and with it no candidate
    if accuracy is None or not _is_number(accuracy) or not abs(share - accuracy) <= _ROUNDING:
        return [
            f"test_correct must have the share test_accuracy, {_shown(accuracy)}, of "
            f"samples right, but has {share:.6f}"
        ]
    return []


def _broken_learned(report: CandidateReport, job: Job) -> list[str]:
    learned: Any = report.learned
    if not hasattr(learned, "items"):
        return [f"learned must map names to values, but is {_shown(learned)}"]
    if report.index not in range(len(job.expressions)):
        return []  # said already
    known = {p.name for p in parse_stored(job.expressions[report.index]).parameters}
    return [
        f"learned must have numbers for the parameters {_listed(sorted(known))}, but has "
        f"{_shown(name)}: {_shown(values)}"
        for name, values in learned.items()
        if name not in known or not _are_numbers(values)
    ]


def _plain(report: CandidateReport) -> CandidateReport:
    """The report with Python's own floats, which every store takes; infeasible where a score is
    not finite. A loss that is not known is NaN from here on, as stores have numbers alone."""
    test = None if report.test_accuracy is None else float(report.test_accuracy)
    plain = dataclasses.replace(
        report,
        val_accuracy=float(report.val_accuracy),
        val_loss=math.nan if report.val_loss is None else float(report.val_loss),
        train_losses=tuple(map(float, report.train_losses)),
        learned={name: tuple(map(float, values)) for name, values in report.learned.items()},
        test_accuracy=test,
    )
    if plain.state == "infeasible":
        return plain
    numbers = {
        "val_accuracy": plain.val_accuracy,
        "val_loss": report.val_loss,
        "test_accuracy": test,
    }
    if (why := not_finite(numbers)) is not None:
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
