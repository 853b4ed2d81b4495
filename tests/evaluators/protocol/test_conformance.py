"""`check_evaluator` passes what keeps the contract, and names every rule that is broken."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from actsearch.evaluators import (
    CandidateReport,
    Evaluator,
    EvaluatorError,
    Job,
    Recipe,
    RungReport,
    check_evaluator,
)
from actsearch.space import parse
from contracts import own

RECIPE = Recipe(name="told", rungs=(1, 2), evaluator="a table of numbers", network="none")


def worth(text: str, seed: int) -> float:
    """A score without a training: the same for the same candidate and seed."""
    return random.Random(f"{text} {seed}").random()


@dataclass(frozen=True)
class FromText(Evaluator):
    """Keeps the contract with numbers drawn from the candidate's text."""

    recipe: Recipe = RECIPE
    tests: bool = False

    def on(self, device: str) -> FromText:
        return self

    def opened(self) -> FromText:
        return replace(self, tests=True)

    def run(self, job: Job) -> Iterator[RungReport]:
        if job.test and not self.tests:
            raise ValueError("the test data are shut")
        live = list(range(len(job.expressions)))
        for epoch in job.recipe.rungs if job.halving else job.recipe.rungs[-1:]:
            report = self.report(job, live, epoch)
            yield report
            live = [
                candidate.index for candidate in report.candidates if candidate.state == "live"
            ]
            if not live:
                return

    def report(self, job: Job, live: list[int], epoch: int) -> RungReport:
        scores = {i: self.score(job, i) for i in live}
        last = epoch == job.recipe.epochs
        share = len(live) if last else -(-len(live) // job.recipe.eta)
        kept = sorted(live, key=lambda i: -scores[i])[:share]
        if epoch in job.cutoffs and not last:
            kept = [i for i in live if scores[i] >= job.cutoffs[epoch]]
        goes = "complete" if last else "live"
        return RungReport(
            epoch=epoch,
            candidates=tuple(
                self.candidate_report(job, i, scores[i], goes if i in kept else "pruned")
                for i in live
            ),
            seconds=0.0,
        )

    def score(self, job: Job, index: int) -> float:
        return worth(job.expressions[index], job.seed)

    def candidate_report(self, job: Job, index: int, score: float, state: Any) -> CandidateReport:
        text = job.expressions[index]
        learned = {p.name: (score,) for p in parse(text).parameters}
        if "exp(exp" in text:
            return CandidateReport(
                index=index,
                state="infeasible",
                val_accuracy=0.0,
                val_loss=0.0,
                train_losses=(),
                learned={},
                reason="inf",
            )
        test = score if job.test and state == "complete" else None
        return CandidateReport(
            index=index,
            state=state,
            val_accuracy=score,
            val_loss=1 - score,
            train_losses=(),
            learned=learned,
            reason=None,
            test_accuracy=test,
        )


class ForgetsTheSeed(FromText):
    def score(self, job: Job, index: int) -> float:
        return worth(job.expressions[index], 0)


class LooksAtItsNeighbours(FromText):
    def score(self, job: Job, index: int) -> float:
        return worth(job.expressions[index], job.seed) / len(job.expressions)


class DrawsFromTheProcess(FromText):
    def score(self, job: Job, index: int) -> float:
        return random.random()


class KeepsTheWorst(FromText):
    def report(self, job: Job, live: list[int], epoch: int) -> RungReport:
        report = super().report(job, live, epoch)
        states: dict[str, Any] = {"live": "pruned", "pruned": "live", "complete": "complete"}
        turned = tuple(replace(s, state=states.get(s.state, s.state)) for s in report.candidates)
        return replace(report, candidates=turned)


class GoesOnBelowTheCutOff(FromText):
    def run(self, job: Job) -> Iterator[RungReport]:
        return super().run(replace(job, cutoffs={}))


class StopsWhatReachesTheCutOff(FromText):
    def run(self, job: Job) -> Iterator[RungReport]:
        reached = {epoch: cutoff for epoch, cutoff in job.cutoffs.items() if cutoff > 1}
        return super().run(replace(job, cutoffs=reached))


class LearnsNothing(FromText):
    def candidate_report(self, job: Job, index: int, score: float, state: Any) -> CandidateReport:
        return replace(super().candidate_report(job, index, score, state), learned={})


class ScoresWhatDiverges(FromText):
    def candidate_report(self, job: Job, index: int, score: float, state: Any) -> CandidateReport:
        return CandidateReport(
            index=index,
            state=state,
            val_accuracy=score,
            val_loss=0.0,
            train_losses=(),
            learned=super().candidate_report(job, index, 0, "").learned,
        )


class LooksUnasked(FromText):
    def run(self, job: Job) -> Iterator[RungReport]:
        return FromText(tests=True).run(job)


class OpensOntoOtherScores(FromText):
    def opened(self) -> FromText:
        return LooksAtItsNeighbours(tests=True)


class NamesItsTestSetByChance(FromText):
    def test_set_name(self) -> str:
        return str(random.random())


class CannotTravel(FromText):
    def __reduce__(self) -> Any:
        raise TypeError("cannot pickle 'module' object")


class Percent(FromText):
    def score(self, job: Job, index: int) -> float:
        return 100 * worth(job.expressions[index], job.seed)


def test_an_evaluator_that_keeps_the_contract_passes() -> None:
    check_evaluator(FromText())


def test_the_one_for_any_network_passes() -> None:
    check_evaluator(own.evaluator_of_tensors())


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (ForgetsTheSeed, "job.seed must decide initial weights and batches"),
        (LooksAtItsNeighbours, r"depend on what shares the job, but tanh\(x\) reached"),
        (DrawsFromTheProcess, "the same job must give the same numbers"),
        (DrawsFromTheProcess, "the global random generators"),
        (KeepsTheWorst, r"after epoch 1 the best 1 of 3 must go on \(eta 3\), but 2 do"),
        (GoesOnBelowTheCutOff, "a cut-off of 1.1 was passed"),
        (StopsWhatReachesTheCutOff, "all that reach job.cutoffs must go on, but 2 of 3"),
        (LearnsNothing, "learned must have beta of"),
        (ScoresWhatDiverges, r"exp\(exp\(square\(x\)\)\) must be infeasible, but is complete"),
        (LooksUnasked, "a job with test=True must raise before opened"),
        (OpensOntoOtherScores, r"opened\(\) must change no validation score"),
        (NamesItsTestSetByChance, r"test_set_name\(\) must be the same text each time, but is '0"),
        (
            CannotTravel,
            "the evaluator travels: it raised TypeError: cannot pickle 'module' object",
        ),
        (Percent, r"tanh\(x\): val_accuracy must be a fraction from 0 to 1, but is"),
        (lambda: FromText(Recipe(validation=0)), "its validation must be above 0"),
    ],
)
def test_each_broken_rule_is_named(kind: Callable[[], Evaluator], message: str) -> None:
    with pytest.raises(EvaluatorError, match=message):
        check_evaluator(kind())


def test_all_broken_rules_are_named_in_one_error() -> None:
    class Careless(ForgetsTheSeed, LearnsNothing, GoesOnBelowTheCutOff):
        pass

    with pytest.raises(EvaluatorError, match=r"^evaluator Careless breaks \d rules:") as caught:
        check_evaluator(Careless())
    for rule in ("job.seed must decide", "learned must have beta", "cut-off of 1.1"):
        assert rule in str(caught.value)


def test_what_is_no_evaluator_is_told_before_anything_runs() -> None:
    broken: Any = object()
    with pytest.raises(
        EvaluatorError, match=r"is no evaluator: make object a subclass of actsearch"
    ):
        check_evaluator(broken)
