"""Folders for a while, each held by its process: what a killed one left, a later one takes away.

What holds a folder is a file in it with a lock, which the kernel drops when the process ends,
however it ends. It is locked before it has its name: a folder without that name in it is somebody
else's, or just being made.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from .errors import ActsearchError

OWNER = "actsearch-owner"  # the file that holds a folder; it names the machine
_PREFIX = "actsearch-"
_FILES = "files"  # beside the owner


class ScratchUnusable(ActsearchError, OSError):
    """Raised where the system's folder for temporary files takes none. Whoever takes an OSError
    for an outage that may end, takes this for one too."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder, removed at the end of the block. The first one of a process removes those
    that killed processes of the same user left on this machine."""
    with _usable():
        _sweep_once(Path(tempfile.gettempdir()))
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with held(folder):
        try:
            with _usable():
                (folder / _FILES).mkdir()
            yield folder / _FILES
        finally:
            _remove(folder)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder for a block; after it, `sweep` takes it away."""
    with _usable():
        handle = os.open(folder / f"{OWNER}.partial", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with _usable():
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(handle, _machine())
            os.rename(folder / f"{OWNER}.partial", folder / OWNER)
        yield
    finally:
        os.close(handle)


def sweep(parent: Path, pattern: str) -> None:
    """Remove the folders of this user in `parent` whose process, on this machine, has ended.

    pattern: of their names, as of Path.glob. One that nobody ever held is left alone.
    """
    for folder in parent.glob(pattern):
        with suppress(OSError):  # it is held, not ours, or gone; what stays is tried again
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            handle = os.open(folder / OWNER, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Another machine's lock on a shared file system may not be seen here.
                if os.pread(handle, len(_machine()) + 1, 0) == _machine():
                    _remove(folder)
            finally:
                os.close(handle)


@cache
def _sweep_once(parent: Path) -> None:
    sweep(parent, f"{_PREFIX}*")


def _remove(folder: Path) -> None:
    """Remove a folder, its owner last: killed on the way, the rest is still told to be ours."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)  # what is still written to is left to a sweep
        elif path.name != OWNER:
            path.unlink()
    if os.listdir(folder) == [OWNER]:
        (folder / OWNER).unlink()
        folder.rmdir()


def _machine() -> bytes:
    return platform.node().encode()


@contextmanager
def _usable() -> Iterator[None]:
    """Turn the system's refusals into ScratchUnusable."""
    try:
        yield
    except OSError as error:
        raise ScratchUnusable(
            f"no folder for temporary files can be made: {error}; make room there, or set TMPDIR "
            f"to a folder where you may write"
        ) from error
