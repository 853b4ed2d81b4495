"""A Ctrl-C that falls into a clean-up, where Python drops exceptions, is raised all the same."""

from __future__ import annotations

import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest

from actsearch.search.dropped_interrupts import AGAIN, raised_again


class Resource:
    """Has a clean-up: what is raised there goes to sys.unraisablehook."""

    def __init__(self, clean_up: Callable[[], None]) -> None:
        self._clean_up = clean_up

    def __del__(self) -> None:
        self._clean_up()


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def wait_after(action: Callable[[], object]) -> None:
    with raised_again():
        action()
        time.sleep(30)


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Ctrl-C as a terminal's command has it, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_one_in_a_destructor_is_raised_again() -> None:
    with pytest.raises(KeyboardInterrupt):
        wait_after(lambda: Resource(ctrl_c))


def test_where_ctrl_c_is_ignored_as_in_the_background_sigterm_comes_again() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            wait_after(lambda: Resource(lambda: signal.raise_signal(signal.SIGTERM)))
    finally:
        signal.signal(signal.SIGTERM, before)


def test_one_in_callbacks_of_weak_references_is_raised_again_as_often_as_it_takes() -> None:
    resources = [Resource(lambda: None) for _ in range(2)]
    references = [
        weakref.ref(resources[0], lambda _: ctrl_c()),
        weakref.ref(resources[1], lambda _: time.sleep(20 * AGAIN)),  # it comes again in here
    ]
    with pytest.raises(KeyboardInterrupt):
        wait_after(resources.clear)
    assert all(reference() is None for reference in references)


def test_other_exceptions_of_a_clean_up_are_reported_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reports: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda dropped: reports.append(dropped.exc_type))
    with raised_again():
        Resource(lambda: exec("1 / 0"))
    assert reports == [ZeroDivisionError]


def test_outside_the_main_thread_which_hears_no_signal_nothing_changes() -> None:
    before, hooks = sys.unraisablehook, []

    def look() -> None:
        with raised_again():
            hooks.append(sys.unraisablehook)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    with raised_again():
        assert sys.unraisablehook is not before
    assert [*hooks, sys.unraisablehook] == [before, before]
