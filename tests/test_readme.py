"""The numbers on README.md are those of the code they speak of; its table: tests/benchmarks."""

from __future__ import annotations

from pathlib import Path

import pytest

from actsearch.evaluators import RECIPES, table_from_name
from actsearch.search import RunSettings, SearchConfig
from actsearch.space import BASELINES, FAMILIES, space_from_name
from actsearch.space.analysis.fingerprint import SETTINGS
from actsearch.space.catalog.table import CATALOG

PAGE = Path(__file__).resolve().parent.parent / "README.md"
WORDS = {2: "two", 3: "three", 5: "five", 6: "six", 9: "nine"}


def sentences() -> dict[str, str]:
    """Sentences that README must have, by subject, with the numbers of the code."""
    core, table = space_from_name("core-1"), table_from_name("core-1-table")
    config, settings = SearchConfig(name="readme", second=None), RunSettings()
    first, second, last = RECIPES["quick"].rungs
    return {
        "families": f"one of {len(FAMILIES)} trainable **families**",
        "one unit": f"{core.size:,} formulas of which {table.candidates:,} are distinct",
        "two units": f"nests two of them, {round(space_from_name('core-2').size / 1e6)} million",
        "fingerprint": f"over a dense grid and {SETTINGS} settings of their parameters",
        "bracket": f"{WORDS[config.bracket]} in one ensemble on one thread",
        "rungs": f"After {first} and {second} epochs the best third goes on, after {last}",
        "confirmation": (
            f"re-trains the {WORDS[settings.finalists]} best and {WORDS[len(BASELINES)]} "
            f"baselines over {WORDS[settings.seeds]} fresh seeds, "
            f"{WORDS[settings.second_seeds]} of them on a second network too"
        ),
        "catalog": f"{len(CATALOG)} known functions are in",
        "candidates": f'space="core-1", candidates={settings.candidates})',
    }


@pytest.mark.parametrize("about", sentences())
def test_a_number_is_that_of_the_code(about: str) -> None:
    assert sentences()[about] in " ".join(PAGE.read_text().split())
