"""Puts what a search found into a network of yours: `python use_winner.py [best/activation.py]`.

The exported file needs torch alone; with actsearch installed, an expression does as well.
"""

from __future__ import annotations

import importlib.util
import sys

import torch
from torch import nn
from torchvision.models import resnet18

from actsearch.space import parameter_groups, parse, replace_activations


def from_file(path: str) -> type[nn.Module]:
    """The class `Activation` of an exported activation.py."""
    spec = importlib.util.spec_from_file_location("activation", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    activation: type[nn.Module] = module.Activation
    return activation


def replaced(path: str | None) -> nn.Module:
    """A ResNet-18 with the file's activation in place of every ReLU, or with Swish."""
    model: nn.Module = resnet18(num_classes=10)
    if path is None:
        replace_activations(model, nn.ReLU, parse("x * sigmoid(beta * x)"))
        return model
    activation = from_file(path)
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.ReLU):
                setattr(parent, name, activation())
    return model


def main(path: str | None) -> None:
    """One step of training, with what the activations learn out of the weight decay's reach."""
    model = replaced(path)
    groups = parameter_groups(model)
    optimizer = torch.optim.AdamW(groups, lr=1e-3, weight_decay=1e-2)
    loss = nn.functional.cross_entropy(model(torch.randn(4, 3, 32, 32)), torch.arange(4))
    loss.backward()
    optimizer.step()
    print(model.get_submodule("layer1.0.relu"), f"in place of nn.ReLU; loss {loss.item():.2f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
