"""A number and its noun agree."""

from __future__ import annotations

import pytest

from actsearch.space.counted import counted


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 candidates"), (1, "1 candidate"), (2, "2 candidates"), (1_200, "1,200 candidates")],
)
def test_a_noun_is_in_the_plural_but_for_one(number: int, text: str) -> None:
    assert counted(number, "candidate") == text
