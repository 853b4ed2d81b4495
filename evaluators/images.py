"""Labelled images as two tensors: loaded once, split and cut by seed.

Training and test images are two functions on purpose: what selects candidates calls `load_train`
and `split`, and only a confirmation calls `load_test` (tests/test_structure.py checks it).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..space.errors import ActsearchError
from .data import locate, read_verified

SIDE = 28  # pixels
CLASSES = 10
_HEADER = {"images": 16, "labels": 8}  # bytes of an IDX file before its first value


class InvalidImages(ActsearchError):
    """Raised when tensors are not labelled images, or a part is asked for that they lack."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a network must fit: images of shape (channels, height, width), and how many classes."""

    shape: tuple[int, int, int] = (1, SIDE, SIDE)
    classes: int = CLASSES

    @property
    def inputs(self) -> int:
        """Pixels of an image, over all channels."""
        channels, height, width = self.shape
        return channels * height * width


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Labelled images.

    pixels: uint8 [N, 28, 28], 0 (background) to 255
    labels: int64 [N], 0 to 9

    Raises:
        InvalidImages: a shape, type or label is none of these, or N is 0.
    """

    pixels: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        n, shape = len(self.labels), tuple(self.pixels.shape)
        if self.pixels.dtype != torch.uint8 or shape != (n, SIDE, SIDE):
            raise InvalidImages(
                f"pixels must be uint8 of shape ({n}, {SIDE}, {SIDE}), one image per label, but "
                f"are {self.pixels.dtype} of shape {shape}"
            )
        if self.labels.dtype != torch.int64 or self.labels.dim() != 1 or n == 0:
            raise InvalidImages(
                f"labels must be int64 of shape (N,), N >= 1, but are {self.labels.dtype} of "
                f"shape {tuple(self.labels.shape)}"
            )
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= CLASSES:
            raise InvalidImages(
                f"labels must lie in 0..{CLASSES - 1}, but range from {low} to {high}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Tensor) -> Images:
        """The images at `index` (int64 [M]), copied, in that order."""
        return Images(self.pixels[index], self.labels[index])


def load_train(root: Path | None = None) -> Images:
    """The 60,000 training images, fetched if need be and verified (`data.locate`)."""
    return _load(root, "train")


def load_test(root: Path | None = None) -> Images:
    """The 10,000 test images. For confirmations only: selection must never see them."""
    return _load(root, "t10k")


def split(train: Images, *, validation: int, seed: int) -> tuple[Images, Images]:
    """Training and validation images: disjoint, shuffled by `seed`, together all of `train`.

    validation: images set aside, 1 to N - 1.

    Raises:
        InvalidImages: one of the two parts would be empty.
    """
    if not 0 < validation < len(train):
        raise InvalidImages(
            f"validation must be 1 to {len(train) - 1}, so that both parts of {len(train)} images "
            f"hold some, but is {validation}"
        )
    order = _shuffled(len(train), seed)
    return train.take(order[validation:]), train.take(order[:validation])


def subset(images: Images, n: int, *, seed: int = 0) -> Images:
    """`n` images drawn by `seed` without replacement; of one seed, smaller sets lie in larger.

    n: 1 to N.

    Raises:
        InvalidImages: there are not so many.
    """
    if not 0 < n <= len(images):
        raise InvalidImages(f"a subset must hold 1 to {len(images)} images, not {n}")
    return images.take(_shuffled(len(images), seed)[:n])


def _shuffled(n: int, seed: int) -> Tensor:
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))


def _load(root: Path | None, part: str) -> Images:
    folder = locate(root)
    pixels = _values(folder, part, "images").view(-1, SIDE, SIDE)
    return Images(pixels, _values(folder, part, "labels").long())


def _values(folder: Path, part: str, kind: str) -> Tensor:
    # The digest fixes the header too, so its magic number and sizes need no second check.
    content = read_verified(folder, f"{part}-{kind}-idx{3 if kind == 'images' else 1}-ubyte")
    return torch.frombuffer(content, dtype=torch.uint8, offset=_HEADER[kind])
