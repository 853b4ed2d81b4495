"""The log of a confirmation loses nothing but a torn line, and keeps its format."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from actsearch.search import HomeUnusable
from actsearch.search.storage.confirmation_log import ConfirmationLog, Opening, Retraining

OPENING = Opening(at="2026-01-01T00:00:00+00:00", finalists=("relu(x)",), seeds=(5, 6))
WHOLE = Retraining(
    recipe="abc",
    network="mlp",
    seed=5,
    expression="x * sigmoid(beta * x)",
    val_accuracy=0.8,
    test_accuracy=0.7,
    learned={"beta": (1.5, 2.0)},
    test_correct=b"\1\0\2" * 99,
)
DIVERGED = Retraining(
    recipe="abc",
    network="mlp",
    seed=6,
    expression="exp(x)",
    val_accuracy=None,
    test_accuracy=None,
    reason="training loss is nan in epoch 1",
)
# As the first release wrote them.
LINES = """\
{"kind": "opening", "at": "2026-01-01T00:00:00+00:00", "finalists": ["relu(x)"], "seeds": [5, 6], \
"dataset": "fashion-mnist"}
{"kind": "training", "recipe": "abc", "network": "mlp", "seed": 5, \
"expression": "x * sigmoid(beta * x)", "val": 0.8, "test": 0.7, "learned": {"beta": [1.5, 2.0]}, \
"reason": null, "hits": "eNpjZGBiHEVEIACtowEq"}
{"kind": "training", "recipe": "abc", "network": "mlp", "seed": 6, "expression": "exp(x)", \
"val": null, "test": null, "learned": {}, "reason": "training loss is nan in epoch 1", \
"hits": null}
"""


def test_what_is_added_is_there_for_the_next_process(tmp_path: Path) -> None:
    ConfirmationLog(tmp_path).add([OPENING, WHOLE])
    ConfirmationLog(tmp_path).add([DIVERGED])
    log = ConfirmationLog(tmp_path)
    assert log.openings == [OPENING]
    assert log.trainings == {WHOLE.key: WHOLE, DIVERGED.key: DIVERGED}


def test_the_lines_are_those_of_the_first_release(tmp_path: Path) -> None:
    ConfirmationLog(tmp_path).add([OPENING, WHOLE, DIVERGED])
    assert (tmp_path / "confirmation.jsonl").read_text() == LINES
    log = ConfirmationLog(tmp_path)
    assert (log.openings, list(log.trainings.values())) == ([OPENING], [WHOLE, DIVERGED])


def test_numbers_that_json_has_not_come_back(tmp_path: Path) -> None:
    ConfirmationLog(tmp_path).add([replace(DIVERGED, learned={"beta": (math.inf, -math.inf)})])
    (training,) = ConfirmationLog(tmp_path).trainings.values()
    assert training.learned == {"beta": (math.inf, -math.inf)}


def test_openings_from_before_there_were_other_sets_are_fashion_mnist_s(tmp_path: Path) -> None:
    line = '{"kind": "opening", "at": "2026-01-01", "finalists": ["sin(x)"], "seeds": [1]}\n'
    (tmp_path / "confirmation.jsonl").write_text(line)
    assert ConfirmationLog(tmp_path).openings == [
        Opening(at="2026-01-01", finalists=("sin(x)",), seeds=(1,), dataset="fashion-mnist")
    ]


def test_an_absent_log_is_empty_and_reading_makes_none(tmp_path: Path) -> None:
    log = ConfirmationLog(tmp_path)
    assert (log.openings, log.trainings) == ([], {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kept", [1, 30, -1])
def test_a_line_torn_by_a_kill_is_forgotten_and_written_over(tmp_path: Path, kept: int) -> None:
    ConfirmationLog(tmp_path).add([OPENING])
    path = tmp_path / "confirmation.jsonl"
    before = path.read_bytes()
    ConfirmationLog(tmp_path).add([WHOLE])
    torn = path.read_bytes()[len(before) :][:kept]
    path.write_bytes(before + torn)
    log = ConfirmationLog(tmp_path)
    assert (log.openings, log.trainings) == ([OPENING], {})
    log.add([WHOLE])
    log.add([DIVERGED])
    assert ConfirmationLog(tmp_path).trainings == {WHOLE.key: WHOLE, DIVERGED.key: DIVERGED}
    assert len(path.read_text().splitlines()) == 3


def test_a_line_of_before_there_was_a_record_by_image_has_none(tmp_path: Path) -> None:
    ConfirmationLog(tmp_path).add([WHOLE])
    path = tmp_path / "confirmation.jsonl"
    line = json.loads(path.read_text())
    assert len(line.pop("hits")) < 99, "packed"
    path.write_text(json.dumps(line) + "\n")
    assert ConfirmationLog(tmp_path).trainings == {WHOLE.key: replace(WHOLE, test_correct=None)}


def test_a_damaged_record_by_image_is_named_with_its_line(tmp_path: Path) -> None:
    ConfirmationLog(tmp_path).add([WHOLE])
    path = tmp_path / "confirmation.jsonl"
    line = json.loads(path.read_text())
    for damage in (line["hits"][8:], "no base64!", 3):
        path.write_text(json.dumps({**line, "hits": damage}) + "\n")
        with pytest.raises(HomeUnusable, match="line 1 is damaged"):
            ConfirmationLog(tmp_path)


@pytest.mark.parametrize("missing", ["val", "test"])
def test_a_training_that_has_one_accuracy_of_two_is_damaged(tmp_path: Path, missing: str) -> None:
    ConfirmationLog(tmp_path).add([WHOLE])
    path = tmp_path / "confirmation.jsonl"
    path.write_text(json.dumps({**json.loads(path.read_text()), missing: None}) + "\n")
    with pytest.raises(HomeUnusable, match=r"line 1 is damaged .*both numbers"):
        ConfirmationLog(tmp_path)


@pytest.mark.parametrize("line", ["{}", "[]", "3", '{"kind": "opening"}', '{"kind": "x"}', "{"])
def test_a_damaged_line_is_named_with_its_number(tmp_path: Path, line: str) -> None:
    ConfirmationLog(tmp_path).add([OPENING])
    path = tmp_path / "confirmation.jsonl"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(HomeUnusable, match="line 2 is damaged") as caught:
        ConfirmationLog(tmp_path)
    assert str(path) in str(caught.value)
