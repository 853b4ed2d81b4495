"""K networks of one build as a single function: weights stacked, each with its candidate.

`torch.func.vmap` runs the module once over K stacked sets of weights and buffers, so batch norm
has the statistics of each network. Only the activations differ in kind: where one is called, a
rule for vmap hands each member's part of the signal to its own module.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from ...space import Activation

NUMBER = "number"  # of the member: a buffer of every activation's stand-in


class VmapModules:
    """K modules that are alike but for their activations and what is in their tensors.

    Calling it maps float [B, N], the same for all members, or [K, B, N] to [K, B, classes].
    """

    def __init__(self, nets: Sequence[nn.Module]) -> None:
        names = [
            name
            for name, module in nets[0].named_modules(remove_duplicate=False)
            if isinstance(module, Activation)
        ]
        self._activations = [_activations(net, names) for net in nets]
        self._module = _without_activations(nets[0], names)
        self._point_at_activations()
        device = next(nets[0].parameters()).device
        self.parameters = {
            name: _stacked([net.get_parameter(name).detach() for net in nets]).requires_grad_()
            for name, _ in self._module.named_parameters()
        }
        self._buffers = {
            name: _stacked([net.get_buffer(name) for net in nets])
            for name, _ in self._module.named_buffers()
            if not name.endswith(f".{NUMBER}")
        }
        self._numbers = {
            f"{name}.{NUMBER}": torch.arange(len(nets), device=device) for name in names
        }

    def __call__(self, x: Tensor) -> Tensor:
        state = self.parameters | self._buffers | self._numbers
        shared = None if x.dim() == 2 else 0
        # The fused attention of a CPU, unlike a GPU's, cannot be mapped over members.
        attention = nullcontext() if x.is_cuda else sdpa_kernel(SDPBackend.MATH)
        with attention:
            scores: Tensor = torch.func.vmap(self._scores, in_dims=(0, shared))(state, x)
        return scores

    def _scores(self, state: dict[str, Tensor], x: Tensor) -> Any:
        return torch.func.functional_call(self._module, state, (x,))

    def train(self, training: bool) -> None:
        """Whether batch norm uses the batch's statistics, and gathers them."""
        self._module.train(training)

    def activations(self) -> list[list[Activation]]:
        """The activation modules of each member."""
        return self._activations

    def keep(self, positions: Sequence[int], index: Tensor) -> None:
        """Drop the other members. index: the positions, int64 [M], on the device."""
        self._activations = [self._activations[position] for position in positions]
        self._point_at_activations()
        self.parameters = {
            name: tensor.detach()[index].requires_grad_()
            for name, tensor in self.parameters.items()
        }
        self._buffers = {name: tensor[index] for name, tensor in self._buffers.items()}
        self._numbers = {name: tensor[: len(positions)] for name, tensor in self._numbers.items()}

    def _point_at_activations(self) -> None:
        switches = [m for m in self._module.modules() if isinstance(m, _Switch)]
        for switch, modules in zip(switches, zip(*self._activations, strict=True), strict=True):
            switch.by_member = modules


class _Switch(nn.Module):
    """Stands in for an activation: member k has the k-th module here."""

    number: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.by_member: tuple[Activation, ...] = ()
        self.register_buffer(NUMBER, torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = _SwitchFunction.apply(x, self.number, self.by_member)
        return result


class _SwitchFunction(torch.autograd.Function):
    """modules[number](x); over many members, each of them on its own part of x.

    Only `vmap` is ever run. Autograd records its work on the parts as ordinary operations, so
    there is no backward here.
    """

    @staticmethod
    def forward(x: Tensor, number: Tensor, modules: tuple[Activation, ...]) -> Tensor:
        result: Tensor = modules[int(number)](x)
        return result

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[int | None, int | None, None],
        x: Tensor,
        number: Tensor,
        modules: tuple[Activation, ...],
    ) -> tuple[Tensor, int]:
        dim = in_dims[0]
        if dim is None:  # an activation of the images themselves, which members share
            dim, x = 0, x.expand(info.batch_size, *x.shape)
        starts = itertools.accumulate(runs := _runs(modules), initial=0)
        parts = [
            # One member alone loses the dimension, so that its channels are where it expects them.
            modules[start](part.squeeze(dim)).unsqueeze(dim)
            if length == 1
            else modules[start](part)
            for start, length, part in zip(starts, runs, x.split(runs, dim), strict=False)
        ]
        return (parts[0] if len(parts) == 1 else torch.cat(parts, dim)), dim


def _runs(modules: Sequence[Activation]) -> list[int]:
    """Lengths of runs of equal candidates without parameters; all others stand alone."""
    keys = [(m.expression, i if m.expression.parameters else -1) for i, m in enumerate(modules)]
    return [len(list(group)) for _, group in itertools.groupby(keys)]


def _stacked(tensors: Sequence[Tensor]) -> Tensor:
    # Stacked weights whose channels are last stay so, and vmap is slow on them.
    return torch.stack(list(tensors)).contiguous()


def _activations(net: nn.Module, names: Sequence[str]) -> list[Activation]:
    modules = [net.get_submodule(name) for name in names]
    assert all(isinstance(module, Activation) for module in modules)  # one build made all nets
    return modules  # type: ignore[return-value]


def _without_activations(net: nn.Module, names: Sequence[str]) -> nn.Module:
    """A copy with a switch for each activation, whose tensors take no memory."""
    bare = copy.deepcopy(net)
    for name in names:
        parent, _, attribute = name.rpartition(".")
        setattr(bare.get_submodule(parent), attribute, _Switch())
    return bare.to("meta")
