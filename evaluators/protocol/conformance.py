"""The contract of evaluators, for a user's own: `check_evaluator(mine)` names every broken rule.

    from actsearch.evaluators import check_evaluator
    check_evaluator(evaluator())

About ten jobs of three small candidates are trained: give it little data.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import pickle
import random
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch

from ...space.expressions.parser import parse_stored
from ..recipes.recipe import Recipe
from .evaluator import (
    CandidateReport,
    Evaluator,
    Job,
    RungReport,
)
from .loading import check_is_evaluator
from .report_validation import EvaluatorError, checked_reports, name_of

EXPRESSIONS = ("tanh(x)", "x * sigmoid(beta * x)", "max(x, 0) + a=0.25 * min(x, 0)")
DIVERGING = "exp(exp(square(x)))"  # infinite from 2.4 on

Ends = Mapping[int, CandidateReport]  # the last report of every candidate


def check_evaluator(
    evaluator: Evaluator,
    expressions: Sequence[str] = EXPRESSIONS,
    *,
    recipe: Recipe | None = None,
    diverging: str | None = DIVERGING,
) -> None:
    """Run jobs of these expressions, two or more; raises EvaluatorError naming every broken rule.

    recipe: the evaluator's own unless given, with two rungs or more. diverging: an expression
    whose training is not finite; None where the task has none.
    """
    check_is_evaluator(name_of(evaluator), evaluator)
    used = recipe or evaluator.recipe or Recipe()
    checks = _Checks(evaluator, tuple(expressions), used, diverging)
    broken = [text for rule in checks.rules() if (text := _broken(rule)) is not None]
    if broken:
        listed = "".join(f"\n  - {rule}" for rule in broken)
        raise EvaluatorError(f"evaluator {name_of(evaluator)} breaks {len(broken)} rules:{listed}")


def _broken(rule: Callable[[], str | None]) -> str | None:
    """The message of a broken rule; None if it is kept. An error breaks it as well."""
    try:
        return rule()
    except EvaluatorError as error:
        return str(error)
    except Exception as error:
        name = rule.__name__.replace("_", " ")
        return f"{name}: it raised {type(error).__name__}: {' '.join(str(error).split())}"


class _Checks:
    """The rules, each a method that returns what is broken, or None."""

    def __init__(
        self,
        evaluator: Evaluator,
        expressions: tuple[str, ...],
        recipe: Recipe,
        diverging: str | None,
    ) -> None:
        self._evaluator, self._diverging = evaluator, diverging
        self._job = Job(expressions, recipe, 0)
        self._unhalved = dataclasses.replace(self._job, halving=False)

    def rules(self) -> Iterator[Callable[[], str | None]]:
        yield self.the_recipe_selects
        yield self.reports
        yield self.same_job_same_reports
        yield self.the_seed_decides
        yield self.what_shares_a_job_changes_nothing
        yield self.halving_changes_no_score
        yield self.the_best_share_goes_on
        yield self.an_unreachable_cut_off_ends_the_job
        yield self.whoever_reaches_the_cut_off_goes_on
        yield self.learned_parameters
        if self._diverging is not None:
            yield self.what_diverges_is_infeasible
        yield self.a_text_that_is_no_candidate
        yield self.test_data_that_were_not_handed_out
        yield self.test_accuracies
        yield self.the_generators
        yield self.the_evaluator_travels

    def the_recipe_selects(self) -> str | None:
        recipe = self._job.recipe
        if not recipe.selects:
            return f"recipe {recipe.label} holds nothing out: its validation must be above 0"
        return None

    def reports(self) -> str | None:
        return None if self._halved else "it reports nothing"

    def same_job_same_reports(self) -> str | None:
        if self._run(self._job) != self._halved:
            return "the same job must give the same numbers, but gave others the second time"
        return None

    def the_seed_decides(self) -> str | None:
        other = self._ends(dataclasses.replace(self._unhalved, seed=1))
        same = [i for i, end in self._straight.items() if _scores(end) == _scores(other[i])]
        if len(same) == len(other):
            return "job.seed must decide initial weights and batches, but seeds 0 and 1 agree"
        return None

    def what_shares_a_job_changes_nothing(self) -> str | None:
        together = self._straight
        for index, text in enumerate(self._job.expressions):
            alone = self._ends(dataclasses.replace(self._unhalved, expressions=(text,)))[0]
            if dataclasses.replace(alone, index=index) != together[index]:
                return (
                    f"a score must not depend on what shares the job, but {text} reached "
                    f"{alone.val_accuracy} alone and {together[index].val_accuracy} among others"
                )
        return None

    def halving_changes_no_score(self) -> str | None:
        ended = [e for e in _ends(self._halved).values() if e.state == "complete"]
        if any(end != self._straight[end.index] for end in ended):
            return "a survivor of halving must score what it does with halving=False"
        return None

    def the_best_share_goes_on(self) -> str | None:
        for report in self._halved[:-1]:
            sound = [s for s in report.candidates if s.state != "infeasible"]
            share = min(len(sound), math.ceil(len(report.candidates) / self._job.recipe.eta))
            live = {s.index for s in sound if s.state == "live"}
            worst = min((s.val_accuracy for s in sound if s.index in live), default=0.0)
            if len(live) != share or any(
                s.val_accuracy > worst for s in sound if s.index not in live
            ):
                return (
                    f"after epoch {report.epoch} the best {share} of "
                    f"{len(report.candidates)} must go on (eta {self._job.recipe.eta}), but "
                    f"{len(live)} do: run_bracket does it"
                )
        return None

    def an_unreachable_cut_off_ends_the_job(self) -> str | None:
        first = self._job.recipe.rungs[0]
        if first == self._job.recipe.epochs:
            return None
        reports = self._run(dataclasses.replace(self._job, cutoffs={first: 1.1}))
        if len(reports) != 1:
            return "job.cutoffs must be reached to go on, but a cut-off of 1.1 was passed"
        return None

    def whoever_reaches_the_cut_off_goes_on(self) -> str | None:
        first = self._job.recipe.rungs[0]
        if first == self._job.recipe.epochs:
            return None
        report = self._run(dataclasses.replace(self._job, cutoffs={first: 0.0}))[0]
        ended = sum(candidate.state == "pruned" for candidate in report.candidates)
        if ended:
            return (
                f"all that reach job.cutoffs must go on, but {ended} of "
                f"{len(report.candidates)} that reached one of 0 did not: run_bracket does it"
            )
        return None

    def learned_parameters(self) -> str | None:
        for end in self._straight.values():
            text = self._job.expressions[end.index]
            missing = {p.name for p in parse_stored(text).parameters} - set(end.learned)
            if missing and end.state != "infeasible" and end.val_loss is not None:
                return f"learned must have {', '.join(sorted(missing))} of {text}, but has not"
        return None

    def what_diverges_is_infeasible(self) -> str | None:
        mixed = (*self._job.expressions, self._diverging or "")
        together = self._ends(dataclasses.replace(self._unhalved, expressions=mixed))
        diverged = together[len(mixed) - 1]
        if diverged.state != "infeasible":
            return f"{mixed[-1]} must be infeasible, but is {diverged.state}"
        if any(together[i] != end for i, end in self._straight.items()):
            return "a candidate that diverges must leave the others' scores alone, but did not"
        return None

    def a_text_that_is_no_candidate(self) -> str | None:
        try:
            list(
                self._evaluator.run(dataclasses.replace(self._unhalved, expressions=("relux(x)",)))
            )
        except Exception:
            return None  # an error of any kind, and no score
        return "relux(x) is no expression: that must be an error, but was trained"

    def test_data_that_were_not_handed_out(self) -> str | None:
        try:
            list(self._evaluator.run(dataclasses.replace(self._unhalved, test=True)))
        except Exception:
            return None
        return "a job with test=True must raise before opened() was called, but ran"

    def test_accuracies(self) -> str | None:
        opened = self._evaluator.opened()
        if opened is None:
            return None
        ends = _ends(_run(opened, dataclasses.replace(self._unhalved, test=True)))
        shut = {
            i: dataclasses.replace(end, test_accuracy=None, test_correct=None)
            for i, end in ends.items()
        }
        if shut != self._straight:
            return "opened() must change no validation score, but does"
        again = self._evaluator.opened()
        name = opened.test_set_name()
        if not isinstance(name, str) or again is None or name != again.test_set_name():
            return f"test_set_name() must be the same text each time, but is {name!r}"
        return None

    def the_generators(self) -> str | None:
        before = _generators()
        self._run(self._unhalved)
        if _generators() != before:
            return (
                "the global random generators of torch, numpy and Python must be left as found: "
                "use generators of your own, or torch.random.fork_rng()"
            )
        return None

    def the_evaluator_travels(self) -> str | None:
        copy = pickle.loads(pickle.dumps(self._evaluator))
        if _run(copy.on("cpu"), self._job) != self._halved:
            return "pickled and unpickled it must give the same numbers, but does not"
        return None

    @functools.cached_property
    def _halved(self) -> list[RungReport]:
        return self._run(self._job)

    @functools.cached_property
    def _straight(self) -> Ends:
        return self._ends(self._unhalved)

    def _run(self, job: Job) -> list[RungReport]:
        return _run(self._evaluator, job)

    def _ends(self, job: Job) -> Ends:
        return _ends(self._run(job))


def _run(evaluator: Evaluator, job: Job) -> list[RungReport]:
    """A job's reports, to be compared: no seconds, no numbers of diverged candidates, no NaN."""
    return [
        dataclasses.replace(r, seconds=0.0, candidates=tuple(map(_comparable, r.candidates)))
        for r in checked_reports(evaluator, job)
    ]


def _comparable(report: CandidateReport) -> CandidateReport:
    if report.state != "infeasible":
        known = report.val_loss is not None and math.isfinite(report.val_loss)
        return report if known else dataclasses.replace(report, val_loss=None)
    return CandidateReport(
        index=report.index,
        state="infeasible",
        val_accuracy=0.0,
        val_loss=0.0,
        train_losses=(),
        learned={},
        reason=report.reason,
    )


def _scores(end: CandidateReport) -> tuple[float, float | None]:
    return end.val_accuracy, end.val_loss


def _ends(reports: Sequence[RungReport]) -> Ends:
    return {report.index: report for rung in reports for report in rung.candidates}


def _generators() -> tuple[bytes, ...]:
    states = torch.get_rng_state().tolist(), np.random.get_state(), random.getstate()  # noqa: NPY002
    return tuple(map(pickle.dumps, states))
