"""The recipe's optimiser over the tensors of a stack, each slice at its own step size."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .batches import learning_rate
from .recipe import Recipe


def optimizer_of(
    recipe: Recipe, groups: list[dict[str, Any]], *, recorded: bool = False
) -> torch.optim.Optimizer:
    """AdamW or SGD over parameter groups, in one fused kernel per step. recorded: whether steps
    are replayed, for which AdamW wants to be prepared."""
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            groups, lr=recipe.learning_rate, momentum=recipe.momentum, fused=True
        )
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True, capturable=recorded)


class StackOptimizer:
    """Steps the tensors of a stack.

    weights, biases: [K, N] each, row k of slice k; only weights decay. own: for each slice the
    tensors that are its alone. steps: each slice's multiple of the recipe's learning rate; where
    they differ, neighbours of one step size are views of the rows, with an optimiser group each.
    recorded: whether steps are replayed (replay.py); the step sizes are then tensors.
    """

    def __init__(
        self,
        recipe: Recipe,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor],
        own: Sequence[Sequence[Tensor]],
        steps: Sequence[float],
        *,
        recorded: bool = False,
    ) -> None:
        self._recipe = recipe
        self._stacked = [*weights, *biases]
        self._own = list({id(t): t for tensors in own for t in tensors}.values())
        self._runs = _runs(steps)
        self._views = [
            [t if len(self._runs) == 1 else t.detach()[rows] for rows in self._runs]
            for t in self._stacked
        ]
        groups: list[dict[str, Any]] = []
        for run, rows in enumerate(self._runs):
            matrices = [views[run] for views in self._views[: len(weights)]]
            vectors = [views[run] for views in self._views[len(weights) :]]
            alone = {id(t): t for tensors in own[rows] for t in tensors}
            decayed = {0.0: [*vectors, *alone.values()]}
            # One group where nothing decays: each costs 0.4 ms a step beside its arithmetic.
            decayed.setdefault(recipe.weight_decay, []).extend(matrices)
            groups += [
                {"params": tensors, "weight_decay": decay, "multiple": steps[rows.start]}
                for decay, tensors in decayed.items()
            ]
        if recorded:
            for group in groups:
                group["lr"] = torch.zeros((), device=weights[0].device)
        self._optimizer = optimizer_of(recipe, groups, recorded=recorded)
        self._recorded = recorded

    def prepare(self, number: int, steps_per_epoch: int) -> None:
        """Set the step sizes for the step of a number (from 0)."""
        rate = learning_rate(self._recipe, number, steps_per_epoch)
        for group in self._optimizer.param_groups:
            if self._recorded:
                group["lr"].fill_(rate * group["multiple"])
            else:
                group["lr"] = rate * group["multiple"]

    def step(self) -> None:
        """Take a step, and forget the gradients."""
        if len(self._runs) > 1:
            for tensor, views in zip(self._stacked, self._views, strict=True):
                assert tensor.grad is not None  # every layer is in the loss
                for view, rows in zip(views, self._runs, strict=True):
                    view.grad = tensor.grad[rows]
        self._optimizer.step()
        for tensor in (*self._stacked, *self._own):
            tensor.grad = None

    def hand_over(self, to: StackOptimizer, index: Tensor) -> None:
        """Give the moments of the slices at `index` (int64 [M]) to the optimiser of just those."""
        for ours, theirs in zip(self._views, to._views, strict=True):
            states = [self._optimizer.state[view] for view in ours]
            for key in states[0]:
                whole = states[0][key]
                if key != "step":  # of Adam: a count, the same for all
                    whole = torch.cat([state[key] for state in states])[index]
                for view, rows in zip(theirs, to._runs, strict=True):
                    to._optimizer.state[view][key] = (
                        whole.clone() if key == "step" else whole[rows].clone()
                    )
        for tensor in to._own:
            to._optimizer.state[tensor] = self._optimizer.state[tensor]


def _runs(steps: Sequence[float]) -> list[slice]:
    """The rows of neighbours that have one step size."""
    lengths = [len(list(group)) for _, group in itertools.groupby(steps)]
    ends = list(itertools.accumulate(lengths, initial=0))
    return [slice(a, b) for a, b in itertools.pairwise(ends)]
