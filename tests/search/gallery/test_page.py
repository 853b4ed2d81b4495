"""The gallery as a file: what it holds of any search, and what it may be written over."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from actsearch.search import Home, Trial
from actsearch.search.gallery.curves import GAP, POINTS, STEP, curve
from actsearch.search.gallery.page import gallery_page
from actsearch.search.gallery.shared_operators import good_ones, shared_operators
from actsearch.search.gallery.traits import traits
from actsearch.search.storage.search_file import SearchFile
from actsearch.space import parse
from contracts.tiny import TINY


class CommandResult(NamedTuple):
    status: int
    out: str
    err: str


def data_of(page: str) -> dict[str, Any]:
    """The data that the page's script reads."""
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    data: dict[str, Any] = json.loads(text)
    return data


def status_and_verdict(page: str) -> str:
    search = data_of(page)["search"]
    return f"{search['status']}. {search['verdict']}"


def test_a_search_of_which_nothing_has_trained_says_so(file: SearchFile) -> None:
    page = gallery_page(file, [], None)
    assert "begun: 0 of 6 candidates trained" in status_and_verdict(page)
    assert "actsearch search --resume --name mine" in page
    at_home = status_and_verdict(gallery_page(file, [], None, home=" --home there"))
    assert "`actsearch search --resume --name mine --home there`" in at_home


def test_an_unfinished_search_says_how_far_it_is(
    file: SearchFile, trials: Sequence[Trial]
) -> None:
    text = status_and_verdict(gallery_page(file, trials[:2], None))
    assert "unfinished: 2 of 6 candidates trained" in text
    assert "nothing is confirmed" in text


def test_a_search_without_confirmation_names_the_command(
    file: SearchFile, trials: Sequence[Trial]
) -> None:
    text = status_and_verdict(gallery_page(file, trials, None))
    assert "searched, not confirmed: 7 candidates trained" in text
    assert "`actsearch confirm mine`" in text


@pytest.mark.parametrize("evaluator", ["core-1-table", "mine:evaluator"])
def test_a_search_that_may_have_no_test_data_is_advised_otherwise(
    trials: Sequence[Trial], evaluator: str
) -> None:
    config = {"name": "mine", "recipe": TINY, "second": None, "evaluator": evaluator}
    file = SearchFile.of(config, {"candidates": 6})
    text = status_and_verdict(gallery_page(file, trials, None))
    advice = {
        "core-1-table": "A table has no test data: `actsearch confirm 'min(x, sin(x))'`",
        "mine:evaluator": "over fresh seeds, where its evaluator has test data",
    }
    assert advice[evaluator] in text


def test_a_score_is_rounded_once_as_the_terminal_does(
    file: SearchFile, trial: Callable[..., Trial]
) -> None:
    accuracy = 0.2058497  # to five digits, and then to two decimals of a per cent: 20.59
    (entry,) = data_of(gallery_page(file, [trial(0, "tanh(x)", accuracy)], None))["candidates"]
    assert f"{100 * entry['accuracy']:.2f}" == f"{100 * accuracy:.2f}" == "20.58"


def test_what_no_evaluator_measured_is_not_on_the_page(
    file: SearchFile, trial: Callable[..., Trial]
) -> None:
    looked_up = trial(0, "x * beta", 0.5, train_losses=(), val_losses={1: float("nan")})
    (entry,) = data_of(gallery_page(file, [looked_up], None))["candidates"]
    assert (entry["losses"], entry["parameters"][0]["learned"]) == ([], [])
    assert "val_losses" not in entry


def test_a_search_of_which_all_diverged_shows_the_reasons(
    file: SearchFile, trial: Callable[..., Trial]
) -> None:
    lost = {"state": "infeasible", "reason": "the loss is nan at epoch 1"}
    broken = trial(0, "a * exp(x)", learned={"a": (float("nan"),)}, **lost)
    data = data_of(gallery_page(file, [broken, trial(1, "exp(exp(x))", **lost)], None))
    assert data["search"]["diverged"] == 2
    first = data["candidates"][0]
    assert first["reason"] == lost["reason"]
    assert first["parameters"][0]["learned"] == [None]
    assert first["curve"] == curve(parse("a * exp(x)"), {})


def test_a_formula_of_another_version_is_listed_without_a_curve(
    file: SearchFile, trial: Callable[..., Trial]
) -> None:
    (entry,) = data_of(gallery_page(file, [trial(0, "no_such(x)", 0.5)], None))["candidates"]
    assert "curve" not in entry
    assert "no_such" in entry["unread"]


def test_a_curve_is_read_back_to_half_a_thousandth() -> None:
    packed = curve(parse("x * beta"), {"beta": (1.0, 2.0)})
    steps = np.frombuffer(base64.b64decode(packed["f"]), "<i2")
    x = np.linspace(-5, 5, POINTS)
    np.testing.assert_allclose(steps * STEP, 1.5 * x, atol=STEP)
    undefined = np.frombuffer(
        base64.b64decode(curve(parse("0 * exp(exp(exp(x)))"), {})["f"]), "<i2"
    )
    assert undefined[-1] == GAP
    packed = curve(parse("max(x, 0) + min(x, 0)"), {})  # x, in whose corner torch's slope is 0
    assert np.ptp(np.frombuffer(base64.b64decode(packed["slope"]), "<i2")) == 0


@pytest.mark.parametrize(
    ("formula", "jump", "direction", "bounded", "known"),
    [
        ("max(x, 0)", "slope", "increasing", False, "ReLU"),
        ("-tanh(x)", None, "decreasing", True, "new; nearest is"),
        ("sigmoid(x) * x", None, "neither", False, "SiLU"),
        ("sin(x)", None, "neither", True, "Sine"),
        ("elu(x)", "curvature", "increasing", False, "ELU"),
        ("x / abs(x)", "value", "increasing", True, ""),
    ],
)
def test_traits_of_known_functions(
    formula: str, jump: str | None, direction: str, bounded: bool, known: str
) -> None:
    known_of = traits(parse(formula))
    shape = known_of.shape
    assert (shape.jump, shape.direction, shape.bounded) == (jump, direction, bounded)
    assert known_of.known_as.startswith(known)


@pytest.mark.parametrize(
    ("learned", "known_as", "known", "bounded"),
    [
        ({"beta": (1.0,)}, "exactly Tanh", True, True),
        ({"beta": (0.5, 0.6)}, "began as Tanh; ", False, False),  # has a cube by now
        ({"beta": (float("nan"),)}, "exactly Tanh", True, True),  # diverged: as it began
        ({}, "exactly Tanh", True, True),
    ],
)
def test_a_function_is_named_as_it_was_trained_to_be(
    file: SearchFile,
    trial: Callable[..., Trial],
    learned: dict[str, tuple[float, ...]],
    known_as: str,
    known: bool,
    bounded: bool,
) -> None:
    best = trial(0, "beta * tanh(x) + (1 - beta) * x**3", 0.5, learned=learned)
    (entry,) = data_of(gallery_page(file, [best], None))["candidates"]
    assert entry["known_as"].startswith(known_as)
    assert (entry["known"], entry["bounded"]) == (known, bounded)


def test_shared_operators_stand_beside_what_chance_gives() -> None:
    good = [["sigmoid", "mul"]] * 10
    counts = {c.name: c for c in shared_operators([*good, *[["exp", "mul"]] * 40])}
    assert good_ones(50) == 10
    assert (counts["sigmoid"].good, counts["sigmoid"].all) == (10, 10)
    assert counts["sigmoid"].expected == 2.0
    assert counts["sigmoid"].sure
    assert (counts["mul"].good, counts["mul"].expected, counts["mul"].sure) == (10, 10.0, False)
    assert shared_operators([["exp"]] * 9) == [] == shared_operators([])


def test_the_page_fetches_nothing_and_runs_no_script_but_its_own(
    file: SearchFile, trials: Sequence[Trial]
) -> None:
    page = gallery_page(file, trials, None)
    assert "default-src &#39;none&#39;" in page
    assert not re.findall(r"""(?:src|href)=["']?(?!#)[a-z]+:""", page)
    assert page.count("<script") == page.count("</script") == 2


def test_the_verb_writes_the_page_and_only_over_an_earlier_one(
    actsearch: Callable[..., CommandResult], finished: Home, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "page.html"
    command = ("gallery", "mine", "--home", finished.root, "-o", target)
    outcome = actsearch(*command, "--json")
    assert json.loads(outcome.out) == {"page": str(target), "bytes": target.stat().st_size}
    assert len(data_of(target.read_text())["candidates"]) == 8
    assert data_of(target.read_text())["search"]["home"] == f" --home {finished.root}"
    assert actsearch(*command).status == 0
    target.write_text("my notes")
    outcome = actsearch(*command)
    assert outcome.status == 1
    assert "page.html is something else: name another with -o FILE" in outcome.err
    assert target.read_text() == "my notes"
    assert [path.name for path in target.parent.iterdir()] == ["page.html"]
