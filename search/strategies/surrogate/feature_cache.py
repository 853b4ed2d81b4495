"""Features, and what a prior expects of them, kept in the user's cache.

core-1's features take some 6 s to reckon, what its table expects of them 2. A file holds the rows
of one list of candidates. Its name is a digest of that list and of whatever decides a bit of them:
our code, torch, numpy, scipy and the CPU. A file that is not as it must be is made anew; where
none can be written, every process reckons for itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy
import torch

from .... import space
from ....evaluators import tables
from ....evaluators.data.cache import data_root
from ....space.analysis.features import LENGTH

FEATURES = "features"
EXPECTATIONS = "expectations"
KEPT = 6  # files of a folder, of 13 MB at most each; the latest used
LEAST = 500  # candidates worth a file: half a second

Array = npt.NDArray[np.float64]

logger = logging.getLogger(__name__)


def cached_features(candidates: Sequence[str], reckon: Callable[[], Array]) -> Array:
    """The features of candidates [n, LENGTH], read-only: from a file, else by `reckon`.

    candidates: texts that say, with the code, which functions these are, in order.
    """
    shape = (len(candidates), LENGTH)
    return _cached(FEATURES, shape, reckon, lambda: _digest(_code(), *candidates))


def cached_expectations(features: Array, prior: str, reckon: Callable[[], Array]) -> Array:
    """Expectations of a prior at features [n, LENGTH]: [n], read-only, from a file or by `reckon`.

    prior: a text that says, with the code, which prior it is.
    """

    def name() -> str:
        rows = hashlib.sha256(features.tobytes()).hexdigest()
        return _digest(_code(), _models(), scipy.__version__, prior, rows)

    return _cached(EXPECTATIONS, (len(features),), reckon, name)


def _cached(
    folder: str, shape: tuple[int, ...], reckon: Callable[[], Array], name: Callable[[], str]
) -> Array:
    if shape[0] < LEAST:
        rows = reckon()
    else:
        path = data_root() / folder / f"{name()}.npy"
        stored = _read(path, shape)
        rows = reckon() if stored is None else stored
        if stored is None:
            _write(path, rows)
    rows.setflags(write=False)
    return rows


def _read(path: Path, shape: tuple[int, ...]) -> Array | None:
    """The rows in a file; None where there is none, or not numbers of this shape."""
    size = math.prod(shape) * 8
    try:
        if not size < path.stat().st_size < size + 1024:  # numpy's header has 128 bytes
            return None
        rows: Array = np.load(path, allow_pickle=False)
        os.utime(path)  # it was used: `_sweep` takes the others
    except (OSError, ValueError, EOFError) as error:
        logger.debug("the features in %s are not used: %s", path, error)
        return None
    fits = rows.shape == shape and rows.dtype == np.float64
    return rows if fits else None


def _write(path: Path, rows: Array) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(dir=path.parent, suffix=".partial")
        try:
            with os.fdopen(descriptor, "wb") as file:
                np.save(file, rows, allow_pickle=False)
            os.replace(partial, path)
        except BaseException:
            os.unlink(partial)
            raise
        _sweep(path.parent)
    except OSError as error:  # a full disk, a folder of somebody else's
        logger.debug("the features cannot be kept in %s: %s", path, error)


def _sweep(folder: Path) -> None:
    """Keep the files that were used last, whatever left the others."""
    files = {}
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process sweeps too
            files[path] = path.stat().st_mtime
    for path in sorted(files, key=files.__getitem__, reverse=True)[KEPT:]:
        path.unlink(missing_ok=True)


def _digest(*texts: str) -> str:
    parts = (
        torch.__version__,
        np.__version__,
        torch.backends.cpu.get_cpu_capability(),
        os.environ.get("ONEDNN_MAX_CPU_ISA", ""),
        *texts,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


@cache
def _code() -> str:
    """A digest of all that turns a text into features: the code of `actsearch.space`."""
    return _digest_of(Path(next(iter(space.__path__))))


@cache
def _models() -> str:
    """A digest of all that turns features and a table into an expectation."""
    return _digest_of(Path(__file__).parent) + _digest_of(Path(next(iter(tables.__path__))))


def _digest_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
