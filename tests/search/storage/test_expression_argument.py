"""A text that is no search is an expression, unless it looks like a mistyped name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from actsearch.search import Home, InvalidSetting, NoSuchSearch
from actsearch.search.storage.expression_argument import (
    expression_of,
    parse_expression_argument,
    trained_expressions,
)
from actsearch.space import FAMILIES, CandidateError, ExpressionError, family, parse


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
    shutil.move(searched.folder("relu-x"), searched.searches / "first-index")
    with pytest.raises(NoSuchSearch, match="did you mean 'first-index'"):
        parse_expression_argument(searched, "fist-index")  # which looks like a product with x


@pytest.mark.parametrize("text", ["mine", "mine-2", "beta", "3.0", "my_search + 1"])
def test_a_text_without_x_is_taken_for_a_mistyped_name(home: Home, text: str) -> None:
    with pytest.raises(NoSuchSearch, match=r"is no search in .*as an activation: ") as caught:
        parse_expression_argument(home, text)
    assert "does not depend on x" in str(caught.value) or "unknown function" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"), [("GELU", "gelu(x)"), ("leaky-relu", "leaky_relu(x)"), ("x", "x")]
)
def test_a_name_of_the_catalog_is_its_function(name: str, text: str) -> None:
    assert str(expression_of(name)) == text


@pytest.mark.parametrize("text", ["relu + 6", "tanh(exp)", "-tanh", "sin(", "gelu)", "(tanh"])
def test_a_text_that_is_almost_a_formula_is_refused_as_one(text: str) -> None:
    with pytest.raises((CandidateError, ExpressionError)):
        expression_of(text)


def test_a_name_of_a_family_is_its_member_at_the_defaults() -> None:
    assert {expression_of(name) for name in FAMILIES} == {family(name) for name in FAMILIES}


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("1", "read as '1'"),
        ("2 * beta", "read as '2 * beta'"),
        ("sin(pi)", "read as 'sin(3.141592653589793)'"),
    ],
)
def test_a_text_without_x_is_refused_with_how_it_was_read(text: str, reading: str) -> None:
    with pytest.raises(CandidateError, match="does not depend on x") as caught:
        expression_of(text)
    assert reading in str(caught.value)


@pytest.mark.parametrize("text", ["X0", "x1", "e", "inf", "nan", "oo"])
def test_a_word_that_looks_like_an_input_or_a_constant_is_refused_as_one(text: str) -> None:
    with pytest.raises(ExpressionError, match="looks like"):
        expression_of(text)


@pytest.mark.parametrize("text", ["mien", "mine-x", "x-1", "search-1"])
def test_what_is_more_likely_a_searchs_name_is_not_trained(text: str, tmp_path: Path) -> None:
    with pytest.raises(NoSuchSearch, match=f"'{text}' is no search in"):
        trained_expressions(Home.at(tmp_path), [text])


def test_an_expression_in_brackets_is_one_whatever_it_looks_like(tmp_path: Path) -> None:
    (expression,) = trained_expressions(Home.at(tmp_path), ["(x-1)"])
    assert str(expression) == "x - 1"


def test_a_search_is_named_as_what_it_is(finished: Home) -> None:
    with pytest.raises(InvalidSetting, match=r"'mine' is a search in .*actsearch confirm mine"):
        trained_expressions(finished, ["tanh(x)", "mine"])
