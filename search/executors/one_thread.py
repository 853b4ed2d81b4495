"""One thread for torch's kernels while this process trains: two on one training are slower where
cores are shared."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# Of the process, as the number of threads is: searches of one program may overlap, and the last
# to end gives back what the first has taken.
_LOCK = threading.Lock()
_BEFORE: list[int] = []


@contextmanager
def one_thread() -> Iterator[None]:
    """A block in which torch has one thread; after the last such block it has those of before."""
    with _LOCK:
        _BEFORE.append(torch.get_num_threads() if not _BEFORE else _BEFORE[0])
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _LOCK:
            before = _BEFORE.pop()
            if not _BEFORE:
                torch.set_num_threads(before)
