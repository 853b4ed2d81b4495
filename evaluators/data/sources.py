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

    Names may have another case, or a dot as in `train-images.idx3-ubyte`. Raises OSError,
    EOFError, zlib.error or DamagedData where it is none of these.
    """
    folders = (source, source / "raw", source / dataset.folder)
    files = max((_files_in(folder, dataset) for folder in folders), key=len)
    if len(files) < len(dataset.files) and dataset.archive is not None:
        archive = _spelled(source).get(_spelling(dataset.archive), source / dataset.archive)
        yield from _members(dataset, archive)
        return
    for name in dataset.files:
        path = files.get(name, source / f"{name.removesuffix('.gz')}.gz")  # this one is missing
        if _spelling(path.name) == _spelling(name):
            yield name, path.read_bytes()
        else:
            with gzip.open(path) as stream:
                yield name, stream.read()


def _files_in(folder: Path, dataset: DataSet) -> dict[str, Path]:
    """Paths, by name, of a data set's files that a folder has: unpacked, or else as .gz."""
    here = _spelled(folder)
    places = {
        name: here.get(_spelling(name)) or here.get(f"{_spelling(name)}.gz")
        for name in dataset.files
    }
    return {name: path for name, path in places.items() if path is not None}


def _spelled(folder: Path) -> dict[str, Path]:
    """The files of a folder by `_spelling`; one with the very name comes before others."""
    if not folder.is_dir():
        return {}
    files = sorted(path for path in folder.iterdir() if path.is_file())
    by_spelling = {_spelling(path.name): path for path in files}
    return by_spelling | {path.name: path for path in files if path.name in by_spelling}


def _spelling(name: str) -> str:
    """A file's name as the table has it: `T10K-Labels.IDX1-ubyte.GZ` is meant as
    `t10k-labels-idx1-ubyte.gz`."""
    return name.lower().replace(".idx", "-idx")


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
