"""Candidates that cost too much are not trained, and no cost is measured twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from actsearch.evaluators import ImageClassification
from actsearch.search import InvalidSetting, RunSettings, Trial
from actsearch.search.engine import costs
from actsearch.search.engine.costs import Costs
from actsearch.search.storage.trial import MeasuredCost, entered
from actsearch.search.storage.trial_reader import read_trials
from actsearch.search.strategies.exhaustive import Exhaustive
from actsearch.space import CoreUnits, Operators, parse
from contracts.faults import RaisesAtOnce
from contracts.tiny import CONFIG, PRODUCTS, SMALL, Ran, run_engine

# x * x takes 1.3 times ReLU's time, x * mish(x) and mish(x) * mish(x) 5 times and more.
MIXED = CoreUnits(operators=Operators(("x", "mish(x)"), ("x1 * x2",)))
LIMITED = replace(CONFIG, max_cost=2.5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("search")


@pytest.fixture(scope="module")
def limited(images: ImageClassification, folder: Path) -> Ran:
    """The mixed space searched in order with a limit that only x * x keeps."""
    strategy = Exhaustive(MIXED, 0)
    return run_engine(
        folder, images, candidates=99, space=MIXED, strategy=strategy, config=LIMITED
    )


def test_what_costs_more_than_the_limit_is_infeasible_with_the_reason_and_never_trains(
    limited: Ran,
) -> None:
    rejected = limited.by_state("infeasible")
    assert rejected
    for trial in rejected:
        assert trial.cost is not None
        assert trial.cost.time > 2.5
        assert trial.cost.low <= trial.cost.time <= trial.cost.high
        assert trial.reason == (
            f"costs {trial.cost.time:.2f} times ReLU's time, more than --max-cost 2.5"
        )
        assert trial.screened
        assert not trial.entered_training


def test_what_keeps_the_limit_trains_and_alone_counts(limited: Ran) -> None:
    within = [t for t in limited.candidates if t.cost is not None and t.cost.time <= 2.5]
    trained = [expression for job in limited.jobs for expression in job.expressions]
    assert trained == [trial.expression for trial in within]
    assert entered(limited.candidates) == len(within)
    assert all(trial.trained for trial in within)


def test_a_resume_reads_costs_and_measures_none_again() -> None:
    earlier = stored("relu(x)", 77.0)
    again = Costs(2.5, RunSettings(), [earlier])
    assert again.of(parse("relu(x)")) == earlier.cost
    assert again.objection(parse("relu(x)")) == (
        "costs 77.00 times ReLU's time, more than --max-cost 2.5"
    )


def test_a_retry_has_the_cost_of_the_first_try(
    images: ImageClassification, tmp_path: Path
) -> None:
    evaluator = RaisesAtOnce(images, "x * x")
    config = replace(CONFIG, objectives=("accuracy", "cost"))
    strategy = Exhaustive(PRODUCTS, 0)
    ran = run_engine(
        tmp_path, evaluator, candidates=9, space=PRODUCTS, strategy=strategy, config=config
    )
    tries = [trial for trial in ran.candidates if trial.expression == "x * x"]
    assert [trial.retry for trial in tries] == [0, 1, 2]
    assert tries[0].cost is not None
    assert {trial.cost for trial in tries} == {tries[0].cost}


def test_a_search_that_did_not_ask_measures_nothing(
    images: ImageClassification, tmp_path: Path
) -> None:
    ran = run_engine(tmp_path, images, candidates=2, space=PRODUCTS)
    assert all(trial.cost is None for trial in ran.candidates)


def test_a_space_in_which_all_is_too_dear_ends_with_the_cheapest_that_was_seen(
    images: ImageClassification, tmp_path: Path
) -> None:
    strategy = Exhaustive(SMALL, 0)
    config = replace(CONFIG, max_cost=0.5)
    with pytest.raises(InvalidSetting) as raised:
        run_engine(tmp_path, images, space=SMALL, strategy=strategy, config=config)
    seen = [trial for trial in read_trials(tmp_path) if trial.cost]
    cheapest = min(seen, key=lambda trial: trial.cost.time if trial.cost else 0.0)
    assert cheapest.cost is not None
    assert str(raised.value) == (
        f"every candidate of the space costs more than --max-cost 0.5: the cheapest seen, "
        f"{cheapest.expression}, costs {cheapest.cost.time:.2f} times ReLU's time; start a new "
        f"search with a larger --max-cost or another --space"
    )


def stored(expression: str, time: float, device: str = "cpu, a processor") -> Trial:
    """A trial that was too dear."""
    cost = MeasuredCost(time=time, low=time, high=time, device=device)
    return Trial(
        number=0,
        expression=expression,
        state="infeasible",
        cost=cost,
        reason="costs",
        screened=True,
    )


def test_a_cost_is_held_to_the_limit_as_it_is_shown() -> None:
    measured = Costs(2.5, RunSettings(), []).of(parse("x * tanh(x)"))
    assert all(round(time, 2) == time for time in (measured.time, measured.low, measured.high))
    within, beyond = stored("sin(x)", 2.5), stored("cos(x)", 2.51)
    known = Costs(2.5, RunSettings(), [within, beyond])
    assert known.objection(parse("sin(x)")) is None
    assert known.objection(parse("cos(x)")) == (
        "costs 2.51 times ReLU's time, more than --max-cost 2.5"
    )


def test_a_search_in_which_many_in_a_row_are_too_dear_ends_also_if_it_was_resumed_meanwhile() -> (
    None
):
    trials = [stored(f"x * {number}", 1.0 + number) for number in range(1, costs.HOPELESS)]
    resumed = Costs(0.5, RunSettings(), trials)
    resumed.check_hope()
    assert resumed.objection(parse("mish(x)"))
    with pytest.raises(InvalidSetting, match=r"the last 500 candidates cost more .* x \* "):
        resumed.check_hope()


def test_a_trial_killed_between_its_measuring_and_the_verdict_has_not_passed() -> None:
    killed = replace(stored("", 1.0), state="failed", screened=False)
    resumed = Costs(0.5, RunSettings(), [stored("x * 2", 2.0), killed])
    with pytest.raises(InvalidSetting, match=r"the cheapest seen, x \* 2, costs 2.00 times"):
        resumed.check_any_passed()


def test_costs_of_another_kind_of_device_are_not_gone_on_with() -> None:
    with pytest.raises(InvalidSetting, match="measured on cuda, a GPU, but it would"):
        Costs(None, RunSettings(), [stored("x * 2", 2.0, "cuda, a GPU")])


def test_costs_of_another_processor_are_gone_on_with_and_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Costs(None, RunSettings(), [stored("x * 2", 2.0)])
    assert "costs so far were measured on cpu, a processor" in caplog.text


def test_a_search_on_gpus_that_this_process_does_not_see_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="sees none"):
        Costs(2.0, RunSettings(gpus_per_worker=1.0), [])
