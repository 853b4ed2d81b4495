"""The recipe's optimiser: torch's own, and its steps by the same kernels on chosen tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..recipes.recipe import Recipe
from .schedule import learning_rate

BETAS, EPSILON = (0.9, 0.999), 1e-8  # of AdamW: torch's defaults


def optimizer_of(recipe: Recipe, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """AdamW or SGD over parameter groups, in one fused kernel per step."""
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            groups, lr=recipe.learning_rate, momentum=recipe.momentum, fused=True
        )
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)


@dataclass(frozen=True, slots=True)
class Part:
    """Tensors, or rows of them, that take their step together.

    moments: by kind, one for each of the tensors, 0 at first. lr_multiplier: of the learning rate.
    """

    tensors: list[Tensor]
    moments: list[list[Tensor]]
    decay: float
    lr_multiplier: float

    @staticmethod
    def of(recipe: Recipe, tensors: Sequence[Tensor], decay: float, lr_multiplier: float) -> Part:
        """Whole tensors that have not taken a step."""
        moments = [
            [torch.zeros_like(t.detach()) for t in tensors] for _ in range(moments_of(recipe))
        ]
        return Part([t.detach() for t in tensors], moments, decay, lr_multiplier)


class Update:
    """Steps as torch.optim's AdamW and SGD with the recipe's numbers take them, bit for bit
    (tests/evaluators/training/test_ensemble_optimizer.py).

    torch.optim has all gradients at once or none, and its care for groups and states takes 0.4 ms
    a step, 2 % of an ensemble of nine. recorded: whether steps are replayed (cuda_graphs.py), for
    which the learning rate is a tensor, rounded to float32.
    """

    def __init__(self, recipe: Recipe, device: torch.device, *, recorded: bool = False) -> None:
        self._recipe = recipe
        self._count = torch.zeros((), device=device)
        self._rate: float | Tensor = torch.zeros((), device=device) if recorded else 0.0

    def prepare(self, number: int, steps_per_epoch: int) -> None:
        """Set learning rate and count for the step of a number (from 0)."""
        rate = learning_rate(self._recipe, number, steps_per_epoch)
        self._count.fill_(number + 1)
        if isinstance(self._rate, Tensor):
            self._rate.fill_(rate)
        else:
            self._rate = rate

    @torch.no_grad()
    def __call__(self, part: Part, gradients: list[Tensor]) -> None:
        """Take the step of a part; gradients: of its tensors."""
        rate: Any = self._rate * part.lr_multiplier
        if self._recipe.optimizer == "sgd":
            torch._fused_sgd_(
                part.tensors,
                gradients,
                part.moments[0] if part.moments else [],
                lr=rate,
                momentum=self._recipe.momentum,
                weight_decay=part.decay,
                dampening=0.0,
                nesterov=False,
                maximize=False,
                is_first_step=False,  # the moments are 0 already
            )
            return
        first, second = part.moments
        torch._fused_adamw_(
            part.tensors,
            gradients,
            first,
            second,
            [],
            [self._count] * len(gradients),
            lr=rate,
            beta1=BETAS[0],
            beta2=BETAS[1],
            weight_decay=part.decay,
            eps=EPSILON,
            amsgrad=False,
            maximize=False,
        )


def gradient_of(tensor: Tensor) -> Tensor:
    """A tensor's gradient; zeros where the loss does not depend on it, as with a constant
    candidate."""
    return torch.zeros_like(tensor) if tensor.grad is None else tensor.grad


def moments_of(recipe: Recipe) -> int:
    """Numbers that the optimiser keeps for each weight."""
    if recipe.optimizer == "adamw":
        return 2
    return 1 if recipe.momentum else 0
