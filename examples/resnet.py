"""Searches an activation for a torchvision ResNet on a small real data set.

From the folder of this file:

    actsearch search --name resnet --evaluator resnet:evaluator --workers 2 \\
        --candidates 12 --finalists 2 --seeds 3

The network is torchvision's ResNet-18 with a quarter of the width; the data are 1,500 images of
FashionMNIST, 500 of them held out, and 1,000 of its test images: minutes on two cores.
docs/results.md has what a search finds there.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, ResNet

from actsearch.evaluators import (
    Images,
    ModelEvaluator,
    Recipe,
    load_test,
    load_train,
    subset,
)


class QuarterResNet(ResNet):  # type: ignore[misc]  # torchvision has no type hints
    """ResNet-18 with 16 to 128 channels in place of 64 to 512."""

    def _make_layer(self, block: type[nn.Module], planes: int, *rest: Any, **keywords: Any) -> Any:
        return super()._make_layer(block, planes // 4, *rest, **keywords)


def network() -> nn.Module:
    """For images [B, 1, 28, 28] of ten classes."""
    net = QuarterResNet(BasicBlock, [2, 2, 2, 2])
    net.conv1 = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
    net.fc = nn.Linear(128, 10)
    return net


def tensors(images: Images) -> tuple[Tensor, Tensor]:
    """Pixels of mean 0 and deviation 1, float [N, 1, 28, 28], and labels."""
    return (images.pixels.float() / 255 - 0.2860).div(0.3530).unsqueeze(1), images.labels


def evaluator() -> ModelEvaluator:
    """The evaluator of `--evaluator resnet:evaluator`."""
    return ModelEvaluator(
        network,
        tensors(subset(load_train(), 1_500)),
        validation=500,
        test=lambda: tensors(subset(load_test(), 1_000)),
        replace=nn.ReLU,
        recipe=Recipe(name="resnet18-quarter", rungs=(1, 3), batch_size=32, warmup=20),
    )
