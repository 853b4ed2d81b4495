"""A formula that begins with a minus is an operand of every verb, and flags stay flags."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actsearch.search.cli.formulas import is_formula
from actsearch.search.cli.main import all_verbs, parser_of

Verb = Callable[..., Any]
FORMULAS = ("-tanh(x)", "-2*x", "-2x", "-x", "-abs(x)", "-x*sigmoid(x)", "-(x)", "-βx", "-.5*x")
# These begin as -h and -o do.
LIKE_FLAGS = ("-hard_swish(x)", "-omega*x")


@pytest.mark.parametrize("formula", [*FORMULAS, *LIKE_FLAGS])
@pytest.mark.parametrize(
    ("before", "after", "dest"),
    [
        (("describe",), (), "candidate"),
        (("score",), ("--seeds", "2"), "expressions"),
        (("score", "relu(x)"), (), "expressions"),
        (("confirm", "--seeds", "2"), (), "functions"),
        (("export", "-o", "folder"), (), "candidate"),
        (("export",), ("-ofolder/x",), "candidate"),
        (("diagnose",), ("--only", "signals"), "candidate"),
        (("diagnose", "relu(x)", "--compare"), (), "compare"),
        (("eafo",), ("--json",), "expression"),
    ],
)
def test_a_formula_that_begins_with_a_minus_is_an_operand(
    formula: str, before: tuple[str, ...], after: tuple[str, ...], dest: str
) -> None:
    options = parser_of(all_verbs()).parse_args([*before, formula, *after])
    value = getattr(options, dest)
    assert formula in (value if isinstance(value, list) else [value])


@pytest.mark.parametrize(
    "word", ["-o", "-obest", "-o/tmp/x", "-o=x", "-h", "--json", "--x", "-1", "-0.5", "-1e-3", "-"]
)
def test_a_flag_and_a_number_are_no_formulas(word: str) -> None:
    assert not is_formula(word, {"-o", "-h"})


def test_a_formula_that_begins_with_a_minus_is_described(actsearch: Verb, tmp_path: Path) -> None:
    result = actsearch("describe", "-2*tanh(x)", "--home", str(tmp_path))
    assert result.status == 0
    assert "-2 * tanh(x)" in result.out


def test_a_formula_with_a_mistake_is_pointed_at_and_not_taken_for_a_flag(
    actsearch: Verb, tmp_path: Path
) -> None:
    result = actsearch("describe", "-tahn(x)", "--home", str(tmp_path))
    assert result.status == 1
    assert "did you mean 'tanh'?" in result.err
