"""Searches an activation for a regression: scikit-learn's diabetes data, R2 as the metric.

From the folder of this file:

    actsearch search --name diabetes --evaluator regression:evaluator --candidates 27 --finalists 2

The network has two hidden layers of 32; of the 442 patients 100 are held out and 100 are the test
set: 96 s on two cores with other work beside. R2 is no mean over batches, so it is wrapped in
`OverAll`; what it says below 0 counts as 0. The tables print it as a percentage, as they do
accuracies.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes
from torch import Tensor, nn

from actsearch.evaluators import ModelEvaluator, OverAll, Recipe, r2

Pairs = tuple[Tensor, Tensor]


def network() -> nn.Module:
    """For ten measurements [B, 10]; the disease's progression [B, 1] comes out."""
    return nn.Sequential(
        nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1)
    )


def data() -> tuple[Pairs, Pairs]:
    """342 patients to train and validate on, and 100 to test on; columns of mean 0 and deviation 1
    by the 342."""
    inputs, targets = (
        torch.tensor(a, dtype=torch.float32) for a in load_diabetes(return_X_y=True)
    )
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(0))
    inputs, targets = inputs[order], targets[order].unsqueeze(1)
    inputs = (inputs - inputs[:342].mean(0)) / inputs[:342].std(0)
    targets = (targets - targets[:342].mean()) / targets[:342].std()
    return (inputs[:342], targets[:342]), (inputs[342:], targets[342:])


def evaluator() -> ModelEvaluator:
    """The evaluator of `--evaluator regression:evaluator`."""
    train, test = data()
    return ModelEvaluator(
        network,
        train,
        validation=100,
        test=lambda: test,
        replace=nn.ReLU,
        loss=F.mse_loss,
        metric=OverAll(r2),
        recipe=Recipe(name="diabetes", rungs=(5, 15, 45), batch_size=32, learning_rate=3e-3),
    )
