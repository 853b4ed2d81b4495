"""The activations of a stack: each slice's own function and learnable parameters, per layer."""

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
# differently (mish, elu, softplus), so slices share a call only where they leave no rest.
_UNROLLED = 64


def shared(candidate: Expression, sharing: str) -> Expression:
    """The candidate with those parameters that have a copy in each layer, the default, shared as a
    recipe says: `layer`, `channel`, or `network`, as where one object serves all layers."""
    if sharing == "layer":
        return candidate
    values: dict[Expression, Expression] = {
        p: replace(p, granularity=cast(Granularity, sharing))
        for p in candidate.parameters
        if p.granularity == "layer"
    }
    return substitute(candidate, values)


@dataclass(slots=True)
class _Slice:
    """One candidate: its program, and for each layer its parameters, [1] or [width, 1]."""

    expression: Expression
    program: Program
    layers: list[list[Tensor]]


class EnsembleActivations:
    """Applies slice k's candidate to signal[k]; neighbours that are equal share one call."""

    def __init__(
        self, candidates: Sequence[Expression], widths: Sequence[int], device: torch.device
    ) -> None:
        self._slices = [_slice(candidate, widths, device) for candidate in candidates]
        self._runs = _runs(self._slices)

    def __call__(self, layer: int, signal: Tensor) -> Tensor:
        """The activations [K, features, B] of pre-activations of that shape."""
        whole = signal[0].numel() % _UNROLLED == 0
        runs = self._runs if whole else [1] * len(self._slices)
        if len(runs) == 1:
            return self._apply(0, layer, signal)
        parts = signal.split(runs)
        starts = itertools.accumulate(runs, initial=0)
        outputs = [
            self._apply(start, layer, part) for start, part in zip(starts, parts, strict=False)
        ]
        return torch.cat(outputs)

    def _apply(self, start: int, layer: int, signal: Tensor) -> Tensor:
        first = self._slices[start]
        return first.program(signal, first.layers[layer])

    def keep(self, positions: Sequence[int]) -> None:
        """Drop the other slices."""
        self._slices = [self._slices[position] for position in positions]
        self._runs = _runs(self._slices)

    def own(self) -> list[list[Tensor]]:
        """For each slice its learnable tensors, each once."""
        return [
            list({id(tensor): tensor for layer in s.layers for tensor in layer}.values())
            for s in self._slices
        ]

    def learned(self) -> list[dict[str, tuple[float, ...]]]:
        """For each slice: parameter name -> value per layer, or one if shared by the net."""
        return [_learned(s) for s in self._slices]


def _slice(candidate: Expression, widths: Sequence[int], device: torch.device) -> _Slice:
    shared = {p: _tensor(p, 1, device) for p in candidate.parameters if p.granularity == "network"}
    layers = [
        [shared[p] if p in shared else _tensor(p, width, device) for p in candidate.parameters]
        for width in widths
    ]
    return _Slice(candidate, compile_program(candidate), layers)


def _tensor(parameter: Parameter, width: int, device: torch.device) -> Tensor:
    shape = (width, 1) if parameter.granularity == "channel" else (1,)
    return torch.full(shape, parameter.initial, device=device, requires_grad=True)


def _runs(slices: Sequence[_Slice]) -> list[int]:
    """Lengths of runs of equal candidates without parameters; all others stand alone."""
    keys = [(s.expression, i if s.program.parameters else -1) for i, s in enumerate(slices)]
    return [len(list(group)) for _, group in itertools.groupby(keys)]


def _learned(s: _Slice) -> dict[str, tuple[float, ...]]:
    values: dict[str, tuple[float, ...]] = {}
    for i, parameter in enumerate(s.program.parameters):
        layers = s.layers[:1] if parameter.granularity == "network" else s.layers
        values[parameter.name] = tuple(float(layer[i].detach().mean()) for layer in layers)
    return values
