"""A page advises to confirm only what can be confirmed."""

from __future__ import annotations

import pytest

from actsearch.search import Trial
from actsearch.search.reports.next_steps import confirm_advice, confirm_line, resume_command
from actsearch.search.storage.search_file import SearchFile
from contracts.tiny import TINY

BEST = "min(x, sin(x))"
HOME = " --home 'a b'"


def searched_by(evaluator: str) -> SearchFile:
    config = {"name": "mine", "recipe": TINY, "second": None, "evaluator": evaluator}
    return SearchFile.of(config, {"candidates": 1})


def trained(expression: str) -> list[Trial]:
    scores = {"val_accuracy": 0.5, "val_accuracies": {1: 0.5}}
    return [Trial(number=0, expression=expression, state="complete", **scores)]  # type: ignore[arg-type]


def test_a_search_by_training_is_confirmed_by_its_name() -> None:
    file = searched_by("built-in")
    assert confirm_line(file, [], HOME) == f"actsearch confirm mine{HOME}"
    assert confirm_advice(file, []).startswith("`actsearch confirm mine` holds the best against")
    assert "where its evaluator" not in confirm_advice(file, [])


@pytest.mark.parametrize("evaluator", ["core-1-table", "mine.jsonl"])
def test_of_a_table_s_search_the_best_is_trained_and_the_search_itself_not_confirmed(
    evaluator: str,
) -> None:
    file = searched_by(evaluator)
    command = f"actsearch confirm '{BEST}'"
    assert confirm_line(file, trained(BEST), HOME) == f"{command}{HOME}"
    text = confirm_advice(file, trained(BEST))
    assert text.startswith(f"A table has no test data: `{command}` trains the best new one")
    for nothing_new in ([], trained("max(x, 0)")):
        assert confirm_line(file, nothing_new) == ""
        assert confirm_advice(file, nothing_new) == "A table has no test data."


def test_of_an_own_evaluator_it_is_said_on_what_it_depends() -> None:
    file = searched_by("mine:evaluator")
    assert confirm_line(file, []).startswith("actsearch confirm mine  # where its evaluator has")
    assert "where its evaluator has test data (ModelEvaluator takes test" in confirm_advice(
        file, []
    )


def test_a_search_whose_evaluator_is_an_object_goes_on_and_is_confirmed_in_python() -> None:
    file = searched_by("mine:Custom given in Python")
    line = "Search(\"mine\", home='a b', resume=True, candidates=9, evaluator=…).run()"
    assert resume_command(file, 9, HOME) == line
    going_on = 'Search("mine", resume=True, evaluator=…).run()'
    assert confirm_line(file, []).startswith(f"{going_on}  # where its evaluator has test data")
    assert confirm_advice(file, []).startswith(f"`{going_on}` in Python holds the best against")
