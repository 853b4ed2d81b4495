"""Errors have one base, say the rule and the next step, and survive a trip between processes."""

from __future__ import annotations

import pickle

import pytest

from actsearch import space
from actsearch.space import ActsearchError, ExpressionError, UnknownNameError
from actsearch.space.errors import nearest


def test_every_error_of_the_room_has_the_one_base() -> None:
    offered = [getattr(space, name) for name in dir(space)]
    errors = {e for e in offered if isinstance(e, type) and issubclass(e, Exception)}
    assert {ActsearchError, ExpressionError, UnknownNameError} < errors
    assert all(issubclass(error, ActsearchError) for error in errors)


@pytest.mark.parametrize(
    "error",
    [
        ExpressionError("expected '('", "sin x", 4),
        UnknownNameError("primitive", "sinn", ["sin", "cos"]),
    ],
)
def test_errors_survive_pickling(error: ActsearchError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("x + $", 4),
        ("x\n+\t\r $", 6),
        ("x\x0b\x0c\u2028$", 4),
        ("x + " * 30 + "$", 120),
        ("$" + " + x" * 30, 0),
    ],
)
def test_the_caret_stands_under_the_character(text: str, position: int) -> None:
    lines = str(ExpressionError("unexpected character", text, position)).split("\n")
    assert len(lines) == 3
    assert len(lines[1].splitlines()) == 1
    assert lines[1][lines[2].index("^")] == "$"


def test_an_unknown_name_gets_the_nearest_one_or_the_list() -> None:
    assert nearest("Sigmoyd", ["tanh", "sigmoid"]) == "; did you mean 'sigmoid'?"
    assert nearest("qqq", ["b", "a"]) == "; known: a, b"
    assert nearest("qqq", []) == ""


def test_a_name_of_any_length_is_told_in_a_line() -> None:
    message = str(UnknownNameError("evaluator", "[" * 1_000_000, ["built-in"]))
    assert message.startswith("unknown evaluator '[[[")
    assert len(message) < 200
