"""The lock on a search's folder: one process drives it, and the kernel frees it when that dies."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import HomeUnusable, SearchBusy
from .usable import refuse_link, refuse_special, usable

LOCK = "lock"
_LOOKS = 10  # times that a lock is tried for: `holder` has it for microseconds
_LOOK_AGAIN = 0.02  # seconds between them


@contextmanager
def lock(folder: Path, name: str = LOCK) -> Iterator[int]:
    """Hold a search's folder as the only process that drives it; raises SearchBusy.

    flock, not the file's existence: the kernel drops it when the holder dies, however it dies.
    Gives the lock's file descriptor.
    """
    refuse_link(folder)
    path = folder / name
    with usable(folder):
        refuse_link(path)
        refuse_special(path)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        if not _is_locked(handle, folder):
            holder = _pid_in(handle) or "unknown"
            raise SearchBusy(
                f"search '{folder.name}' is being driven by process {holder}: wait for it, or "
                f"stop it with `actsearch stop {folder.name}`"
            )
        if os.fstat(handle).st_nlink == 0:  # by the process that held it, a moment ago
            raise HomeUnusable(f"{folder} was just removed by another process: try again")
        with usable(folder):
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield handle
    finally:
        os.close(handle)


def _is_locked(handle: int, folder: Path) -> bool:
    """Lock a file for this process alone; whether no other one has it."""
    for attempt in range(_LOOKS):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                with usable(folder):
                    raise
        if attempt < _LOOKS - 1:
            time.sleep(_LOOK_AGAIN)
    return False


def holder(folder: Path, name: str = LOCK) -> int | None:
    """The process that holds a folder's lock, 0 where it cannot be read; None: nobody does."""
    try:
        handle = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # it was never held, or is gone with its folder
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            with usable(folder):
                raise
        text = _pid_in(handle)
        return int(text) if text.isdecimal() else 0
    else:
        return None
    finally:
        os.close(handle)


def _pid_in(handle: int) -> str:
    return os.pread(handle, 32, 0).decode(errors="replace").strip()
