"""Puts what a search found into networks of others: `python use_winner.py [best/activation.py]`.

A ResNet-18 and a small vision transformer of torchvision, and a MobileNet of timm where that is
installed. The exported file needs torch alone; actsearch finds each place and counts its channels.
Without a file, Swish is put in.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator

import torch
from torch import nn
from torchvision.models import resnet18
from torchvision.models.vision_transformer import VisionTransformer

from actsearch.space import Expression, from_file, parameter_groups, parse, replace_activations

IMAGES = (4, 3, 32, 32)
Network = tuple[str, Callable[[], nn.Module], tuple[type[nn.Module], ...]]


def networks() -> Iterator[Network]:
    """Name, network of ten classes for images [B, 3, 32, 32], and its activations' classes."""
    yield "torchvision ResNet-18", lambda: resnet18(num_classes=10), (nn.ReLU,)
    yield "torchvision ViT", vision_transformer, (nn.GELU,)
    if importlib.util.find_spec("timm") is not None:
        import timm

        name = "mobilenetv3_small_050"
        yield f"timm {name}", lambda: timm.create_model(name, num_classes=10), (nn.Hardswish,)


def vision_transformer() -> nn.Module:
    """Four blocks of width 64 on patches of 8 x 8."""
    model: nn.Module = VisionTransformer(
        image_size=32, patch_size=8, num_layers=4, num_heads=4, hidden_dim=64, mlp_dim=128,
        num_classes=10,
    )  # fmt: skip
    return model


def one_step(model: nn.Module) -> float:
    """The loss of one step of training, what the activations learn out of weight decay's reach."""
    optimizer = torch.optim.AdamW(parameter_groups(model), lr=1e-3, weight_decay=1e-2)
    loss = nn.functional.cross_entropy(model(torch.randn(IMAGES)), torch.arange(4))
    loss.backward()
    optimizer.step()
    return loss.item()


def main(path: str | None) -> None:
    """Replace, report and train a step, network by network."""
    torch.manual_seed(0)
    activation: Expression | type[nn.Module] = (
        from_file(path) if path else parse("x * sigmoid(beta * x)")
    )
    for name, build, kinds in networks():
        model = build()
        report = replace_activations(model, kinds, activation, example=torch.randn(IMAGES))
        channels = sorted({place.channels or 0 for place in report.replaced})
        print(
            f"{name}: {len(report.replaced)} places of {', '.join(map(str, channels))} channels "
            f"have f(x) = {report.candidate}; loss {one_step(model):.2f}"
        )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
