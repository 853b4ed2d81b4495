"""The sources of a data set that is not in the cache: a copy on this machine, or a download.

Each gives a folder that has the files, unpacked, as `.gz`, or all in the published archive.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ...space.errors import ActsearchError
from .datasets import DataSet
from .formats import DamagedData

SYSTEM_COPIES = Path("/usr/share/datasets")  # Debian's packages install below it
STALL_LIMIT = 20  # seconds without an answer before a connection counts as dead
SOURCE_LIMIT = 600  # seconds for one source in all: 30 MB at 50 kB/s

Source = tuple[str, Callable[[], Path]]  # its name, and what fetches the files into a folder

# torchvision's own download, without its loader: that would unpickle what only MD5 has checked.
_DOWNLOAD = """
import socket, sys
from torchvision import datasets
from torchvision.datasets.utils import download_and_extract_archive
root, title, limit = sys.argv[1:]
socket.setdefaulttimeout(float(limit))
known = getattr(datasets, title)
if hasattr(known, "tgz_md5"):
    download_and_extract_archive(known.url, root, filename=known.filename, md5=known.tgz_md5)
else:
    known(root, download=True)
"""


class DataUnavailable(ActsearchError):
    """Raised when no source has the images; the message lists each source with its error."""


def sources_of(dataset: DataSet, staging: Path, copy: Path | None, system: Path) -> list[Source]:
    """The sources in the order in which they are tried; downloads go to `staging`."""
    if copy is not None:
        folder = copy.expanduser().absolute()
        return [("your copy", lambda: folder)]
    sources: list[Source] = [
        ("system copy", lambda: system / dataset.name),
        ("torchvision", lambda: _torchvision_download(dataset, staging)),
    ]
    if dataset.debian is not None:
        package = dataset.debian
        sources.append(
            ("Debian's package", lambda: _debian_package(package, staging) / dataset.name)
        )
    return sources


def contents_of(dataset: DataSet, source: Path) -> Iterator[tuple[str, bytes]]:
    """Each file and its bytes, from a folder that has them: as they are, as `.gz`, in the archive,
    or below it in torchvision's layout.

    Raises OSError, EOFError, zlib.error or DamagedData where it is none of these.
    """
    for folder in (source, source / dataset.folder):
        if all((folder / name).is_file() for name in dataset.files):
            yield from ((name, (folder / name).read_bytes()) for name in dataset.files)
            return
    if dataset.archive is not None:
        yield from _members(dataset, source / dataset.archive)
        return
    for name in dataset.files:
        if (source / name).is_file() or name.endswith(".gz"):
            yield name, (source / name).read_bytes()
        else:
            with gzip.open(source / f"{name}.gz") as stream:
                yield name, stream.read()


def _members(dataset: DataSet, archive: Path) -> Iterator[tuple[str, bytes]]:
    """The files in a tar archive, in one pass and in memory: nothing is written where its paths
    say."""
    missing = {f"{dataset.folder}/{name}": name for name in dataset.files}
    try:
        with tarfile.open(archive) as packed:
            for member in packed:
                file = packed.extractfile(member) if member.name in missing else None
                if file is not None:
                    yield missing.pop(member.name), file.read()
    except tarfile.TarError as error:
        raise DamagedData(f"{archive} is no whole archive: {error}") from error
    if missing:
        raise DamagedData(f"{archive} does not hold {', '.join(missing)}")


def _torchvision_download(dataset: DataSet, staging: Path) -> Path:
    # In a process of its own: torchvision sets no time limit on its connections, and the default
    # limit of sockets belongs to the whole process.
    command = (sys.executable, "-P", "-c", _DOWNLOAD, str(staging), dataset.title)
    _run(*command, str(STALL_LIMIT), folder=staging)
    return staging / dataset.folder


def _debian_package(name: str, staging: Path) -> Path:
    if shutil.which("apt-get") is None:
        raise DataUnavailable("there is no apt-get here")
    apt = ("apt-get", "-o", f"Acquire::http::Timeout={STALL_LIMIT}", "-o", "Acquire::Retries=1")
    try:
        _run(*apt, "download", name, folder=staging)
    except DataUnavailable:
        if os.geteuid() != 0:  # only root may renew the package lists, which a new machine lacks
            raise
        _run(*apt, "update", folder=staging)
        _run(*apt, "download", name, folder=staging)
    package = next(staging.glob(f"{name}_*.deb"))
    _run("dpkg-deb", "-x", str(package), "unpacked", folder=staging)
    return staging / "unpacked" / SYSTEM_COPIES.relative_to("/")


def _run(*command: str, folder: Path) -> None:
    """Run `command` in `folder`; raises DataUnavailable with the line that names the error."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SOURCE_LIMIT,
        )
    except subprocess.TimeoutExpired as error:
        raise DataUnavailable(f"no end after {SOURCE_LIMIT} s") from error
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("E:")]  # apt's, among its warnings
        raise DataUnavailable((errors or lines or [f"exit status {done.returncode}"])[-1])
