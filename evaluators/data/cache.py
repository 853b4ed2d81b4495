"""Data sets on disk: found, fetched once, verified.

The images lie in torchvision's own layout, `ROOT/FashionMNIST/raw/` and the like, so that a folder
torchvision has filled serves as it is. datasets.py says what each set is; sources.py, where it may
come from.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

from ...space.errors import ActsearchError
from .datasets import FASHION_MNIST, DataSet
from .formats import DamagedData, unpacked
from .sources import (
    SYSTEM_COPIES,
    DataUnavailable,
    contents_of,
    sources_of,
)

logger = logging.getLogger(__name__)


def data_root() -> Path:
    """The per-user data cache: `ACTSEARCH_DATA`, or `actsearch` in the user's cache folder."""
    if chosen := os.environ.get("ACTSEARCH_DATA"):
        return Path(chosen).expanduser().absolute()
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches).absolute() / "actsearch"


def folder_of(dataset: DataSet, root: Path | None = None) -> Path:
    """Where a data set's files lie below `root` (default `data_root()`), if they are there."""
    return (root or data_root()).absolute() / dataset.folder


def is_here(dataset: DataSet, root: Path | None = None) -> bool:
    """Whether all of its files are in the cache; what they hold is checked when they are read."""
    return not _missing(dataset, folder_of(dataset, root))


def locate(
    dataset: DataSet = FASHION_MNIST,
    root: Path | None = None,
    *,
    copy: Path | None = None,
    system: Path = SYSTEM_COPIES,
) -> Path:
    """The folder with a data set's files, after fetching those that are missing.

    Tried in order: `root` itself (default `data_root()`); then `copy`, a folder of the user's that
    has the files, and nothing else; or else the system copy, torchvision's download, Debian's
    package. Files are verified before they are renamed into place, so that no fetch, killed or
    doubled, leaves half of one. Files that are there already are verified where they are read
    (`read_verified`) and never replaced.

    Raises:
        DataUnavailable: every source failed, or the cache cannot be written.
    """
    folder = folder_of(dataset, root)
    if _missing(dataset, folder):
        with _staging(folder) as staging:
            if _missing(dataset, folder):  # unless another process fetched them meanwhile
                _fetch(dataset, folder, staging, copy, system)
    return folder


def verify(dataset: DataSet, folder: Path) -> None:
    """Read all files of `folder`; raises like `read_verified` for the first one at fault."""
    for name in dataset.files:
        read_verified(dataset, folder, name)


def read_verified(dataset: DataSet, folder: Path, name: str) -> bytearray:
    """The content of one file, checked in memory, so that what is checked is what is used.

    Raises:
        DamagedData: it is truncated, or another file than the published one.
        DataUnavailable: it cannot be read.
    """
    path, published = folder / name, dataset.files[name]
    again = f"run `actsearch data {dataset.name}`"
    try:
        content = bytearray(path.read_bytes())
    except OSError as error:
        raise DataUnavailable(f"cannot read {path}: {error}; {again}") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != published:
        raise DamagedData(
            f"{path} is truncated or another file: its SHA-256 must be {published[:12]}…, but is "
            f"{digest[:12]}… ({len(content):,} bytes); delete it and {again}"
        )
    return unpacked(content) if name.endswith(".gz") else content


def _missing(dataset: DataSet, folder: Path) -> list[str]:
    # os.path, because Path.exists raises where a folder above may not be entered
    return [name for name in dataset.files if not os.path.exists(folder / name)]


@contextlib.contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """An empty folder inside `folder` (renaming works only within one file system), under a lock
    that dies with its process: whatever an earlier fetch left there is stale."""
    staging = folder / ".fetch"
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context((folder / ".fetch.lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir()
        except OSError as error:
            raise DataUnavailable(
                f"the data cache {folder} cannot be written: {error}; set ACTSEARCH_DATA to a "
                "folder that can"
            ) from error
        stack.callback(shutil.rmtree, staging, ignore_errors=True)
        yield staging


def _fetch(dataset: DataSet, folder: Path, staging: Path, copy: Path | None, system: Path) -> None:
    """Fill `folder` from the first source that works."""
    tried = []
    for name, fetch in sources_of(dataset, staging, copy, system):
        try:
            _install(dataset, fetch(), staging, folder)
        except (OSError, EOFError, zlib.error, ActsearchError) as error:
            logger.info("%s, %s: %s", dataset.title, name, error)
            tried.append(f"{name}: {error}")
        else:
            logger.info("%s, %s: now in %s", dataset.title, name, folder)
            return
    where = dataset.archive or ", ".join(dataset.files)
    raise DataUnavailable(
        f"{dataset.title} is not in {folder} and could not be fetched ({'; '.join(tried)}); run "
        f"`actsearch data {dataset.name}` where there is a network and copy that folder here, or "
        f"give a folder that has {where}: `actsearch data {dataset.name} --from DIR`"
    )


def _install(dataset: DataSet, source: Path, staging: Path, folder: Path) -> None:
    """Unpack and verify all files, then rename those that `folder` lacks into place."""
    for name, content in contents_of(dataset, source):
        if hashlib.sha256(content).hexdigest() != dataset.files[name]:
            raise DamagedData(f"{name} in {source} is not the published file")
        (staging / name).write_bytes(content)
    for name in _missing(dataset, folder):
        (staging / name).replace(folder / name)
