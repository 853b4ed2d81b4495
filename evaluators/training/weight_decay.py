"""Weight decay: matrices and kernels decay, and nothing that an activation learns."""

from __future__ import annotations

from torch import Tensor, nn

from ...space import parameter_groups


def decays(parameter: Tensor) -> bool:
    """Whether a parameter of a layer decays: matrices and kernels do, biases and the factors of
    norms do not."""
    return parameter.dim() > 1


def split_by_decay(net: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """The trained parameters of a network that decay, and all others, those of activations among
    them whatever their shape; each in the order of `net.parameters()`."""
    activations = {
        id(parameter)
        for group in parameter_groups(net)
        if "weight_decay" in group  # the group of the activations
        for parameter in group["params"]
    }
    decaying: list[Tensor] = []
    others: list[Tensor] = []
    for parameter in net.parameters():
        if parameter.requires_grad:
            free = id(parameter) in activations or not decays(parameter)
            (others if free else decaying).append(parameter)
    return decaying, others
