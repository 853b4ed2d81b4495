"""Texts about several searches fit a narrow terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from actsearch.search import Status
from actsearch.search.service.comparing import ComparedSearch, Improvement, SearchComparison
from actsearch.search.service.comparison_text import comparison_text
from actsearch.search.service.status_text import statuses_text

FORMULA = "exp(-beta * (exp(x) - min(x, 0)) ** 2) * sigmoid(x + tanh(x))"
LONGEST = 60


def compared(name: str, evaluator: str) -> ComparedSearch:
    best = Improvement(candidates=9, seconds=60.0, score=0.8704, expression=FORMULA)
    return ComparedSearch(
        name=name,
        settings={"evaluator": evaluator},
        improvements=[best],
        ended=18,
        seconds=120.0,
        functions={FORMULA: 0.8704},
    )


def test_a_comparison_fits_sixty_columns_and_a_pipe_gets_a_line_a_row() -> None:
    module = compared("surrogate-in-core-1", "package.module_of_mine:Evaluator")
    table = compared("evolution-in-core-1", "core-1-table")
    comparison = SearchComparison(searches=[module, table], same_recipe=False)
    narrow = comparison_text(comparison, LONGEST)
    assert max(map(len, narrow.splitlines())) <= LONGEST
    assert "87.04%" in narrow
    whole = comparison_text(comparison)
    assert "package.module_of_mine:Evaluator  core-1-table" in whole


@pytest.mark.parametrize("root", ["/srv/home", "/srv/of-somebody/with-a-long-name"])
def test_the_overview_of_a_failed_search_fits_sixty_columns(root: str) -> None:
    reason = "every bracket crashed: RuntimeError: shapes cannot be multiplied"
    row = Status(name="mine", state="failed", reason=reason, candidates=60, log="driver.log")
    text = statuses_text([row], Path(root), LONGEST)
    assert max(map(len, text.splitlines())) <= LONGEST
    assert f"{root}/searches/NAME/driver.log" in text
