"""A confirmation trains what is missing, opens the test set once, and loses nothing to a crash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from actsearch.evaluators import Evaluator, ImageClassification, Job, RungReport
from actsearch.search import (
    Confirmation,
    SearchFailed,
)
from actsearch.search.confirmation.comparison import (
    read_confirmation,
)
from actsearch.search.confirmation.opening import with_test_set
from actsearch.search.confirmation.plan import Plan
from actsearch.search.confirmation.retrain import missing_jobs, retrain
from actsearch.search.executors.in_process import InProcess
from actsearch.search.progress import Silent
from actsearch.search.remaining_time import Pace
from actsearch.search.storage.confirmation_log import ConfirmationLog
from actsearch.search.storage.shown_functions import ShownFunctions
from contracts.faults import BreaksAfter, RaisesAtOnce
from contracts.own import without_test
from contracts.tiny import TINY, TINY_CONV

BASELINES = {"ReLU": "relu(x)", "Tanh": "tanh(x)"}
FINALISTS = {"sin(x)": "sin(x)", "cos(x)": "cos(x)", "erf(x)": "erf(x)"}
SINE = Plan(
    finalists={"sin(x)": "sin(x)"},
    baselines=BASELINES,
    recipes=((TINY, 2), (TINY_CONV, 1)),
    seed=7,
)


class Heard(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.done: list[int] = []

    def stage(self, text: str) -> None:
        self.stages.append(text)

    def advance(self, done: int) -> None:
        self.done.append(done)


class OpensAndRaises(RaisesAtOnce):
    """Has test data, and raises in every job."""

    def opened(self) -> OpensAndRaises:
        return self


class OpensAndBreaks(BreaksAfter):
    """Has test data, and raises from some job on."""

    def opened(self) -> OpensAndBreaks:
        return self


def retrained(plan: Plan, folder: Path, evaluator: Evaluator) -> Heard:
    """The reporter that has heard a confirmation in a folder."""
    reporter = Heard()
    shown = ShownFunctions(folder)
    log = ConfirmationLog(folder)
    assert retrain(plan, log, shown, InProcess(), evaluator, reporter, Pace(1))
    return reporter


def confirmation_of(plan: Plan, folder: Path) -> Confirmation:
    confirmation = read_confirmation(plan, ConfirmationLog(folder))
    assert confirmation is not None
    return confirmation


def test_it_trains_what_is_missing_opens_the_test_set_once_and_says_so(
    images: ImageClassification, tmp_path: Path
) -> None:
    first = retrained(SINE, tmp_path, images)
    assert first.stages == [
        "confirming 1 against 2 baselines: the test set of fashion-mnist is opened"
    ]
    assert first.done[-1] == 3 * 2 + 3 * 1
    confirmation = confirmation_of(SINE, tmp_path)
    assert confirmation.openings == 1
    assert all(
        t.test_correct is not None and sum(t.test_correct) / 10_000 == t.test_accuracy
        for t in ConfirmationLog(tmp_path).trainings.values()
    )
    rows = confirmation.rows
    comparisons = [row.comparison for row in rows if row.network == "mlp" and row.comparison]
    assert [c.images_error is not None for c in comparisons] == [True, True]
    assert {(row.name, row.network, len(row.test_accuracies)) for row in rows} == {
        (name, network, n)
        for name in ("sin(x)", "ReLU", "Tanh")
        for network, n in (("mlp", 2), ("conv", 1))
    }
    assert not retrained(SINE, tmp_path, images).stages
    larger = replace(SINE, recipes=((TINY, 3), (TINY_CONV, 1)))
    assert retrained(larger, tmp_path, images).done[-1] == 3, "the other seeds are on record"
    assert confirmation_of(larger, tmp_path).openings == 2


def test_where_nothing_but_crashes_comes_back_it_says_so_and_can_be_trained_later(
    images: ImageClassification, tmp_path: Path
) -> None:
    with pytest.raises(SearchFailed, match=r"three times each; .* no luck"):
        retrained(SINE, tmp_path, OpensAndRaises(images))
    assert read_confirmation(SINE, ConfirmationLog(tmp_path)) is None
    assert not ConfirmationLog(tmp_path).trainings, "the cause may be the machine"
    retrained(SINE, tmp_path, images)
    assert confirmation_of(SINE, tmp_path).openings == 1, "the crashed one showed nothing"


class RaisesFor(Evaluator):
    """Raises in so many jobs with one function, and keeps in which company it came."""

    def __init__(self, inner: Evaluator, expression: str, times: int = 1_000) -> None:
        self._inner, self._expression, self._times = inner, expression, times
        self.company: list[int] = []

    def on(self, device: str) -> Evaluator:
        return self

    def opened(self) -> Evaluator | None:
        self._inner = with_test_set(self._inner, ["fashion-mnist"]) or self._inner
        return self

    def run(self, job: Job) -> Iterator[RungReport]:
        if self._expression in job.expressions and len(self.company) < self._times:
            self.company.append(len(job.expressions))
            raise RuntimeError("this one never trains")
        return self._inner.run(job)


def test_a_finalist_that_crashes_three_times_has_failed_and_the_others_are_compared(
    images: ImageClassification, tmp_path: Path
) -> None:
    plan = replace(SINE, finalists=FINALISTS, recipes=((TINY, 2),))
    evaluator = RaisesFor(images, "cos(x)")
    retrained(plan, tmp_path, evaluator)
    assert evaluator.company == [5, 5, 5, 5, 1, 1], "twice among others, the last time alone"
    confirmation = confirmation_of(plan, tmp_path)
    failed = confirmation.row("cos(x)")
    assert (failed.verdict, failed.diverged, failed.test_accuracies) == ("worse", 2, ())
    trained = {row.name for row in confirmation.rows if len(row.test_accuracies) == 2}
    assert trained == {"sin(x)", "erf(x)", "ReLU", "Tanh"}
    reasons = {t.reason for t in ConfirmationLog(tmp_path).trainings.values() if t.reason}
    assert reasons == {"crashed: RuntimeError: this one never trains"}
    assert not retrained(plan, tmp_path, evaluator).stages, "failed for good, as a candidate is"


def test_a_training_that_crashes_is_tried_again_and_the_test_set_opened_once(
    images: ImageClassification, tmp_path: Path
) -> None:
    retrained(SINE, tmp_path, RaisesFor(images, "sin(x)", times=1))
    assert confirmation_of(SINE, tmp_path).openings == 1


def test_without_test_data_nothing_is_trained_and_that_is_returned(tmp_path: Path) -> None:
    log, shown, reporter = ConfirmationLog(tmp_path), ShownFunctions(tmp_path), Heard()
    assert not retrain(SINE, log, shown, InProcess(), without_test(), reporter, Pace(1))
    assert not reporter.stages
    assert not ConfirmationLog(tmp_path).openings


def test_without_a_finalist_no_test_set_is_opened(
    images: ImageClassification, tmp_path: Path
) -> None:
    assert not retrained(replace(SINE, finalists={}), tmp_path, images).stages
    assert not list(tmp_path.iterdir())


def test_a_recipe_of_learning_rates_and_seeds_is_confirmed_with_one_entry_a_seed(
    images: ImageClassification, tmp_path: Path
) -> None:
    sweep = replace(TINY, lr_multipliers=(0.5, 1.0), seeds_per_score=2, limit=200, validation=50)
    plan = replace(SINE, recipes=((sweep, 2),))
    retrained(plan, tmp_path, images)
    rows = confirmation_of(plan, tmp_path).rows
    assert {(row.name, len(row.test_accuracies)) for row in rows} == {
        ("sin(x)", 2), ("ReLU", 2), ("Tanh", 2),
    }  # fmt: skip
    # Of 50 validation images and two seeds a score, so in hundredths.
    trainings = ConfirmationLog(tmp_path).trainings.values()
    hundredths = [(t.val_accuracy or 0) * 100 for t in trainings]
    assert hundredths == pytest.approx([round(h) for h in hundredths])


@pytest.mark.parametrize("network", ["mlp", "conv", "resnet20", "vit", "my_own_net"])
def test_a_job_trains_few_members_whatever_the_network(network: str, tmp_path: Path) -> None:
    widths = {"mlp": (8,), "conv": (4, 4), "resnet20": (4, 4, 4), "vit": (16,)}
    evaluator = "" if network in widths else "my_package:MyEvaluator"
    recipe = replace(TINY, network=network, evaluator=evaluator, widths=widths.get(network, (8,)))
    recipe = replace(recipe, seeds_per_score=3)
    plan = replace(SINE, finalists=FINALISTS, recipes=((recipe, 2),))
    jobs = missing_jobs(plan, ConfirmationLog(tmp_path))
    assert sum(len(job.expressions) for job in jobs) == 5 * 2
    assert all(len(job.expressions) == 1 for job in jobs)


def test_a_function_that_always_crashes_has_failed_also_where_all_others_are_on_record(
    images: ImageClassification, tmp_path: Path
) -> None:
    first, both = (
        replace(SINE, finalists={text: text for text in texts}, recipes=((TINY, 2),))
        for texts in (("sin(x)",), ("sin(x)", "cos(x)"))
    )
    retrained(first, tmp_path, images)
    before = ConfirmationLog(tmp_path).trainings
    with pytest.raises(SearchFailed, match="three times each"):
        retrained(both, tmp_path, OpensAndRaises(images))
    assert ConfirmationLog(tmp_path).trainings == before, "nothing trains there any more"
    retrained(both, tmp_path, RaisesFor(images, "cos(x)"))
    assert confirmation_of(both, tmp_path).row("cos(x)").verdict == "worse"
    log = ConfirmationLog(tmp_path)
    assert {key: log.trainings[key] for key in before} == before, "its scores stay as they were"
    assert len(log.trainings) == len(before) + 2


def test_where_the_machine_breaks_under_way_nothing_is_held_against_a_function(
    images: ImageClassification, tmp_path: Path
) -> None:
    opened = with_test_set(images, ["fashion-mnist"])
    assert opened is not None
    with pytest.raises(SearchFailed, match="the last trainings of the confirmation crashed"):
        retrained(SINE, tmp_path, OpensAndBreaks(opened, jobs=1))
    log = ConfirmationLog(tmp_path)
    assert log.trainings
    assert not any(training.reason for training in log.trainings.values())
    retrained(SINE, tmp_path, images)
    assert confirmation_of(SINE, tmp_path).openings == 1
