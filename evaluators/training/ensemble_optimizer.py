"""The recipe's optimiser over the tensors of a stack, each slice at its own step size."""

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
Rows: TypeAlias = tuple[Tensor, slice | EllipsisType]  # of a stacked tensor, or all of one
# Bytes of a piece of weights on a CPU: its gradient is read while it is in the core's own cache.
PIECE = 1 << 20


class EnsembleOptimizer:
    """Steps the tensors of a stack.

    weights, biases: [K, ...] each, row k of slice k; only weights decay. own: for each slice the
    tensors that are its alone. steps: each slice's multiple of the recipe's learning rate.
    in_pieces: whether weights take their steps by `step_in_pieces`, before `step` does the rest.
    recorded: whether steps are replayed (replay.py).
    """

    def __init__(
        self,
        recipe: Recipe,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor],
        own: Sequence[Sequence[Tensor]],
        steps: Sequence[float],
        *,
        in_pieces: bool = False,
        recorded: bool = False,
    ) -> None:
        self._update = Update(recipe, biases[0].device, recorded=recorded)
        self._stacked = [*weights, *biases]
        self._own = list({id(t): t for tensors in own for t in tensors}.values())
        kinds = range(moments_of(recipe))
        self._moments = {
            id(t): [torch.zeros_like(t, requires_grad=False) for _ in kinds]
            for t in (*self._stacked, *self._own)
        }
        self._whole: list[tuple[Part, list[Rows]]] = []
        runs, decay = _runs(steps), recipe.weight_decay
        for rows in runs:
            alone = {id(t): t for tensors in own[rows] for t in tensors}.values()
            free: list[Rows] = [*((b, rows) for b in biases), *((t, ...) for t in alone)]
            decaying: list[Rows] = [] if in_pieces else [(w, rows) for w in weights]
            for members, share in ((free, 0.0), (decaying, decay)):
                if members:
                    part = self._part(members, share, steps[rows.start])
                    self._whole.append((part, members))
        self._pieces = [
            [
                (piece, self._part([(weight, piece)], decay, steps[piece.start]))
                for rows in runs
                for piece in _cut(weight, rows)
            ]
            for weight in (weights if in_pieces else ())
        ]

    def _part(self, members: Sequence[Rows], decay: float, multiple: float) -> Part:
        """Views of the members and of their moments."""
        tensors = [tensor.detach()[rows] for tensor, rows in members]
        moments = [[m[rows] for m in self._moments[id(tensor)]] for tensor, rows in members]
        return Part(tensors, [list(kind) for kind in zip(*moments, strict=True)], decay, multiple)

    def prepare(self, number: int, steps_per_epoch: int) -> None:
        """Set the step sizes for the step of a number (from 0)."""
        self._update.prepare(number, steps_per_epoch)

    def step_in_pieces(self, number: int, gradient: Gradient) -> None:
        """Take the step of the number-th of the weights (from 0), each piece as soon as its
        gradient is made."""
        for rows, part in self._pieces[number]:
            self._update(part, [gradient(rows)])

    def step(self) -> None:
        """Take the step of everything else, and forget the gradients."""
        for part, members in self._whole:
            self._update(part, [gradient_of(tensor)[rows] for tensor, rows in members])
        self.forget()

    def forget(self) -> None:
        """Drop the gradients."""
        for tensor in (*self._stacked, *self._own):
            tensor.grad = None

    def hand_over(self, to: EnsembleOptimizer, index: Tensor) -> None:
        """Give the moments of the slices at `index` (int64 [M]) to the optimiser of just those."""
        for ours, theirs in zip(self._stacked, to._stacked, strict=True):
            self._copy_moments(ours, to, theirs, index)
        for tensor in to._own:
            self._copy_moments(tensor, to, tensor, ...)

    def _copy_moments(
        self, ours: Tensor, to: EnsembleOptimizer, theirs: Tensor, index: Tensor | EllipsisType
    ) -> None:
        pairs = zip(self._moments[id(ours)], to._moments[id(theirs)], strict=True)
        for moment, given in pairs:
            given.copy_(moment[index])


def _runs(steps: Sequence[float]) -> list[slice]:
    """The rows of neighbours that have one step size."""
    lengths = [len(list(group)) for _, group in itertools.groupby(steps)]
    ends = list(itertools.accumulate(lengths, initial=0))
    return [slice(a, b) for a, b in itertools.pairwise(ends)]


def _cut(weight: Tensor, rows: slice) -> list[slice]:
    """Rows of weights in pieces: on a CPU of at most PIECE bytes, or one row, each."""
    size = len(weight)
    if weight.device.type == "cpu":
        size = max(1, PIECE // weight[0].nbytes)
    return [slice(a, min(a + size, rows.stop)) for a in range(rows.start, rows.stop, size)]
