"""Images on the device, normalised there, and batches of them in an order drawn by seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..data.datasets import ImageSpec, dataset_of
from ..data.images import Images, InvalidImages
from ..recipes.recipe import Recipe

EVALUATION_BATCH = 1024  # images; larger ones leave the CPU's cache and gain nothing


@dataclass(frozen=True, slots=True)
class Batches:
    """Labelled images on a device, cut into batches.

    pixels: uint8 [N, inputs]; labels: int64 [N]. They are made float batch by batch: as float32
    FashionMNIST's training set would be 157 MB in every worker.
    scale, shift: a batch is pixels * scale - shift; numbers, or float32 [inputs] where channels
    differ.
    """

    pixels: Tensor
    labels: Tensor
    scale: float | Tensor = 1 / 255
    shift: float | Tensor = 0.0
    spec: ImageSpec = field(default_factory=ImageSpec)

    @staticmethod
    def on(images: Images, device: torch.device, recipe: Recipe | None = None) -> Batches:
        """The images flattened and copied to a device, to be normalised as the recipe says
        (default: quick)."""
        known = dataset_of((recipe or Recipe()).dataset)
        symmetric = recipe is not None and recipe.pixels == "-1 to 1"
        mean, std = ((0.5,), (0.5,)) if symmetric else (known.mean, known.std)
        scale = _per_pixel([1 / (255 * s) for s in std], images.spec, device)
        shift = _per_pixel([m / s for m, s in zip(mean, std, strict=True)], images.spec, device)
        pixels, labels = images.pixels.flatten(1).to(device), images.labels.to(device)
        return Batches(pixels, labels, scale, shift, images.spec)

    def shuffled(self, size: int, seed: int, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """One epoch in an order drawn from (seed, epoch): float [B, inputs], int64 [B]."""
        generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
        order = torch.randperm(len(self.labels), generator=generator).to(self.labels.device)
        for chosen in order.split(size):
            # Whole rows: a tenth of the time of `pixels[chosen]`, which goes number by number.
            pixels, labels = (t.index_select(0, chosen) for t in (self.pixels, self.labels))
            yield self._normalised(pixels), labels

    def in_order(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All images once, for evaluation: float [B, inputs], int64 [B]."""
        pieces = zip(
            self.pixels.split(EVALUATION_BATCH), self.labels.split(EVALUATION_BATCH), strict=True
        )
        for pixels, labels in pieces:
            yield self._normalised(pixels), labels

    def _normalised(self, pixels: Tensor) -> Tensor:
        return pixels.float().mul_(self.scale).sub_(self.shift)

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class DataSplits:
    """Images to train on, to validate on, and, where a confirmation asks, to test on."""

    train: Batches
    validation: Batches
    test: Batches | None = None

    @staticmethod
    def on(
        device: torch.device,
        recipe: Recipe | None,
        train: Images,
        validation: Images,
        test: Images | None = None,
    ) -> DataSplits:
        """Each as `Batches.on` makes it."""
        return DataSplits(
            Batches.on(train, device, recipe),
            Batches.on(validation, device, recipe),
            None if test is None else Batches.on(test, device, recipe),
        )

    @property
    def device(self) -> torch.device:
        return self.train.pixels.device


def _per_pixel(values: Sequence[float], spec: ImageSpec, device: torch.device) -> float | Tensor:
    """One value for all pixels, or those of each channel repeated over its pixels, [inputs]."""
    if len(values) == 1:
        return values[0]
    channels, height, width = spec.shape
    if len(values) != channels:
        raise InvalidImages(f"the data set has {len(values)} channels, the images {channels}")
    return torch.tensor(values, device=device).repeat_interleave(height * width)
