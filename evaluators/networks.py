"""The networks that are trained one by one: plain modules with a candidate in every layer."""

from __future__ import annotations

import torch
from torch import nn

from ..space import Expression, replace_activations
from .images import CLASSES, SIDE
from .recipe import Recipe


def conv_net(recipe: Recipe, candidate: Expression, seed: int) -> nn.Module:
    """Two strided 3x3 convolutions, each with batch norm and the candidate, then a linear head.

    28x28 -> 14x14 -> 7x7. Takes float [B, 784], gives [B, 10]. Initial weights are torch's own,
    drawn from `seed` without touching the global generator: batch norm sets the scale, so no
    gain is needed. Reflects what an MLP does not: shared weights and normalised signals.
    """
    first, second = recipe.widths
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Unflatten(1, (1, SIDE, SIDE)),
            nn.Conv2d(1, first, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(first),
            nn.Identity(),
            nn.Conv2d(first, second, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(second),
            nn.Identity(),
            nn.Flatten(),
            nn.Linear(second * (SIDE // 4) ** 2, CLASSES),
        )
    replace_activations(net, nn.Identity, candidate, example=torch.zeros(2, SIDE * SIDE))
    return net
