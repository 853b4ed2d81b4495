"""`actsearch eafo`: the corrected candidate, the worst one, and usage errors."""

from __future__ import annotations

import json

import pytest

from actsearch.search.cli.main import main


def test_relu_is_corrected_to_crrelu(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eafo", "relu(x)"]) == 0
    shown = capsys.readouterr().out
    assert "candidate  relu(x) + epsilon=0.01 * (x * exp(-x ** 2 / 2))" in shown
    assert "found      symbolic" in shown


def test_json_has_what_the_text_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eafo", "tanh(x)", "--density", "logistic", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {"candidate", "eta", "how", "error", "density"}
    assert result["how"] == "symbolic"


def test_worst_needs_no_expression(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eafo", "--worst", "--density", "logistic", "--low", "-1"]) == 0
    assert capsys.readouterr().out == "-1 + 2 * sigmoid(x)\n"


def test_without_an_expression_it_says_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eafo"]) == 1
    assert "actsearch eafo 'relu(x)'" in capsys.readouterr().err


def test_an_unknown_density_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eafo", "relu(x)", "--density", "sin(x)"]) == 1
    assert "known: normal, logistic, laplace, cauchy" in capsys.readouterr().err


def test_a_mistyped_density_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eafo", "relu(x)", "--density", "logistik"]) == 1
    assert "unknown density 'logistik'; did you mean 'logistic'?" in capsys.readouterr().err
    assert main(["eafo", "relu(x)", "--density", "nope"]) == 1
    assert "known: cauchy, laplace, logistic, normal" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["relu(x)", "--worst"], "depends on the density alone: leave an expression out"),
        (["--worst", "--epsilon", "0.1"], "depends on the density alone: leave --epsilon out"),
        (["relu(x)", "--low", "-1"], "--low is for --worst"),
        (["relu(x)", "--high", "2"], "--high is for --worst"),
    ],
)
def test_an_argument_that_would_not_be_heard_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eafo", *arguments]) == 1
    assert message in capsys.readouterr().err
