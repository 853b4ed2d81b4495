"""The folder of a search on a cluster, brought here: packed by a job there, unpacked here."""

from __future__ import annotations

import base64
import io
import json
import os
import shlex
import shutil
import sqlite3
import tarfile
import textwrap
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ...space.scratch import scratch_folder
from ..errors import ClusterUnusable, HomeUnusable
from ..executors.ray_jobs import RayJobs
from ..storage import study_file
from ..storage.folder_lock import lock
from ..storage.home import CONFIG, PRIOR, Home
from ..storage.shown_functions import Showing, ShownFunctions
from ..storage.usable import usable
from .cluster_job import PROGRAM, ClusterJob

BEGIN, END = "-----BEGIN SEARCH-----", "-----END SEARCH-----"
SHOWN = "showings.json"  # in the pack: what test sets were shown for this search
LARGEST = 4 * 1024**3  # bytes of a search, unpacked; 10,000 candidates take some 0.1 GiB
_FILES = (CONFIG, "confirmation.jsonl")
_WIDTH = 4096  # characters of a line


@dataclass(frozen=True, slots=True)
class Fetched:
    """A search's folder here, and the bytes that came over the wire."""

    folder: Path
    size: int


def pack(home: Home, name: str) -> Iterator[str]:
    """The lines that carry a search to another machine, also while it runs: its configuration,
    study, confirmation and exported best, in base64."""
    folder = home.folder(name)
    buffer = io.BytesIO()
    with scratch_folder() as scratch, tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        _copy_study(folder / study_file.FILE, scratch / study_file.FILE)
        archive.add(scratch / study_file.FILE, study_file.FILE)
        for file in (*_FILES, *(path.name for path in folder.glob(f"{PRIOR}*"))):
            if (folder / file).is_file():
                archive.add(folder / file, file)
        if (folder / "best").is_dir():
            archive.add(folder / "best", "best")
        showings = [s for s in ShownFunctions(home.root).read() if s.folder == _place(name)]
        text = json.dumps([_plain(showing) for showing in showings])
        (scratch / SHOWN).write_text(text)
        archive.add(scratch / SHOWN, SHOWN)
    yield BEGIN
    yield from textwrap.wrap(base64.b64encode(buffer.getvalue()).decode(), _WIDTH)
    yield END


def fetch(home: Home, name: str, job: ClusterJob) -> Fetched:
    """Bring a search's folder from its cluster, over what was brought before.

    Raises ClusterUnusable where the cluster does not hand it over, HomeUnusable where it cannot be
    written here, and SearchBusy while something here works on it.
    """
    jobs = RayJobs(job.address)
    packing = jobs.submit(f"{PROGRAM} fetch {shlex.quote(name)} --pack --home {job.home}", name)
    state, log = jobs.wait(packing), jobs.log(packing)
    jobs.delete(packing)
    data = unwrapped(log)
    if state != "SUCCEEDED" or data is None:
        lines = log.strip().splitlines() or ["it said nothing"]
        raise ClusterUnusable(
            f"search '{name}' cannot be fetched from {job.address}: "
            f"{lines[-1].removeprefix('actsearch: ')}"
        )
    folder = home.searches / name
    with lock(folder), usable(folder):
        unpack(home, folder, data)
    return Fetched(folder, len(data))


def unwrapped(log: str) -> bytes | None:
    """The bytes that a pack's lines carry, among others; None where they are not all there."""
    start, end = log.find(BEGIN), log.find(END)
    return base64.b64decode(log[start + len(BEGIN) : end]) if 0 <= start < end else None


def unpack(home: Home, folder: Path, data: bytes) -> None:
    """Put what was packed in its place; the configuration last, which makes it a search."""
    partial = folder / "fetched"
    shutil.rmtree(partial, ignore_errors=True)  # of a kill
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        members = archive.getmembers()
        if sum(member.size for member in members) > LARGEST:
            raise HomeUnusable(f"search '{folder.name}' has more than {LARGEST:,} bytes")
        archive.extractall(partial, members=members, filter="data")
    _record_showings(home, json.loads((partial / SHOWN).read_text()))
    (partial / SHOWN).unlink()
    for beside in study_file.BESIDE:  # of an earlier study: they are no part of this one
        (folder / f"{study_file.FILE}{beside}").unlink(missing_ok=True)
    if (partial / "best").is_dir():
        shutil.rmtree(folder / "best", ignore_errors=True)
    names = sorted(os.listdir(partial), key=lambda file: file == CONFIG)
    for file in names:
        os.replace(partial / file, folder / file)
    partial.rmdir()


def _record_showings(home: Home, showings: list[dict[str, object]]) -> None:
    """Count the openings of test sets for it here too: verdicts are corrected over all of them."""
    shown = ShownFunctions(home.root)
    known = {*shown.read()}
    for fields in showings:
        showing = Showing(**{**fields, "functions": tuple(fields["functions"])})  # type: ignore[arg-type]
        if showing not in known:
            shown.add(showing)


def _plain(showing: Showing) -> dict[str, object]:
    return {
        "at": showing.at,
        "folder": showing.folder,
        "dataset": showing.dataset,
        "functions": list(showing.functions),
        "test_set": showing.test_set,
    }


def _place(name: str) -> str:
    """How the record of openings names a search's folder."""
    return f"searches/{name}"


def _copy_study(source: Path, target: Path) -> None:
    """A copy of a study as it is at one moment, also while it is written to."""
    study_file.check_is_made(source.parent)
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as study,
        closing(sqlite3.connect(target)) as copy,
    ):
        study.backup(copy)
