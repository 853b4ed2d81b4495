"""Many MLPs, one per candidate, trained as one stack of tensors on one thread.

Weights are [K, out, in] and signals [K, features, batch], so that a batched matrix product trains
all K and each slice's signal is contiguous. Nothing couples slices: a slice's numbers are the
same whatever shares its stack, bit for bit on the CPUs tried (tests/evaluators/test_stack.py),
and a slice that diverges leaves its neighbours alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..space import Expression
from .activations import StackedActivations, weight_gain
from .base import Progress
from .batches import Batches, learning_rate, steps_per_epoch
from .images import CLASSES, SIDE
from .recipe import Recipe

LINE = 16  # floats in a cache line


class StackedTraining:
    """K candidates in the recipe's MLP, all starting from one draw of the weights."""

    def __init__(
        self,
        candidates: Sequence[Expression],
        recipe: Recipe,
        seed: int,
        train: Batches,
        validation: Batches,
        test: Batches | None,
    ) -> None:
        self._recipe, self._seed = recipe, seed
        self._train, self._validation, self._test = train, validation, test
        device = train.pixels.device
        sizes = (SIDE * SIDE, *recipe.widths, CLASSES)
        self._shapes = list(zip(sizes[1:], sizes[:-1], strict=True))  # [out, in] per layer
        self._weights, self._biases = _initial(candidates, sizes, recipe, seed, device)
        self._activations = StackedActivations(candidates, recipe.widths, device)
        self._optimizer = self._new_optimizer()
        self._epoch = 0
        self._steps = steps_per_epoch(recipe, len(train))
        self._losses: list[tuple[float, ...]] = [() for _ in candidates]  # per slice, per epoch

    def advance(self, epoch: int) -> list[Progress]:
        """Train every slice to the end of `epoch` (counted from 1) and validate it."""
        while self._epoch < epoch:
            self._epoch += 1
            losses = self._train_epoch().tolist()  # the one host synchronisation of the epoch
            self._losses = [(*old, new) for old, new in zip(self._losses, losses, strict=True)]
        accuracy, loss = self._evaluate(self._validation)
        learned = self._activations.learned()
        return [
            Progress(
                accuracy[k], loss[k], history, learned[k], diverged(history, loss[k], learned[k])
            )
            for k, history in enumerate(self._losses)
        ]

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with these slices only."""
        old = self._tensors()
        state = [self._optimizer.state[tensor] for tensor in old]
        index = torch.tensor(positions, device=self._train.pixels.device)
        self._weights = [_chosen(w, index) for w in self._weights]
        self._biases = [_chosen(b, index) for b in self._biases]
        self._losses = [self._losses[p] for p in positions]
        origin = {id(tensor): i for i, tensor in enumerate(old)}
        kept = self._activations.keep(positions)
        self._optimizer = self._new_optimizer()
        stacked = len(self._weights) + len(self._biases)
        for i, tensor in enumerate(self._tensors()):
            if i < stacked:
                moments = {k: v[index] for k, v in state[i].items() if k != "step"}
                self._optimizer.state[tensor] = {**moments, "step": state[i]["step"]}
            elif id(kept[i - stacked]) in origin:
                self._optimizer.state[tensor] = state[origin[id(kept[i - stacked])]]

    def test(self) -> list[float]:
        """Accuracy of every slice on the test images, fractions."""
        if self._test is None:
            raise ValueError("this training was given no test images")
        return self._evaluate(self._test)[0]

    def _train_epoch(self) -> Tensor:
        """One pass over the training images; each slice's mean loss in nats, [K]."""
        total = torch.zeros(len(self._losses), device=self._train.pixels.device)
        step = (self._epoch - 1) * self._steps
        for x, labels in self._train.shuffled(self._recipe.batch_size, self._seed, self._epoch):
            for group in self._optimizer.param_groups:
                group["lr"] = learning_rate(self._recipe, step, self._steps)
            losses = self._losses_of(self._forward(x), labels)
            # The sum over slices gives each slice the gradient of its own mean loss.
            (losses.sum() / len(labels)).backward()
            self._optimizer.step()
            self._optimizer.zero_grad()
            total += _sums(losses.detach())
            step += 1
        return total / len(self._train)

    def _forward(self, x: Tensor) -> Tensor:
        """Class scores [K, 10, B] of float images [B, 784]."""
        images, x = len(x), _whole_lines(x)
        signal: Tensor | None = None
        slices = len(self._losses)
        layers = zip(self._shapes, self._weights, self._biases, strict=True)
        for layer, ((fan_out, fan_in), flat, flat_bias) in enumerate(layers):
            weight = flat[:, : fan_out * fan_in].view(slices, fan_out, fan_in)
            bias = flat_bias[:, :fan_out].unsqueeze(2)
            if signal is None:
                # The first layer's input is common to all slices: one product instead of K.
                product = torch.mm(weight.flatten(0, 1), x.t())
                signal = product.view(slices, fan_out, -1) + bias
            else:
                signal = torch.baddbmm(bias, weight, self._activations(layer - 1, signal))
        assert signal is not None
        return signal[:, :, :images]

    @staticmethod
    def _losses_of(scores: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of each slice and image, [K, B], in nats."""
        wanted = labels.expand(scores.shape[0], -1)
        return F.cross_entropy(scores, wanted, reduction="none")

    @torch.no_grad()
    def _evaluate(self, images: Batches) -> tuple[list[float], list[float]]:
        """Each slice's accuracy (a fraction) and mean loss (nats)."""
        correct = torch.zeros(len(self._losses), device=images.pixels.device, dtype=torch.int64)
        loss = torch.zeros(len(self._losses), device=images.pixels.device)
        for x, labels in images.in_order():
            scores = self._forward(x)
            correct += (scores.argmax(1) == labels).sum(1)
            loss += _sums(self._losses_of(scores, labels))
        count = len(images)
        return [c / count for c in correct.tolist()], (loss / count).tolist()

    def _tensors(self) -> list[Tensor]:
        return [*self._weights, *self._biases, *self._activations.tensors()]

    def _new_optimizer(self) -> torch.optim.AdamW:
        groups = [{"params": self._weights, "weight_decay": self._recipe.weight_decay}]
        groups += [{"params": self._biases + self._activations.tensors(), "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=self._recipe.learning_rate, fused=True)


def _initial(
    candidates: Sequence[Expression],
    sizes: tuple[int, ...],
    recipe: Recipe,
    seed: int,
    device: torch.device,
) -> tuple[list[Tensor], list[Tensor]]:
    """Weights [K, out * in] and biases [K, out] per layer, padded: one draw, scaled per slice."""
    generator = torch.Generator().manual_seed(seed)
    slices = len(candidates)
    weights, biases = [], []
    for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
        scales = torch.full((slices, 1), 1 / math.sqrt(fan_in))
        if recipe.gain:
            weight = torch.randn(fan_out * fan_in, generator=generator)
            bias = torch.zeros(fan_out)
            if layer:
                scales *= torch.tensor([[weight_gain(c)] for c in candidates])
        else:  # nn.Linear's own: both uniform within 1 / sqrt(fan_in)
            weight = torch.rand(fan_out * fan_in, generator=generator) * 2 - 1
            bias = (torch.rand(fan_out, generator=generator) * 2 - 1) / math.sqrt(fan_in)
        weights.append(_padded(weight * scales).to(device).requires_grad_())
        biases.append(_padded(bias.repeat(slices, 1)).to(device).requires_grad_())
    return weights, biases


def _whole_lines(x: Tensor) -> Tensor:
    """Images [B, 784] and the first ones again, until a row of signals is whole cache lines.

    Matrix products round differently where a slice starts in the middle of a line, and where that
    is depends on its neighbours. Real images, not zeros: a candidate may have no finite slope at
    0, and that times the gradient 0 of what is cut off again would be NaN.
    """
    missing = -len(x) % LINE
    return torch.cat([x, x[torch.arange(missing, device=x.device) % len(x)]]) if missing else x


def _padded(rows: Tensor) -> Tensor:
    """Rows [K, N] lengthened with zeros to whole cache lines.

    The fused optimiser rounds differently in the scalar tail of a tensor than in its vector part:
    unless every slice starts on a whole line, which part a number falls into depends on K.
    """
    return F.pad(rows, (0, -rows.shape[1] % LINE))


def _sums(losses: Tensor) -> Tensor:
    """Each slice's sum, [K] of [K, B], row by row: one reduction over both dimensions adds up in
    an order that depends on K, and a slice's loss must not depend on its neighbours."""
    return torch.stack([row.sum() for row in losses])


def _chosen(tensor: Tensor, index: Tensor) -> Tensor:
    return tensor.detach()[index].clone().requires_grad_()


def diverged(
    train_losses: Sequence[float], loss: float, learned: Mapping[str, Sequence[float]]
) -> str | None:
    """Why a training cannot go on: its first loss (nats) that is not finite, or None.

    learned: parameter -> value per layer; those that are not finite then are named.
    """
    ruined = [
        f"{name} is {value} in layer {layer}"
        for name, values in learned.items()
        for layer, value in enumerate(values, 1)
        if not math.isfinite(value)
    ]
    detail = f" ({ruined[0]})" if ruined else ""
    for epoch, value in enumerate(train_losses, 1):
        if not math.isfinite(value):
            return f"training loss is {value} in epoch {epoch}{detail}"
    if not math.isfinite(loss):
        return f"validation loss is {loss} after epoch {len(train_losses)}{detail}"
    return None
