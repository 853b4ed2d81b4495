"""A name from elsewhere stands in a description as it is: it marks nothing, and is no HTML."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from actsearch.mlflow.markdown import cell
from actsearch.space import parse
from contracts.expressions import expressions


def shown(text: str) -> str:
    """A text in a sentence, as CommonMark shows it."""
    reader = MarkdownIt("commonmark", {"html": True})
    html: str = reader.renderInline(f"it is {cell(text)}, as ever")
    plain = html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
    return plain.replace("&amp;", "&").removeprefix("it is ").removesuffix(", as ever")


@pytest.mark.parametrize(
    "text", ["x * tanh(x) * beta", "x ** 2 * x ** 3", "log_sigmoid(x)", "max(x, 0)"]
)
def test_a_formula_needs_no_escapes(text: str) -> None:
    assert str(parse(text)) == cell(text)


@given(expressions())
def test_every_formula_is_shown_as_it_is(expression: object) -> None:
    assert shown(str(expression)) == str(expression)


@pytest.mark.parametrize(
    "text", ["**bold**", "a*b*c", "_x_", "`x`", "[x](y)", "<b>x</b>", "![x](y)", "\\*", "__init__"]
)
def test_markup_is_shown_and_not_followed(text: str) -> None:
    assert shown(text) == text


@given(st.text("ab *_<>[]()`\\|!\n"))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    assert shown(text).strip() == " ".join(text.split())
    assert not re.search(r"(?<!\\)\|", cell(text)), "a column of its own"
