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

from ..recipes.recipe import Recipe
from .activations import EnsembleActivations, weight_gain
from .cuda_graphs import Record
from .device_data import Batches, DataSplits
from .ensemble import Ensemble
from .ensemble_optimizer import EnsembleOptimizer
from .factored_linear import (
    LINE,
    GradientFactors,
    linear,
    padded,
)
from .members import Member
from .precision import autocast


class MlpEnsemble(Ensemble):
    """K slices in the recipe's MLP; those of one seed start from one draw of the weights."""

    def __init__(
        self,
        slices: Sequence[Member],
        recipe: Recipe,
        sets: DataSplits,
        record: Record | None = None,
    ) -> None:
        super().__init__(slices, recipe, sets, record)
        task = sets.train.task
        sizes = (task.inputs, *recipe.widths, task.classes)
        self._shapes = list(zip(sizes[1:], sizes[:-1], strict=True))  # [out, in] per layer
        self._weights, self._biases = initial_weights(slices, sizes, recipe, self._device)
        candidates = [one.expression for one in slices]
        self._activations = EnsembleActivations(candidates, recipe.widths, self._device)
        self._optimizer = self._new_optimizer()

    def _keep(self, positions: Sequence[int], index: Tensor) -> None:
        self._weights = [_chosen(w, index) for w in self._weights]
        self._biases = [_chosen(b, index) for b in self._biases]
        self._activations.keep(positions)
        old, self._optimizer = self._optimizer, self._new_optimizer()
        old.hand_over(self._optimizer, index)

    def _learned(self) -> Sequence[Mapping[str, tuple[float, ...]]]:
        return self._activations.learned()

    def _train_step(self, by_seed: Mapping[int, tuple[Tensor, Tensor]]) -> None:
        runs = itertools.groupby(one.seed for one in self._slices)
        batches = [(len(list(group)), *by_seed[seed]) for seed, group in runs]
        wanted = torch.cat([labels.expand(count, -1) for count, _, labels in batches])
        factors = [GradientFactors() for _ in self._shapes]
        with autocast(self._recipe, self._device):
            scores = self._forward([(count, x) for count, x, _ in batches], factors)
            losses = _losses_of(scores, wanted)
        # The sum over slices gives each slice the gradient of its own mean loss.
        (losses.sum() / wanted.shape[1]).backward()
        for layer, found in enumerate(factors):
            if found.known:
                self._optimizer.step_in_pieces(layer, found.gradient)
        self._optimizer.step()
        self._total += _sums(losses.detach())

    def _forward(
        self, inputs: Sequence[tuple[int, Tensor]], factors: Sequence[GradientFactors | None]
    ) -> Tensor:
        """Class scores [K, 10, B] of images, float [B, 784], each for so many slices; factors: of
        each layer, for a backward pass."""
        signal = _side_by_side(inputs)
        layers = zip(self._shapes, self._weights, self._biases, factors, strict=True)
        for layer, ((fan_out, _), weights, biases, found) in enumerate(layers):
            if layer:
                signal = self._activations(layer - 1, signal)
            signal = linear(weights, biases, signal, fan_out, found, first=layer == 0)
        return signal[:, :, : len(inputs[0][1])]

    @torch.no_grad()
    def _evaluate(self, images: Batches) -> tuple[Tensor, Tensor]:
        right = []
        loss = torch.zeros(len(self._losses), device=self._device)
        for x, labels in images.in_order():
            with autocast(self._recipe, self._device):
                scores = self._forward([(len(self._losses), x)], [None] * len(self._shapes))
                losses = _losses_of(scores, labels.expand(len(scores), -1))
            right.append(scores.argmax(1) == labels)
            loss += _sums(losses)
        return torch.cat(right, 1), loss / len(images)

    def _new_optimizer(self) -> EnsembleOptimizer:
        steps = [one.lr_multiplier for one in self._slices]
        return EnsembleOptimizer(
            self._recipe,
            self._weights,
            self._biases,
            self._activations.own(),
            steps,
            in_pieces=True,
            recorded=self._record is not None,
        )


def _side_by_side(inputs: Sequence[tuple[int, Tensor]]) -> Tensor:
    """Images as signals [K, 784, B], whole cache lines; those of one seed share the memory."""
    signals = [_whole_lines(x).t().expand(count, -1, -1) for count, x in inputs]
    return signals[0] if len(signals) == 1 else torch.cat(signals)


def _losses_of(scores: Tensor, wanted: Tensor) -> Tensor:
    """Cross-entropy in nats, [K, B], of scores [K, 10, B] and labels [K, B]."""
    return F.cross_entropy(scores, wanted, reduction="none")


def initial_weights(
    slices: Sequence[Member], sizes: tuple[int, ...], recipe: Recipe, device: torch.device
) -> tuple[list[Tensor], list[Tensor]]:
    """Weights [K, out * in] and biases [K, out] per layer, padded: one draw per seed."""
    drawn = {seed: _drawn(seed, sizes, recipe) for seed in {one.seed for one in slices}}
    gains = [weight_gain(one.expression) if recipe.moment_init else 1.0 for one in slices]
    weights, biases = [], []
    for layer, fan_in in enumerate(sizes[:-1]):
        scales = torch.full((len(slices), 1), 1 / math.sqrt(fan_in))
        if layer:
            scales *= torch.tensor(gains).unsqueeze(1)
        weight = torch.stack([drawn[one.seed][layer][0] for one in slices]) * scales
        bias = torch.stack([drawn[one.seed][layer][1] for one in slices])
        weights.append(padded(weight).to(device).requires_grad_())
        biases.append(padded(bias).to(device).requires_grad_())
    return weights, biases


def _drawn(seed: int, sizes: tuple[int, ...], recipe: Recipe) -> list[tuple[Tensor, Tensor]]:
    """Per layer weights [out * in] before scaling by 1 / sqrt(in), and biases [out]: normal and
    0, or, without gain, both as nn.Linear draws them."""
    generator = torch.Generator().manual_seed(seed)
    layers = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        if recipe.moment_init:
            weight = torch.randn(fan_out * fan_in, generator=generator)
            bias = torch.zeros(fan_out)
        else:  # both uniform within 1 / sqrt(fan_in)
            weight = torch.rand(fan_out * fan_in, generator=generator) * 2 - 1
            bias = (torch.rand(fan_out, generator=generator) * 2 - 1) / math.sqrt(fan_in)
        layers.append((weight, bias))
    return layers


def _whole_lines(x: Tensor) -> Tensor:
    """Images [B, 784] and the first ones again, until a row of signals is whole cache lines.

    Matrix products round differently where a slice starts in the middle of a line, and where that
    is depends on its neighbours. Real images, not zeros: a candidate may have no finite slope at
    0, and that times the gradient 0 of what is cut off again would be NaN.
    """
    missing = _whole(len(x)) - len(x)
    return torch.cat([x, x[torch.arange(missing, device=x.device) % len(x)]]) if missing else x


def _whole(length: int) -> int:
    """A length rounded up to whole cache lines."""
    return length + -length % LINE


def _sums(losses: Tensor) -> Tensor:
    """Each slice's sum, [K] of [K, B], row by row: one reduction over both dimensions adds up in
    an order that depends on K, and a slice's loss must not depend on its neighbours."""
    return torch.stack([row.sum() for row in losses])


def _chosen(tensor: Tensor, index: Tensor) -> Tensor:
    return tensor.detach()[index].clone().requires_grad_()
