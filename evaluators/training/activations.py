"""The activations of an ensemble: each member's function and learnable parameters, per layer."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor

from ...space import Expression, Parameter
from ...space.expressions.compile import Program, compile_program
from ...space.expressions.expression import Granularity, substitute

# Floats that torch's pointwise kernels take at once, at most. They round the rest of a tensor
# differently (mish, elu, softplus), so members share a call only where they leave no rest.
_UNROLLED = 64


def shared(candidate: Expression, granularity: str) -> Expression:
    """The candidate with its parameters of the default granularity, one per layer, at a recipe's:
    `layer`, `channel`, or `network`, where one object serves all layers."""
    if granularity == "layer":
        return candidate
    values: dict[Expression, Expression] = {
        p: replace(p, granularity=cast(Granularity, granularity))
        for p in candidate.parameters
        if p.granularity == "layer"
    }
    return substitute(candidate, values)


@dataclass(slots=True)
class _MemberActivation:
    """One candidate: its program, and for each layer its parameters, [1] or [width, 1]."""

    expression: Expression
    program: Program
    layers: list[list[Tensor]]


class EnsembleActivations:
    """Applies member k's candidate to signal[k]; neighbours that are equal share one call."""

    def __init__(
        self, candidates: Sequence[Expression], widths: Sequence[int], device: torch.device
    ) -> None:
        self._members = [_member(candidate, widths, device) for candidate in candidates]
        self._runs = _runs(self._members)

    def __call__(self, layer: int, signal: Tensor) -> Tensor:
        """The activations [K, features, B] of pre-activations of that shape."""
        may_share = signal[0].numel() % _UNROLLED == 0
        runs = self._runs if may_share else [1] * len(self._members)
        if len(runs) == 1:
            return self._apply(0, layer, signal)
        parts = signal.split(runs)
        starts = itertools.accumulate(runs, initial=0)
        outputs = [
            self._apply(start, layer, part) for start, part in zip(starts, parts, strict=False)
        ]
        return torch.cat(outputs)

    def _apply(self, start: int, layer: int, signal: Tensor) -> Tensor:
        first = self._members[start]
        return first.program(signal, first.layers[layer])

    def keep(self, positions: Sequence[int]) -> None:
        """Drop the other members."""
        self._members = [self._members[position] for position in positions]
        self._runs = _runs(self._members)

    def parameters(self) -> list[list[Tensor]]:
        """The learnable tensors of each member, each once."""
        return [
            list({id(tensor): tensor for layer in member.layers for tensor in layer}.values())
            for member in self._members
        ]

    def learned(self) -> list[dict[str, tuple[float, ...]]]:
        """For each member: parameter name -> value per layer, or one if shared by the net."""
        return [_learned(member) for member in self._members]


def _member(
    candidate: Expression, widths: Sequence[int], device: torch.device
) -> _MemberActivation:
    by_net = {p: _tensor(p, 1, device) for p in candidate.parameters if p.granularity == "network"}
    layers = [
        [by_net[p] if p in by_net else _tensor(p, width, device) for p in candidate.parameters]
        for width in widths
    ]
    return _MemberActivation(candidate, compile_program(candidate), layers)


def _tensor(parameter: Parameter, width: int, device: torch.device) -> Tensor:
    shape = (width, 1) if parameter.granularity == "channel" else (1,)
    return torch.full(shape, parameter.initial, device=device, requires_grad=True)


def _runs(members: Sequence[_MemberActivation]) -> list[int]:
    """Lengths of runs of equal candidates without parameters; all others stand alone."""
    keys = [(m.expression, i if m.program.parameters else -1) for i, m in enumerate(members)]
    return [len(list(group)) for _, group in itertools.groupby(keys)]


def _learned(member: _MemberActivation) -> dict[str, tuple[float, ...]]:
    values: dict[str, tuple[float, ...]] = {}
    for i, parameter in enumerate(member.program.parameters):
        layers = member.layers[:1] if parameter.granularity == "network" else member.layers
        values[parameter.name] = tuple(float(layer[i].detach().mean()) for layer in layers)
    return values
