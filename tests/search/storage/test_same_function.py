"""Functions of several searches are told apart by fingerprint, and none is lost."""

from __future__ import annotations

from actsearch.search.storage.same_function import FirstTexts


def test_a_function_goes_by_its_first_text() -> None:
    texts = FirstTexts(2)
    assert texts.of("x * tanh(x)") == "x * tanh(x)"
    assert texts.of("tanh(x) * x") == "x * tanh(x)"
    assert texts.of("sin(x)") == "sin(x)"


def test_what_this_version_does_not_read_is_like_no_other_text() -> None:
    texts = FirstTexts(2)
    assert texts.of("later(x)") == "later(x)"
    assert texts.of("latest(x)") == "latest(x)"
