"""FashionMNIST on disk: found, fetched once, verified.

The images lie in torchvision's own layout, `ROOT/FashionMNIST/raw/`, so that a folder torchvision
has filled serves as it is, and ours serves torchvision (`download=False`). 60,000 training and
10,000 test images of 28 x 28 pixels, 8 bit, ten classes; MIT licence, Zalando Research
(Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747).
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import logging
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType

from ..space.errors import ActsearchError

logger = logging.getLogger(__name__)

# SHA-256 of the unpacked files. Of the `.gz` files there is no one digest: Debian compressed them
# again, so theirs differ from the publisher's while the images inside are the same.
DIGESTS = MappingProxyType(
    {
        "train-images-idx3-ubyte": (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
        ),
        "train-labels-idx1-ubyte": (
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
        ),
        "t10k-images-idx3-ubyte": (
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
        ),
        "t10k-labels-idx1-ubyte": (
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
        ),
    }
)
SYSTEM_COPY = Path("/usr/share/datasets/fashion-mnist")  # Debian's package installs here
DEBIAN_PACKAGE = "dataset-fashion-mnist"
STALL_LIMIT = 20  # seconds without an answer before a connection counts as dead
ROAD_LIMIT = 600  # seconds for one road in all: 30 MB at 50 kB/s


class DataUnavailable(ActsearchError):
    """Raised when no road leads to the images; the message lists each road with its error."""


class DamagedData(ActsearchError):
    """Raised when a file is not what was published; the message names it and what to do."""


def data_root() -> Path:
    """The per-user data cache: `ACTSEARCH_DATA`, or `actsearch` in the user's cache folder."""
    if chosen := os.environ.get("ACTSEARCH_DATA"):
        return Path(chosen).expanduser().absolute()
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches).absolute() / "actsearch"


def locate(root: Path | None = None, *, system: Path = SYSTEM_COPY) -> Path:
    """The folder with the four unpacked files, after fetching those that are missing.

    Tried in order: `root` itself (default `data_root()`), the system copy, torchvision's
    download, Debian's package. What arrives is verified before it is renamed into place, so that
    no fetch, killed or doubled, leaves half a file. Files that are there already are verified
    where they are read (`read_verified`) and never replaced.

    Raises:
        DataUnavailable: every road failed, or the cache cannot be written.
    """
    folder = (root or data_root()).absolute() / "FashionMNIST" / "raw"
    if _missing(folder):
        with _staging(folder) as staging:
            if _missing(folder):  # unless another process fetched them while this one waited
                _fetch(folder, staging, system)
    return folder


def verify(folder: Path) -> None:
    """Read all four files of `folder`; raises like `read_verified` for the first one at fault."""
    for name in DIGESTS:
        read_verified(folder, name)


def read_verified(folder: Path, name: str) -> bytearray:
    """The content of one file, checked in memory, so that what is checked is what is used.

    Raises:
        DamagedData: it is truncated, or another file than the published one.
        DataUnavailable: it cannot be read.
    """
    path = folder / name
    try:
        content = bytearray(path.read_bytes())
    except OSError as error:
        raise DataUnavailable(f"cannot read {path}: {error}; run `actsearch data`") from error
    found = hashlib.sha256(content).hexdigest()
    if found != DIGESTS[name]:
        raise DamagedData(
            f"{path} is truncated or another file: its SHA-256 must be {DIGESTS[name][:12]}…, but "
            f"is {found[:12]}… ({len(content):,} bytes); delete it and run `actsearch data`"
        )
    return content


def _missing(folder: Path) -> list[str]:
    # os.path, because Path.exists raises where a folder above may not be entered
    return [name for name in DIGESTS if not os.path.exists(folder / name)]


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


def _fetch(folder: Path, staging: Path, system: Path) -> None:
    """Fill `folder` by the first road that works; each road gives a folder of `.gz` files."""
    roads: tuple[tuple[str, Callable[[], Path]], ...] = (
        ("system copy", lambda: system),
        ("torchvision", lambda: _torchvision_download(staging)),
        ("Debian's package", lambda: _debian_package(staging)),
    )
    tried = []
    for name, road in roads:
        try:
            _install(road(), staging, folder)
        except (OSError, EOFError, zlib.error, ActsearchError) as error:
            logger.info("FashionMNIST, %s: %s", name, error)
            tried.append(f"{name}: {error}")
        else:
            logger.info("FashionMNIST, %s: now in %s", name, folder)
            return
    raise DataUnavailable(
        f"FashionMNIST is not in {folder} and could not be fetched ({'; '.join(tried)}); run "
        "`actsearch data` where there is a network, or set ACTSEARCH_DATA to a folder that has "
        f"FashionMNIST/raw/ with {', '.join(DIGESTS)}"
    )


def _install(source: Path, staging: Path, folder: Path) -> None:
    """Unpack and verify all four files, then rename those that `folder` lacks into place."""
    for name in DIGESTS:
        packed = source / f"{name}.gz"
        with gzip.open(packed) as stream:
            content = stream.read()
        if hashlib.sha256(content).hexdigest() != DIGESTS[name]:
            raise DamagedData(f"{packed} does not hold the published file")
        (staging / name).write_bytes(content)
    for name in _missing(folder):
        (staging / name).replace(folder / name)


def _torchvision_download(staging: Path) -> Path:
    # In a process of its own: torchvision sets no time limit on its connections, and the default
    # limit of sockets belongs to the whole process.
    script = (
        "import socket, sys; socket.setdefaulttimeout(float(sys.argv[2])); "
        "from torchvision.datasets import FashionMNIST; FashionMNIST(sys.argv[1], download=True)"
    )
    _run(sys.executable, "-P", "-c", script, str(staging), str(STALL_LIMIT), folder=staging)
    return staging / "FashionMNIST" / "raw"


def _debian_package(staging: Path) -> Path:
    if shutil.which("apt-get") is None:
        raise DataUnavailable("there is no apt-get here")
    apt = ("apt-get", "-o", f"Acquire::http::Timeout={STALL_LIMIT}", "-o", "Acquire::Retries=1")
    try:
        _run(*apt, "download", DEBIAN_PACKAGE, folder=staging)
    except DataUnavailable:
        if os.geteuid() != 0:  # only root may renew the package lists, which a new machine lacks
            raise
        _run(*apt, "update", folder=staging)
        _run(*apt, "download", DEBIAN_PACKAGE, folder=staging)
    package = next(staging.glob(f"{DEBIAN_PACKAGE}_*.deb"))
    _run("dpkg-deb", "-x", str(package), "unpacked", folder=staging)
    return staging / "unpacked" / SYSTEM_COPY.relative_to("/")


def _run(*command: str, folder: Path) -> None:
    """Run `command` in `folder`; a failure is told by the line that names the error."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ROAD_LIMIT,
        )
    except subprocess.TimeoutExpired as error:
        raise DataUnavailable(f"no end after {ROAD_LIMIT} s") from error
    if done.returncode != 0:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in said if line.startswith("E:")]  # apt's, among its warnings
        raise DataUnavailable((errors or said or [f"exit status {done.returncode}"])[-1])
