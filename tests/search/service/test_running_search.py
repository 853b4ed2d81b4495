"""A search in a thread: its handle, its callbacks, its end."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from actsearch.search import Home, NameTaken, RungScore, Search, SearchStopped, Trial
from actsearch.search.service.status import status_of
from actsearch.search.service.stopping import stop
from contracts.tiny import TINY, TINY_CONV

pytestmark = pytest.mark.long

SMALL: dict[str, Any] = {
    "recipe": TINY, "second": TINY_CONV, "strategy": "random", "bracket": 3, "confirm": False,
}  # fmt: skip


def test_it_calls_back_and_has_a_result(home: Home) -> None:
    candidates: list[Trial] = []
    scores: list[RungScore] = []
    running = Search(
        "mine",
        home=home.root,
        **SMALL,
        candidates=3,
        on_candidate=candidates.append,
        on_rung=scores.append,
    ).start()
    outcome = running.result()
    assert not running.running
    assert running.status.state == "finished"
    trained = [trial for trial in outcome.trials if trial.trained]
    assert sorted(trial.number for trial in candidates) == sorted(t.number for t in trained)
    accuracies = {(s.trial, s.epoch): s.val_accuracy for s in scores if s.val_accuracy is not None}
    assert accuracies == {
        (trial.number, epoch): accuracy
        for trial in trained
        for epoch, accuracy in trial.val_accuracies.items()
    }
    assert {s.epoch for s in scores if s.state == "complete"} == {4}
    with pytest.raises(NameTaken):
        Search("mine", home=home.root, **SMALL).start().result()


@pytest.mark.parametrize("by_command", [False, True])
def test_it_is_stopped_by_its_handle_or_from_any_terminal(home: Home, by_command: bool) -> None:
    began = threading.Event()
    running = Search(
        "mine", home=home.root, **SMALL, candidates=100_000, on_rung=lambda score: began.set()
    ).start()
    assert began.wait(120)
    with pytest.raises(TimeoutError, match=r"still runs after 0\.01 seconds"):
        running.result(0.01)
    if by_command:
        assert running.status.state == "searching"
        status = stop(home, "mine", lambda text: None)
    else:
        status = running.stop()
    assert status.state == "stopped"
    with pytest.raises(SearchStopped, match=r"go on with Search\('mine', resume=True\)"):
        running.result()
    entered = status_of(home, "mine").entered
    outcome = Search("mine", home=home.root, resume=True, candidates=entered).run()
    assert sum(trial.state in ("running", "waiting") for trial in outcome.trials) == 0


def test_a_callback_stops_its_own_search_and_cannot_wait_for_it(home: Home) -> None:
    states: list[str] = []
    waits: list[BaseException] = []

    def stop_it(trial: Trial) -> None:
        ready.wait()
        states.append(running.stop().state)
        try:
            running.result()
        except TimeoutError as error:
            waits.append(error)

    ready = threading.Event()
    search = Search("mine", home=home.root, **SMALL, candidates=100_000, on_candidate=stop_it)
    running = search.start()
    ready.set()
    with pytest.raises(SearchStopped):
        running.result(120)
    assert states[0] == "searching"
    assert "its own callback waits" in str(waits[0])
    assert running.status.state == "stopped"
    assert running.stop().state == "stopped"


def test_what_a_callback_raises_ends_the_search_and_is_raised(home: Home) -> None:
    def fail(trial: Trial) -> None:
        raise ZeroDivisionError("mine")

    running = Search("mine", home=home.root, **SMALL, candidates=9, on_candidate=fail).start()
    with pytest.raises(ZeroDivisionError, match="mine"):
        running.result()
    assert running.status.state == "failed"
    assert running.status.reason == "ZeroDivisionError: mine"
