"""The uses of activations in a network: pre-activations, outputs, slopes.

Every measurement of the hidden layers starts here, for networks of ours and of users alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...space import CandidateError
from ...space.modules.activation import ACTIVATIONS
from ...space.modules.example_pass import run_example

Kinds = tuple[type[nn.Module], ...]


@dataclass(frozen=True, slots=True, eq=False)
class ActivationSite:
    """One use of an activation in one forward pass.

    name: of the module in its network, with a number where it is used again.
    before, after: pre-activations and outputs, of one shape, still part of autograd's graph.
    unit_dim: their dimension of units, as the layers beside show it: neurons of [B, units],
    channels of [B, channels, …], features of tokens [B, tokens, features].
    """

    name: str
    module: nn.Module
    before: Tensor
    after: Tensor
    unit_dim: int

    @property
    def units(self) -> int:
        """How many there are."""
        return self.before.shape[self.unit_dim]

    def by_unit(self, signal: Tensor) -> Tensor:
        """A signal of the site's shape as [values, units]."""
        return signal.movedim(self.unit_dim, -1).flatten(0, -2)

    def slope(self) -> Tensor:
        """The activation's derivative at every pre-activation, of their shape."""
        return slope_at(self.module, self.before)


def watch(
    net: nn.Module, x: Tensor, kinds: Kinds = ACTIVATIONS
) -> tuple[Tensor, tuple[ActivationSite, ...]]:
    """The network's output for a batch, and its activation sites in the order of the forward pass.

    kinds: modules that count as activations; for a network without any, its `nn.Identity`s. Raises
    CandidateError where no module of these kinds runs.
    """
    names = {module: name for name, module in net.named_modules() if isinstance(module, kinds)}
    calls = run_example(net, x[:2].detach(), list(names)).calls  # of a few samples, for the units
    sites: list[ActivationSite] = []
    waiting: list[Tensor] = []  # inputs of modules that have begun, the innermost last

    def begin(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        waiting.append(inputs[0])
        in_place = getattr(module, "inplace", False)  # it would overwrite what is recorded
        return (inputs[0].clone(), *inputs[1:]) if in_place else None

    def end(module: nn.Module, _: tuple[Any, ...], output: Tensor) -> None:
        uses = 1 + sum(site.module is module for site in sites)
        name = names[module] if uses == 1 else f"{names[module]} ({uses})"
        if not output.requires_grad:  # what follows may change it in place
            output = output.clone()
        dim = _unit_dim(output, calls[module][uses - 1].dim)
        sites.append(ActivationSite(name, module, waiting.pop(), output, dim))

    hooks = [module.register_forward_pre_hook(begin) for module in names]
    hooks += [module.register_forward_hook(end) for module in names]
    try:
        output: Tensor = net(x)
    finally:
        for hook in hooks:
            hook.remove()
    if not sites:
        raise CandidateError(
            "no activation of the network ran as a module of its own: put modules where forward "
            "calls functions, or nn.Identity() where there is none and pass kinds=(nn.Identity,)"
        )
    return output, tuple(sites)


def slope_at(activation: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """The derivative of a pointwise function at every element of z, of its shape."""
    points = z.detach().clone().requires_grad_()
    with torch.enable_grad():
        value = activation(points.clone())  # a copy, since it may work in place
        if not value.requires_grad:  # a constant
            return torch.zeros_like(points)
        # Materialised: of a parameter alone the slope is 0, not missing.
        return torch.autograd.grad(value.sum(), points, materialize_grads=True)[0]


def _unit_dim(signal: Tensor, known: int | None) -> int:
    """The dimension of a signal's units, counted from the front: the one that the layers beside
    show, else the channels of images and the features of tokens."""
    if known is not None:
        return known % signal.dim()
    return 2 if signal.dim() == 3 else 1
