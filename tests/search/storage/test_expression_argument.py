"""A text that is no search is an expression, unless it looks like a mistyped name."""

from __future__ import annotations

import shutil

import pytest

from actsearch.search import Home
from actsearch.search.errors import NoSuchSearch
from actsearch.search.storage.expression_argument import parse_expression_argument
from actsearch.space import parse


@pytest.mark.parametrize("text", ["x-1", "x", "2-x", "a-x"])
def test_a_bare_text_that_could_be_a_name_is_not_taken_for_an_expression(
    home: Home, text: str
) -> None:
    with pytest.raises(NoSuchSearch, match=rf"no search in .*write '\({text}\)'"):
        parse_expression_argument(home, text)
    assert str(parse_expression_argument(home, f"({text})")) == str(parse(text))


def test_a_mistyped_name_is_told_the_nearest_search(searched: Home) -> None:
    shutil.move(searched.folder("mine"), searched.searches / "relu-x")
    with pytest.raises(NoSuchSearch, match="did you mean 'relu-x'"):
        parse_expression_argument(searched, "rely-x")


@pytest.mark.parametrize("text", ["mine", "mine-2", "beta", "3.0", "my_search + 1"])
def test_a_text_without_x_is_taken_for_a_mistyped_name(home: Home, text: str) -> None:
    with pytest.raises(NoSuchSearch, match="does not depend on x"):
        parse_expression_argument(home, text)
