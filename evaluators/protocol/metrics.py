"""Accuracy, and beside it which samples a network gets right.

Two functions err on different samples, so which samples a test set happens to hold is luck too;
how much is seen only sample by sample (paired_statistics.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .evaluator import FinalScore


def right(outputs: Tensor, targets: Tensor) -> Tensor:
    """Whether the largest output is the target: [B, classes] and int64 [B] to bool [B].

    Raises ValueError for one output a sample, which is always the largest, and for targets that
    are not one label for each place where there are outputs.
    """
    largest = outputs.argmax(1)
    if outputs.shape[1] == 1:
        raise ValueError(
            f"accuracy takes the largest of a sample's outputs, but of {list(outputs.shape)} "
            f"there is one: give an output for each class, or a metric of your own"
        )
    if largest.shape != targets.shape:
        raise ValueError(
            f"accuracy takes labels of shape {list(largest.shape)} for outputs of "
            f"{list(outputs.shape)}, but targets are {list(targets.shape)}: give labels, or a "
            f"metric of your own"
        )
    return largest == targets


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Share of the batch whose largest output is the target: [B, classes] and int64 [B] to [].

    Raises ValueError as `right` does.
    """
    return right(outputs, targets).double().mean()


@dataclass(frozen=True, slots=True)
class OverAll:
    """A metric of all outputs and targets of a set at once, for one that is no mean over samples:
    `OverAll(r2)`. The function gets both as tensors, batches joined along dimension 0."""

    function: Callable[[Tensor, Tensor], Any]


def r2(outputs: Tensor, targets: Tensor) -> Tensor:
    """The coefficient of determination, of [N] or [N, 1] floats to [], at least 0.

    1 is exact, 0 no better than the targets' mean. What is worse than that counts as 0 too, since
    a score is a fraction; scikit-learn's r2_score is negative there. Raises ValueError for several
    numbers a sample, whose scales it would mix.
    """
    if targets.numel() != len(targets):
        raise ValueError(
            f"r2 takes one number a sample, but targets are {list(targets.shape)}: give a metric "
            f"of your own, such as the mean of r2 over columns"
        )
    errors = (outputs.reshape(targets.shape) - targets).double().square().sum()
    spread = (targets - targets.double().mean()).square().sum()
    return (1 - errors / spread).clamp(min=0.0)


def final_score(correct: Tensor) -> FinalScore:
    """The test score of a member that has these samples right, bool [N]."""
    return FinalScore(
        test_accuracy=int(correct.sum()) / len(correct),
        test_correct=correct.to("cpu", torch.uint8).numpy().tobytes(),
    )


def correct_over_seeds(by_seed: Sequence[bytes | None]) -> bytes | None:
    """Under how many of a candidate's seeds each sample is right; None where one seed does not
    say, or where there are more seeds than a byte counts."""
    counts = [np.frombuffer(correct, np.uint8) for correct in by_seed if correct is not None]
    if len(counts) < len(by_seed) or len(by_seed) > 255:
        return None
    return np.sum(counts, axis=0, dtype=np.uint8).tobytes()
