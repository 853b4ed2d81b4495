"""How closely a diagnosis looks: the numbers that its time goes by."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ...space import ActsearchError


class InvalidSizes(ActsearchError):
    """Raised when a number of `Sizes` breaks its rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How closely to look; each number costs time in proportion.

    images: training images for all but dead units. probes, steps: start vectors and Lanczos
    steps of the spectrum. points: of the surface per axis, odd. kernel_images: of the tangent
    kernel. index_batches, index_probes: mini-batches of the instability index, and random vectors
    for each. Raises InvalidSizes.
    """

    images: int = 512
    probes: int = 5
    steps: int = 50
    points: int = 21
    kernel_images: int = 64
    index_batches: int = 4
    index_probes: int = 8

    def __post_init__(self) -> None:
        for field in fields(self):
            number = getattr(self, field.name)
            if number < 1:
                raise InvalidSizes(f"{field.name} must be at least 1, but is {number}")
        if self.points % 2 == 0:
            raise InvalidSizes(f"points must be odd, to have a middle, but is {self.points}")
