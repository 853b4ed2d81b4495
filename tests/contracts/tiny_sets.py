"""Small data sets in the published formats, for sets that cannot be had where the tests run.

The files are as a person finds them after a download; the `DataSet` has the digests of these
files in place of the published ones, so that everything else is the code that users run.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import struct
import tarfile
from pathlib import Path

import torch
from torch import Tensor

from actsearch.evaluators.data.datasets import DataSet


def figures(n: int, shape: tuple[int, int, int], seed: int) -> tuple[Tensor, Tensor]:
    """Images that can be told apart and are no mirror of themselves: class k is a bar in row
    2k + 2, from the left to the middle, in channel k mod C, on grey noise.
    uint8 [N, C, H, W], int64 [N]."""
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(80, 120, (n, *shape), generator=generator, dtype=torch.uint8)
    labels = torch.arange(n) % 10
    for image, label in zip(pixels, labels.tolist(), strict=True):
        image[label % shape[0], 2 * label + 2, : shape[2] // 2] = 250
    return pixels, labels


def idx(values: Tensor) -> bytes:
    """An IDX file of bytes: two zeros, type 8, dimensions, sizes, values."""
    header = struct.pack(f">BBBB{values.dim()}I", 0, 0, 8, values.dim(), *values.shape)
    return header + bytes(values.to(torch.uint8).flatten().tolist())


def cifar_batch(pixels: Tensor, labels: Tensor) -> bytes:
    """A batch as Python 2 pickled it (protocol 2): data uint8 [N, C * H * W], labels, names."""
    n, values = len(labels), bytes(pixels.flatten().tolist())
    numbers = b"".join(b"K" + bytes([label]) for label in labels.tolist())
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01M" + struct.pack("<H", n) + b"M" + struct.pack("<H", len(values) // n) + b"\x86"
        b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89T" + struct.pack("<i", len(values)) + values + b"tb"
    )
    pairs = _text(b"batch_label") + _text(b"tiny") + _text(b"labels") + b"](" + numbers + b"e"
    return b"\x80\x02}(" + pairs + _text(b"data") + array + b"u."


def _text(value: bytes) -> bytes:
    return b"U" + bytes([len(value)]) + value


def tiny(
    published: DataSet, folder: Path, train: int = 500, test: int = 100, place: str | None = None
) -> DataSet:
    """Write a small set like the published one into `folder`, `.gz` files or one archive; it as a
    data set with a place of its own in the cache, unless told."""
    folder.mkdir(parents=True, exist_ok=True)
    place = place or f"tiny-{published.folder}"
    parts: list[dict[str, str]] = []
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as packed:
        for seed, (names, n) in enumerate(((published.train, train), (published.test, test))):
            files = _files(published, list(names), n, seed)
            parts.append({name: _digest(name, content) for name, content in files.items()})
            for name, content in files.items():
                if published.archive is None:
                    target = folder / (name if name.endswith(".gz") else f"{name}.gz")
                    target.write_bytes(gzip.compress(content, mtime=0))
                else:
                    member = tarfile.TarInfo(f"{place}/{name}")
                    member.size = len(content)
                    packed.addfile(member, io.BytesIO(content))
    if published.archive is not None:
        (folder / published.archive).write_bytes(archive.getvalue())
    return dataclasses.replace(
        published, folder=place, train=parts[0], test=parts[1], images=train
    )


def _digest(name: str, content: bytes) -> str:
    stored = gzip.compress(content, mtime=0) if name.endswith(".gz") else content
    return hashlib.sha256(stored).hexdigest()


def _files(published: DataSet, names: list[str], n: int, seed: int) -> dict[str, bytes]:
    """File -> its unpacked content, of one part of n images."""
    pixels, labels = figures(n, published.shape, seed)
    if published.archive is None:
        return dict(zip(names, (idx(pixels[:, 0]), idx(labels)), strict=True))
    pieces = zip(pixels.chunk(len(names)), labels.chunk(len(names)), strict=True)
    return {name: cifar_batch(*piece) for name, piece in zip(names, pieces, strict=True)}
