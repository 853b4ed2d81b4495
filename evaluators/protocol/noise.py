"""The noise that an accuracy has from its images, and which scores tie for that reason."""

from __future__ import annotations

import math

TIE = 2  # standard errors


def noise(score: float, images: int) -> float:
    """Standard error of one accuracy (a fraction) over that many validation images.

    Binomial: what another draw of images would change. Another seed on the same images changes
    less (docs/validity.md has both, measured), so that ties err on the side of ties; and no other
    mean of numbers from 0 to 1 varies more. What is no mean over samples (R2) has a noise of its
    own, and this is a guess. 0 for what is no fraction, which a report is refused for.
    """
    return math.sqrt(max(0.0, score * (1 - score)) / images)


def tie_margin(score: float, images: int) -> float:
    """How far below a score (a fraction) another still ties with it."""
    return TIE * noise(score, images)
