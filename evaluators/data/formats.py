"""The two formats that images come in: IDX files, and CIFAR-10's batches."""

from __future__ import annotations

import gzip
import io
import math
import pickle
import struct
import zlib
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from ...space.errors import ActsearchError

_UINT8 = 8  # IDX's code of the type; no other occurs in images and labels


class DamagedData(ActsearchError):
    """Raised when a file is not what was published; the message names it and what to do."""


def unpacked(content: bytes | bytearray) -> bytearray:
    """The content of a `.gz` file; raises DamagedData."""
    try:
        return bytearray(gzip.decompress(content))
    except (OSError, EOFError, zlib.error) as error:
        raise DamagedData(f"not a whole .gz file: {error}") from error


def from_idx(content: bytearray) -> Tensor:
    """The values of an IDX file as uint8 of the shape its header states, sharing its memory.

    A header is two zeros, the type, the number of dimensions, then each as four bytes, the most
    significant first. Raises DamagedData where the bytes are not as many as it states.
    """
    if len(content) < 4 or content[:3] != bytes((0, 0, _UINT8)):
        raise DamagedData(f"not an IDX file of bytes: it begins with {bytes(content[:4])!r}")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise DamagedData(f"an IDX file cut in its header: {len(content)} of {start} bytes")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if len(content) != start + math.prod(shape):
        raise DamagedData(
            f"an IDX file of shape {shape} must have {start + math.prod(shape):,} bytes, but has "
            f"{len(content):,}"
        )
    return torch.frombuffer(content, dtype=torch.uint8, offset=start).view(shape)


def from_cifar(content: bytearray, shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Pixels uint8 [N, *shape] and labels int64 [N] of one of CIFAR-10's Python batches.

    They are pickles, which can run any code: call this on verified bytes only. Even so nothing is
    imported: the three names that such a batch refers to are answered by stand-ins, any other
    raises DamagedData, as do bytes that are no such batch.
    """
    try:
        batch = _Batch(io.BytesIO(content), encoding="bytes").load()
        values, labels = batch[b"data"].values, batch[b"labels"]
        pixels = torch.frombuffer(bytearray(values), dtype=torch.uint8).view(len(labels), *shape)
        return pixels, torch.tensor(labels)
    except (
        pickle.UnpicklingError, EOFError, KeyError, AttributeError, TypeError, ValueError,
        IndexError, RuntimeError,
    ) as error:  # fmt: skip
        raise DamagedData(f"not one of CIFAR-10's batches: {error}") from error


class _Array:
    """Stands in for a numpy array in a pickle: keeps its bytes."""

    values: bytes

    def __setstate__(self, state: Any) -> None:
        *_, self.values = state  # version, shape, dtype, whether Fortran's order, bytes


class _DType:
    """Stands in for numpy's dtype, which is uint8 in all batches."""

    def __init__(self, *_: Any) -> None: ...

    def __setstate__(self, _: Any) -> None: ...


def _array(*_: Any) -> _Array:
    return _Array()


_STAND_INS = MappingProxyType(
    {
        "numpy.core.multiarray._reconstruct": _array,
        "numpy.ndarray": _Array,
        "numpy.dtype": _DType,
    }
)


class _Batch(pickle.Unpickler):
    """An unpickler that imports nothing."""

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in _STAND_INS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _STAND_INS[f"{module}.{name}"]
