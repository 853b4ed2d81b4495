"""Labelled images as two tensors: loaded once, split and cut by seed.

Training and test images are two functions on purpose: what selects candidates calls `load_train`
and `split`, and only a confirmation calls `load_test` (tests/test_structure.py checks it).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ...space.errors import ActsearchError
from .cache import locate, read_verified
from .datasets import CLASSES, FASHION_MNIST, DataSet, ImageSpec
from .formats import from_cifar, from_idx


class InvalidImages(ActsearchError):
    """Raised when tensors are not labelled images, or a part is asked for that they lack."""


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Labelled images.

    pixels: uint8 [N, H, W] or [N, C, H, W], 0 to 255
    labels: int64 [N], 0 to classes - 1

    Raises:
        InvalidImages: a shape, type or label is none of these, N is 0, or classes is below 2.
    """

    pixels: Tensor
    labels: Tensor
    classes: int = CLASSES

    def __post_init__(self) -> None:
        n, shape = len(self.labels), tuple(self.pixels.shape)
        sized = len(shape) in (3, 4) and shape[0] == n and all(shape[1:])
        if self.pixels.dtype != torch.uint8 or not sized:
            raise InvalidImages(
                f"pixels must be uint8 of shape ({n}, height, width) or ({n}, channels, height, "
                f"width), one image per label, but are {self.pixels.dtype} of shape {shape}"
            )
        if self.labels.dtype != torch.int64 or self.labels.dim() != 1 or n == 0:
            raise InvalidImages(
                f"labels must be int64 of shape (N,), N >= 1, but are {self.labels.dtype} of "
                f"shape {tuple(self.labels.shape)}"
            )
        if self.classes < 2:
            raise InvalidImages(f"there must be 2 classes or more to tell, not {self.classes}")
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= self.classes:
            raise InvalidImages(
                f"labels must lie in 0..{self.classes - 1}, but range from {low} to {high}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Tensor) -> Images:
        """The images at `index` (int64 [M]), copied, in that order."""
        return Images(self.pixels[index], self.labels[index], self.classes)

    @property
    def spec(self) -> ImageSpec:
        """Their shape and number of classes."""
        *channels, height, width = self.pixels.shape[1:]
        return ImageSpec((channels[0] if channels else 1, height, width), self.classes)


def load_train(dataset: DataSet = FASHION_MNIST, root: Path | None = None) -> Images:
    """The training images of a data set, fetched if need be and verified (`data.locate`)."""
    return _load(dataset, root, list(dataset.train))


def load_test(dataset: DataSet = FASHION_MNIST, root: Path | None = None) -> Images:
    """The test images of a data set. For confirmations only: selection must never see them."""
    return _load(dataset, root, list(dataset.test))


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


def _load(dataset: DataSet, root: Path | None, names: list[str]) -> Images:
    folder = locate(dataset, root)
    files = [read_verified(dataset, folder, name) for name in names]
    if dataset.format == "idx":  # a file of pixels and one of labels
        pixels, labels = (from_idx(content) for content in files)
        return Images(pixels, labels.long(), len(dataset.labels))
    batches = [from_cifar(content, dataset.shape) for content in files]
    pixels, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return Images(pixels, labels, len(dataset.labels))
