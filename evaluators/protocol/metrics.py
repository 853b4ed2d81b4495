"""Which samples a network gets right, and the share of them.

Two functions err on different samples, so which samples a test set happens to hold is luck too;
how much is seen only sample by sample (statistics.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from .evaluator import FinalScore


def right(outputs: Tensor, targets: Tensor) -> Tensor:
    """Whether the largest output is the target: [B, classes] and int64 [B] to bool [B]."""
    return outputs.argmax(1) == targets


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Share of the batch whose largest output is the target: [B, classes] and int64 [B] to []."""
    return right(outputs, targets).double().mean()


def final_score(found: Tensor) -> FinalScore:
    """What a slice with these samples right, bool [N], reports of the test set."""
    share = int(found.sum()) / len(found)
    return FinalScore(
        test_accuracy=share, test_correct=found.to("cpu", torch.uint8).numpy().tobytes()
    )


def together(repeats: Sequence[bytes | None]) -> bytes | None:
    """Hits of a candidate's repeats, added sample by sample; None where one has none, or where
    there are more repeats than a byte counts."""
    whole = [np.frombuffer(hits, np.uint8) for hits in repeats if hits is not None]
    if len(whole) < len(repeats) or len(repeats) > 255:
        return None
    return np.sum(whole, axis=0, dtype=np.uint8).tobytes()
