"""Searches an activation for a small MLP on scikit-learn's handwritten digits.

From the folder of this file:

    actsearch search --name digits --evaluator digits:evaluator --candidates 60

The data are 1,797 images of 8 by 8 pixels, of which 297 are held out for validation and 500 for
the test: a second or two a training.
"""

from __future__ import annotations

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from actsearch.evaluators import ModelEvaluator, Recipe

TEST, VALIDATION = 500, 297


def network() -> nn.Module:
    """For 64 pixels of ten classes."""
    return nn.Sequential(
        *(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    )


def data() -> tuple[Tensor, Tensor]:
    """Pixels from 0 to 1, float [1797, 64], and labels, in an order drawn once: writers stand
    together in the file."""
    pixels, labels = load_digits(return_X_y=True)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    return torch.tensor(pixels / 16, dtype=torch.float32)[order], torch.tensor(labels)[order]


def evaluator() -> ModelEvaluator:
    """The evaluator of `--evaluator digits:evaluator`."""
    pixels, labels = data()
    return ModelEvaluator(
        network,
        (pixels[TEST:], labels[TEST:]),
        validation=VALIDATION,
        test=(pixels[:TEST], labels[:TEST]),
        replace=nn.ReLU,
        recipe=Recipe(
            name="digits-mlp", rungs=(3, 10, 30), batch_size=32, learning_rate=3e-3, warmup=20
        ),
    )
