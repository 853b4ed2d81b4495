"""The address of the UI is a result: it is printed at once, for programs as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from actsearch.search import Home
from actsearch.search.cli import ui

URL = "http://127.0.0.1:5000/#/experiments/1"


@pytest.mark.parametrize(("flags", "read"), [((), str.strip), (("--json",), json.loads)])
def test_the_address_is_printed_as_text_or_as_a_document(
    actsearch: Callable[..., Any],
    finished: Home,
    monkeypatch: pytest.MonkeyPatch,
    flags: tuple[str, ...],
    read: Callable[[str], Any],
) -> None:
    @contextmanager
    def serve(*_: object) -> Iterator[str]:
        yield URL

    def stopped(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("actsearch.mlflow.ui_server.serve", serve)
    monkeypatch.setattr(ui, "time", SimpleNamespace(sleep=stopped))
    result = actsearch("ui", "mine", *flags, "--home", finished.root)
    assert result.status == 0
    assert read(result.out) == ({"url": URL} if flags else URL)
