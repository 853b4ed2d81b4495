"""Searches an activation for a torchvision vision transformer on a small real data set.

From the folder of this file:

    actsearch search --name vit --evaluator vit:evaluator --workers 2 \\
        --candidates 12 --finalists 2 --seeds 3

The network is torchvision's VisionTransformer with two blocks of width 32 over patches of 7 by 7
pixels; the activation stands in their MLPs of 128. The data are 5,000 images of FashionMNIST,
1,000 of them held out, and 1,000 of its test images: minutes on two cores. docs/results.md has
what a search finds there.
"""

from __future__ import annotations

from torch import Tensor, nn
from torchvision.models.vision_transformer import VisionTransformer

from actsearch.evaluators import (
    Images,
    ModelEvaluator,
    Recipe,
    load_test,
    load_train,
    subset,
)

PATCH, WIDTH = 7, 32


def network() -> nn.Module:
    """For images [B, 1, 28, 28] of ten classes: 16 patches and a class token."""
    net: nn.Module = VisionTransformer(
        image_size=28, patch_size=PATCH, num_layers=2, num_heads=4, hidden_dim=WIDTH, mlp_dim=128,
        num_classes=10,
    )  # fmt: skip
    net.conv_proj = nn.Conv2d(1, WIDTH, PATCH, stride=PATCH)  # one channel in place of three
    return net


def tensors(images: Images) -> tuple[Tensor, Tensor]:
    """Pixels of mean 0 and deviation 1, float [N, 1, 28, 28], and labels."""
    return (images.pixels.float() / 255 - 0.2860).div(0.3530).unsqueeze(1), images.labels


def evaluator() -> ModelEvaluator:
    """The evaluator of `--evaluator vit:evaluator`."""
    return ModelEvaluator(
        network,
        tensors(subset(load_train(), 5_000)),
        validation=1_000,
        test=lambda: tensors(subset(load_test(), 1_000)),
        replace=nn.GELU,
        recipe=Recipe(
            name="vit-small", rungs=(1, 3), batch_size=64, learning_rate=3e-3, warmup=20
        ),
    )
