"""Equal candidates are found among many, whatever block they are in."""

from __future__ import annotations

import pytest
import torch

from actsearch.space import fingerprint, parse
from actsearch.space.enumeration import dedup as distinct
from actsearch.space.enumeration.dedup import Distinct


def added(texts: list[str]) -> Distinct:
    table = Distinct()
    for text in texts:
        mark = fingerprint(parse(text))
        table.add([tuple(sorted(start for _, start in mark.kind))], [mark.values.double()])
    return table


def test_one_of_every_set_of_equal_candidates_is_kept() -> None:
    texts = ["sin(x)", "x + x", "-sin(-x)", "2 * x", "a * x", "b * x", "a=2 * x", "x / x", "1"]
    table = added(texts)
    assert len(table) == len(texts)
    kept = {texts[i] for i in table.numbers()}
    assert len(kept) == 5
    for twins in ({"sin(x)", "-sin(-x)"}, {"x + x", "2 * x"}, {"a * x", "b * x"}, {"x / x", "1"}):
        assert len(kept & twins) == 1
    assert "a=2 * x" in kept


def test_a_division_by_a_cube_is_not_what_it_would_be_without_the_floor() -> None:
    assert len(added(["x ** 3 / x ** 3", "1"]).numbers()) == 2


def test_candidates_of_different_blocks_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinct, "BLOCK", 4)
    values = torch.arange(11, dtype=torch.float64).remainder(3)[:, None].expand(-1, 932)
    table = Distinct()
    table.add([()] * 5, list(values[:5]))
    table.add([()] * 6, list(values[5:]))
    assert len(table.numbers()) == 3


def test_nothing_added_is_nothing_found() -> None:
    assert Distinct().numbers() == []
