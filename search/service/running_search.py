"""A search in a thread of this program: its status, its end, its outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ..errors import SearchStopped
from ..storage.home import Home
from .status import Status, is_on_record, status_of

Outcome = TypeVar("Outcome")


class RunningSearch(Generic[Outcome]):
    """The handle that `Search.start` gives at once.

    drive: runs the search to its end in the calling thread, and raises SearchStopped soon after
    the event is set.
    """

    def __init__(self, home: Home, name: str, drive: Callable[[threading.Event], Outcome]) -> None:
        self._home, self.name, self._drive = home, name, drive
        self._stop = threading.Event()
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"search {name}")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._outcome = self._drive(self._stop)
        except BaseException as error:  # raised again by `result`, in the thread that asks
            self._error = error

    def __repr__(self) -> str:
        return f"<RunningSearch '{self.name}': {'running' if self.running else 'ended'}>"

    @property
    def status(self) -> Status:
        """How it stands now, read from its folder."""
        if self.name in self._home.names() or is_on_record(self._home, self.name):
            return status_of(self._home, self.name)
        if self.running:
            return Status(name=self.name, state="starting", begun=False)
        reason = None if self._error is None else str(self._error)
        return Status(name=self.name, state="failed", reason=reason, begun=False)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def _calls_back(self) -> bool:
        """Whether this is the search's own thread: a callback of it."""
        return threading.current_thread() is self._thread

    def stop(self) -> Status:
        """Stop it as Ctrl-C would, as soon as a worker reports, and wait until it has; in a
        callback of the search itself, which runs on until that returns, do not wait."""
        self._stop.set()
        if not self._calls_back:
            self._thread.join()
        return self.status

    def result(self, timeout: float | None = None) -> Outcome:
        """Wait for its end, and what came of it.

        Raises TimeoutError after so many seconds, while it goes on; SearchStopped if it was
        stopped; and what else it raised. Ctrl-C stops the search too.
        """
        if self._calls_back:
            raise TimeoutError(
                f"search '{self.name}' still runs, and would never end while its own callback "
                f"waits for its result: ask for it elsewhere"
            )
        try:
            self._thread.join(timeout)
        except KeyboardInterrupt:
            self.stop()
            raise
        if self._thread.is_alive():
            raise TimeoutError(f"search '{self.name}' still runs after {timeout:g} seconds")
        if isinstance(self._error, SearchStopped):
            raise SearchStopped(
                f"search '{self.name}' was stopped; what has finished is kept: go on with "
                f"Search('{self.name}', resume=True)"
            ) from self._error
        if self._error is not None:
            raise self._error
        assert self._outcome is not None
        return self._outcome
