"""The contract of every catalog entry: what each new row has to pass."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from actsearch.search.cli.main import main
from actsearch.space import UnknownNameError, parse, screen
from actsearch.space.analysis.finite_range import finite_ranges
from actsearch.space.catalog.entry import Entry
from actsearch.space.catalog.table import CATALOG, GROUPS, find, simplified
from contracts.catalog_formulas import FORMULAS, Formula
from contracts.transcription import repeats

every_entry = pytest.mark.parametrize("entry", CATALOG.values(), ids=CATALOG)
# The protections of log (1e-5), sqrt (an argument below 1e-3) and division stand in our form only.
LOOSE = {"SMU-1": 0.016}  # half the root of the floor
TOLERANCE = 2.5e-5


@every_entry
def test_the_formula_parses_and_prints_back_to_itself(entry: Entry) -> None:
    assert parse(str(entry.expression)) == entry.expression


@every_entry
def test_the_formula_is_the_published_one_written_a_second_time(entry: Entry) -> None:
    # No point at 0: a pole that cancels there has its one odd value, see screening.py.
    x = torch.linspace(-8, 8, 1002, dtype=torch.float64)
    value = entry.expression.module()(x).detach().numpy()
    with np.errstate(over="ignore"):
        published = FORMULAS[entry.name](x.numpy())
    allowed = LOOSE.get(entry.name, TOLERANCE) * np.maximum(
        np.maximum(1, np.abs(x.numpy())), np.abs(published)
    )
    assert (np.abs(value - published) <= allowed).all()


# What has no other way to be written.
ALONE = {
    "Identity": "x is x",
    "Square": "a power is the product that it is defined as",
    "Cube": "a power is the product that it is defined as",
}


@every_entry
def test_the_second_formula_is_no_transcription_of_the_first(entry: Entry) -> None:
    assert repeats(entry.expression, FORMULAS[entry.name]) == (entry.name in ALONE)


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("x * tanh(x)", lambda x: np.tanh(x) * x),
        ("a=0.5 * tanh(b * x) + c=0", lambda x: 0.5 * np.tanh(x)),
        ("min(max(x, -1), 1)", lambda x: np.clip(x, -1, 1)),
        ("x * exp(-exp(-max(x, -7)))", lambda x: x * np.exp(-np.exp(-x))),
        ("relu(x) + x ** 2 / 2", lambda x: np.maximum(0, x) + x * x / 2),
    ],
)
def test_a_transcription_is_known_in_any_order(text: str, formula: Formula) -> None:
    assert repeats(parse(text), formula)


def overflowing() -> list[str]:
    """Entries whose value itself leaves float16 by |x| = 20, and SMU, whose mu = 1e6 does."""
    return [
        *("RePU", "XAsinhSquared", "NCU", "Exponential", "Cube", "Sinh", "SExp", "PolyReLU"),
        *("SMU",),
    ]


@every_entry
def test_value_and_slope_are_finite_where_inputs_are(entry: Entry) -> None:
    ranges = finite_ranges(entry.expression)
    for dtype, reach in (("float32", 1e4), ("bfloat16", 1e4), ("float16", 200.0)):
        holds = ranges[dtype].holds(-reach) and ranges[dtype].holds(reach)
        if entry.name in ("Exponential", "Sinh", "SExp"):  # these overflow as functions
            assert not holds
        elif dtype != "float16" or entry.name not in overflowing():
            assert holds, (dtype, ranges[dtype].text)


def test_felu_is_elu_in_base_two() -> None:
    x = torch.linspace(-8, 8, 1001, dtype=torch.float64)
    torch.testing.assert_close(
        find("FELU").expression.values(x), torch.nn.functional.elu(x), rtol=0, atol=1e-7
    )


@every_entry
def test_an_entry_trains_or_says_that_it_is_affine(entry: Entry) -> None:
    assert screen(entry.expression) == ("affine" if entry.name == "Identity" else None)


@every_entry
def test_every_name_finds_its_entry(entry: Entry) -> None:
    assert find(entry.name) is entry
    for alias in entry.aliases:
        assert find(alias.upper()) is entry
    assert entry.source


@pytest.mark.parametrize("name", ["leaky relu", "Leaky-ReLU", "leaky_relu", " LEAKYRELU "])
def test_capitals_spaces_and_hyphens_within_a_word_do_not_matter(name: str) -> None:
    assert find(name).name == "LeakyReLU"


@pytest.mark.parametrize(
    "text",
    [
        *("relu + 6", "relu+6", "swish - 1", "tanh(exp)", "tanh * exp", "sin(", "gelu)", "(tanh"),
        *("-tanh", "tanh-", "- tanh", "_tanh", "tan/h", "tanh?", "tänh"),
    ],
)
def test_a_text_with_other_signs_is_no_name(text: str) -> None:
    with pytest.raises(UnknownNameError):
        find(text)


def test_no_name_stands_for_two_entries() -> None:
    counts = Counter(simplified(n) for entry in CATALOG.values() for n in entry.names)
    assert not [name for name, count in counts.items() if count > 1]


def test_there_are_at_least_120_and_each_stands_in_one_group() -> None:
    assert len(CATALOG) == sum(map(len, GROUPS.values())) >= 120
    assert FORMULAS.keys() == CATALOG.keys()


def test_trainable_is_the_group_of_published_functions_that_learn() -> None:
    for group, entries in GROUPS.items():
        if group != "winners":
            assert all(entry.trainable == (group == "trainable") for entry in entries)


@pytest.mark.parametrize(
    "name", ["TeLU", "Swish", "sinc", "Hardsigmoid", "SReLU", "GoLU", "GELUTanh"]
)
def test_a_name_that_means_two_things_says_so(name: str) -> None:
    assert find(name).clash


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'swish'"):
        find("swihs")


def test_the_page_in_docs_is_what_its_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "--markdown"]) == 0
    page = Path(__file__).resolve().parents[2] / "docs" / "catalog.md"
    assert page.read_text() == capsys.readouterr().out


def test_the_command_filters_by_word_and_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "--json", "--group", "trainable", "swish-t"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["Swish-T", "Swish-T-A", "Swish-T-B", "Swish-T-C"]
    assert rows[1]["parameters"] == {"a": 0.1}


def test_an_unknown_group_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "--group", "wavs"]) == 1
    assert "did you mean 'waves'?" in capsys.readouterr().err
