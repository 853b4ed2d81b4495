"""A network's matrices and kernels, which weight decay takes, and nothing that an activation or a
norm learns."""

from __future__ import annotations

from torch import Tensor, nn

from ...space import parameter_groups
from ...space.modules.activation import ACTIVATIONS


def decays(parameter: Tensor) -> bool:
    """Whether a parameter of a layer decays: matrices and kernels do, biases do not."""
    return parameter.dim() > 1


def weights_of(net: nn.Module) -> set[nn.Parameter]:
    """The matrices and kernels of a network: not its biases, nor the factors of norms, which may
    have any shape, nor what its activations learn."""
    apart = (nn.LayerNorm, nn.RMSNorm, *ACTIVATIONS)
    kept = {p for m in net.modules() if isinstance(m, apart) for p in m.parameters()}
    return {p for p in net.parameters() if decays(p) and p not in kept}


def split_by_decay(net: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """The trained parameters of a network that decay, and all others, those of activations among
    them whatever their shape; each in the order of `net.parameters()`."""
    activations = {
        id(parameter)
        for group in parameter_groups(net)
        if "weight_decay" in group  # the group of the activations
        for parameter in group["params"]
    }
    weights = weights_of(net)
    decaying: list[Tensor] = []
    others: list[Tensor] = []
    for parameter in net.parameters():
        if parameter.requires_grad:
            free = id(parameter) in activations or parameter not in weights
            (others if free else decaying).append(parameter)
    return decaying, others
