"""An executor around another, which it enters and leaves with it."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from .base import Executor


class Wrapping:
    """Base of executors that change what goes in and out of `self._executor`, by their `run`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def __enter__(self) -> Self:
        self._executor.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._executor.__exit__(kind, error, trace)
