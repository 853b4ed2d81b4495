"""The ledger of a confirmation loses nothing but a torn line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from actsearch.search.errors import HomeUnusable
from actsearch.search.storage.confirmation_log import ConfirmationLog, Opening, Retraining

OPENING = Opening("2026-01-01T00:00:00+00:00", ("relu(x)",), (5, 6))
WHOLE = Retraining(
    "abc", "mlp", 5, "x * sigmoid(beta * x)", 0.8, 0.7, {"beta": (1.5, 2.0)}, None, b"\1\0\2" * 99
)
DIVERGED = Retraining("abc", "mlp", 6, "exp(x)", None, None, {}, "training loss is nan in epoch 1")


def test_what_is_added_is_there_for_the_next_process(tmp_path: Path) -> None:
    ConfirmationLog(tmp_path).add([OPENING, WHOLE])
    ConfirmationLog(tmp_path).add([DIVERGED])
    found = ConfirmationLog(tmp_path)
    assert found.openings == [OPENING]
    assert found.trainings == {WHOLE.key: WHOLE, DIVERGED.key: DIVERGED}


def test_an_absent_ledger_is_empty_and_reading_makes_none(tmp_path: Path) -> None:
    found = ConfirmationLog(tmp_path)
    assert (found.openings, found.trainings) == ([], {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kept", [1, 30, -1])
def test_a_line_torn_by_a_kill_is_forgotten_and_written_over(tmp_path: Path, kept: int) -> None:
    ConfirmationLog(tmp_path).add([OPENING])
    path = tmp_path / "confirmation.jsonl"
    before = path.read_bytes()
    ConfirmationLog(tmp_path).add([WHOLE])
    torn = path.read_bytes()[len(before) :][:kept]
    path.write_bytes(before + torn)
    found = ConfirmationLog(tmp_path)
    assert (found.openings, found.trainings) == ([OPENING], {})
    found.add([WHOLE])
    found.add([DIVERGED])
    assert ConfirmationLog(tmp_path).trainings == {WHOLE.key: WHOLE, DIVERGED.key: DIVERGED}
    assert len(path.read_text().splitlines()) == 3


def test_a_line_of_before_hits_were_kept_tells_none(tmp_path: Path) -> None:
    ConfirmationLog(tmp_path).add([WHOLE])
    path = tmp_path / "confirmation.jsonl"
    line = json.loads(path.read_text())
    assert len(line.pop("hits")) < 99, "packed"
    path.write_text(json.dumps(line) + "\n")
    assert ConfirmationLog(tmp_path).trainings == {WHOLE.key: replace(WHOLE, test_correct=None)}


def test_damaged_hits_are_named_with_their_line(tmp_path: Path) -> None:
    ConfirmationLog(tmp_path).add([WHOLE])
    path = tmp_path / "confirmation.jsonl"
    line = json.loads(path.read_text())
    for damage in (line["hits"][8:], "no base64!", 3):
        path.write_text(json.dumps({**line, "hits": damage}) + "\n")
        with pytest.raises(HomeUnusable, match="line 1 is damaged"):
            ConfirmationLog(tmp_path)


@pytest.mark.parametrize("line", ["{}", "[]", "3", '{"kind": "opening"}', '{"kind": "x"}', "{"])
def test_a_damaged_line_is_named_with_its_number(tmp_path: Path, line: str) -> None:
    ConfirmationLog(tmp_path).add([OPENING])
    path = tmp_path / "confirmation.jsonl"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(HomeUnusable, match="line 2 is damaged") as caught:
        ConfirmationLog(tmp_path)
    assert str(path) in str(caught.value)
