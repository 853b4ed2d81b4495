"""The recipe's optimiser over the tensors of an ensemble, each member at its learning rate."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from types import EllipsisType
from typing import TypeAlias

import torch
from torch import Tensor

from ..recipes.recipe import Recipe
from .optimizer import (
    Part,
    Update,
    gradient_of,
    moments_of,
)

Gradient: TypeAlias = Callable[[slice], Tensor]  # of some rows of weights [K, N]
Rows: TypeAlias = tuple[Tensor, slice | EllipsisType]  # of a tensor, or all of it
# Bytes of a piece of weights on a CPU: its gradient is read while it is in the core's own cache.
PIECE = 1 << 20


class EnsembleOptimizer:
    """Steps the tensors of an ensemble.

    weights, biases: [K, ...] each, row k of member k; only weights decay. activations: the tensors
    that each member's activations learn. lr_multipliers: each member's, of the learning rate.
    in_pieces: whether weights take their steps by `step_in_pieces`, before `step` does the rest.
    recorded: whether steps are replayed (cuda_graphs.py).
    """

    def __init__(
        self,
        recipe: Recipe,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor],
        activations: Sequence[Sequence[Tensor]],
        lr_multipliers: Sequence[float],
        *,
        in_pieces: bool = False,
        recorded: bool = False,
    ) -> None:
        self._update = Update(recipe, biases[0].device, recorded=recorded)
        self._stacked = [*weights, *biases]
        self._unstacked = list({id(t): t for tensors in activations for t in tensors}.values())
        kinds = range(moments_of(recipe))
        self._moments = {
            id(t): [torch.zeros_like(t, requires_grad=False) for _ in kinds]
            for t in (*self._stacked, *self._unstacked)
        }
        self._parts: list[tuple[Part, list[Rows]]] = []
        runs, decay = _runs(lr_multipliers), recipe.weight_decay
        for rows in runs:
            learned = {id(t): t for tensors in activations[rows] for t in tensors}.values()
            free: list[Rows] = [*((b, rows) for b in biases), *((t, ...) for t in learned)]
            decaying: list[Rows] = [] if in_pieces else [(w, rows) for w in weights]
            for tensors, share in ((free, 0.0), (decaying, decay)):
                if tensors:
                    part = self._part(tensors, share, lr_multipliers[rows.start])
                    self._parts.append((part, tensors))
        self._pieces = [
            [
                (piece, self._part([(weight, piece)], decay, lr_multipliers[piece.start]))
                for rows in runs
                for piece in _cut(weight, rows)
            ]
            for weight in (weights if in_pieces else ())
        ]

    def _part(self, parts: Sequence[Rows], decay: float, lr_multiplier: float) -> Part:
        """Views of these rows and of their moments."""
        tensors = [tensor.detach()[rows] for tensor, rows in parts]
        moments = [[m[rows] for m in self._moments[id(tensor)]] for tensor, rows in parts]
        by_kind = [list(kind) for kind in zip(*moments, strict=True)]
        return Part(tensors, by_kind, decay, lr_multiplier)

    def prepare(self, number: int, steps_per_epoch: int) -> None:
        """Set the learning rates for the step of a number (from 0)."""
        self._update.prepare(number, steps_per_epoch)

    def step_in_pieces(self, number: int, gradient: Gradient) -> None:
        """Take the step of the number-th of the weights (from 0), each piece as soon as its
        gradient is made."""
        for rows, part in self._pieces[number]:
            self._update(part, [gradient(rows)])

    def step(self) -> None:
        """Take the step of everything else, and forget the gradients."""
        for part, tensors in self._parts:
            self._update(part, [gradient_of(tensor)[rows] for tensor, rows in tensors])
        self.forget()

    def forget(self) -> None:
        """Drop the gradients."""
        for tensor in (*self._stacked, *self._unstacked):
            tensor.grad = None

    def hand_over(self, to: EnsembleOptimizer, index: Tensor) -> None:
        """Give the moments of the members at `index` (int64 [M]) to an optimiser of only those."""
        for tensor, kept in zip(self._stacked, to._stacked, strict=True):
            self._copy_moments(tensor, to, kept, index)
        for tensor in to._unstacked:
            self._copy_moments(tensor, to, tensor, ...)

    def _copy_moments(
        self, tensor: Tensor, to: EnsembleOptimizer, kept: Tensor, index: Tensor | EllipsisType
    ) -> None:
        pairs = zip(self._moments[id(tensor)], to._moments[id(kept)], strict=True)
        for moment, target in pairs:
            target.copy_(moment[index])


def _runs(lr_multipliers: Sequence[float]) -> list[slice]:
    """The rows of neighbours that have one learning rate."""
    lengths = [len(list(group)) for _, group in itertools.groupby(lr_multipliers)]
    ends = list(itertools.accumulate(lengths, initial=0))
    return [slice(a, b) for a, b in itertools.pairwise(ends)]


def _cut(weight: Tensor, rows: slice) -> list[slice]:
    """Rows of weights in pieces: on a CPU of at most PIECE bytes, or one row, each."""
    size = len(weight)
    if weight.device.type == "cpu":
        size = max(1, PIECE // weight[0].nbytes)
    return [slice(a, min(a + size, rows.stop)) for a in range(rows.start, rows.stop, size)]
