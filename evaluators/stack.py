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

from .activations import StackedActivations, weight_gain
from .batches import Batches, Sets
from .epochs import Stack
from .optimizer import StackOptimizer
from .precision import autocast
from .recipe import Recipe
from .replay import Record
from .slices import Slice

LINE = 16  # floats in a cache line


class StackedTraining(Stack):
    """K slices in the recipe's MLP; those of one seed start from one draw of the weights."""

    def __init__(
        self, slices: Sequence[Slice], recipe: Recipe, sets: Sets, record: Record | None = None
    ) -> None:
        super().__init__(slices, recipe, sets, record)
        task = sets.train.task
        sizes = (task.inputs, *recipe.widths, task.classes)
        self._shapes = list(zip(sizes[1:], sizes[:-1], strict=True))  # [out, in] per layer
        self._weights, self._biases = initial_weights(slices, sizes, recipe, self._device)
        candidates = [one.expression for one in slices]
        self._activations = StackedActivations(candidates, recipe.widths, self._device)
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
        batches = [(rows, *by_seed[seed]) for rows, seed in self._rows()]
        wanted = torch.cat([y.expand(rows.stop - rows.start, -1) for rows, _, y in batches])
        with autocast(self._recipe, self._device):
            losses = _losses_of(self._forward([(rows, x) for rows, x, _ in batches]), wanted)
        # The sum over slices gives each slice the gradient of its own mean loss.
        (losses.sum() / wanted.shape[1]).backward()
        self._optimizer.step()
        self._total += _sums(losses.detach())

    def _rows(self) -> list[tuple[slice, int]]:
        """The rows of each run of slices with one seed, and the seed."""
        grouped = itertools.groupby(one.seed for one in self._slices)
        runs = [(seed, len(list(group))) for seed, group in grouped]
        starts = itertools.accumulate((n for _, n in runs), initial=0)
        return [(slice(a, a + n), seed) for a, (seed, n) in zip(starts, runs, strict=False)]

    def _forward(self, inputs: Sequence[tuple[slice, Tensor]]) -> Tensor:
        """Class scores [K, 10, B] of each run of slices' own images, float [B, 784]."""
        images = len(inputs[0][1])
        slices = len(self._losses)
        signal: Tensor | None = None
        layers = zip(self._shapes, self._weights, self._biases, strict=True)
        for layer, ((fan_out, fan_in), flat, flat_bias) in enumerate(layers):
            weight = _without_padding(flat, fan_out * fan_in).view(slices, fan_out, fan_in)
            bias = _without_padding(flat_bias, fan_out).unsqueeze(2)
            if signal is None:
                signal = _first_products(weight, inputs) + bias
            else:
                signal = torch.baddbmm(bias, weight, self._activations(layer - 1, signal))
        assert signal is not None
        return signal[:, :, :images]

    @torch.no_grad()
    def _evaluate(self, images: Batches) -> tuple[Tensor, Tensor]:
        right = []
        loss = torch.zeros(len(self._losses), device=self._device)
        for x, labels in images.in_order():
            with autocast(self._recipe, self._device):
                scores = self._forward([(slice(0, len(self._losses)), x)])
                losses = _losses_of(scores, labels.expand(len(scores), -1))
            right.append(scores.argmax(1) == labels)
            loss += _sums(losses)
        return torch.cat(right, 1), loss / len(images)

    def _new_optimizer(self) -> StackOptimizer:
        steps = [one.step for one in self._slices]
        own = self._activations.own()
        recorded = self._record is not None
        return StackOptimizer(
            self._recipe, self._weights, self._biases, own, steps, recorded=recorded
        )


def _first_products(weight: Tensor, inputs: Sequence[tuple[slice, Tensor]]) -> Tensor:
    """The first layer's products [K, out, B]: slices of one seed see the same images, and share
    one product instead of having one each."""
    if len(inputs) == 1:  # nothing is cut, whose gradient would have to be put together again
        return _product(weight, inputs[0][1])
    parts = weight.split([rows.stop - rows.start for rows, _ in inputs])
    return torch.cat([_product(w, x) for w, (_, x) in zip(parts, inputs, strict=True)])


def _product(weight: Tensor, x: Tensor) -> Tensor:
    product = torch.mm(weight.flatten(0, 1), _whole_lines(x).t())
    return product.view(len(weight), weight.shape[1], -1)


def _losses_of(scores: Tensor, wanted: Tensor) -> Tensor:
    """Cross-entropy in nats, [K, B], of scores [K, 10, B] and labels [K, B]."""
    return F.cross_entropy(scores, wanted, reduction="none")


def initial_weights(
    slices: Sequence[Slice], sizes: tuple[int, ...], recipe: Recipe, device: torch.device
) -> tuple[list[Tensor], list[Tensor]]:
    """Weights [K, out * in] and biases [K, out] per layer, padded: one draw per seed."""
    drawn = {seed: _drawn(seed, sizes, recipe) for seed in {one.seed for one in slices}}
    gains = [weight_gain(one.expression) if recipe.gain else 1.0 for one in slices]
    weights, biases = [], []
    for layer, fan_in in enumerate(sizes[:-1]):
        scales = torch.full((len(slices), 1), 1 / math.sqrt(fan_in))
        if layer:
            scales *= torch.tensor(gains).unsqueeze(1)
        weight = torch.stack([drawn[one.seed][layer][0] for one in slices]) * scales
        bias = torch.stack([drawn[one.seed][layer][1] for one in slices])
        weights.append(_padded(weight).to(device).requires_grad_())
        biases.append(_padded(bias).to(device).requires_grad_())
    return weights, biases


def _drawn(seed: int, sizes: tuple[int, ...], recipe: Recipe) -> list[tuple[Tensor, Tensor]]:
    """Per layer weights [out * in] before scaling by 1 / sqrt(in), and biases [out]: normal and
    0, or, without gain, both as nn.Linear draws them."""
    generator = torch.Generator().manual_seed(seed)
    layers = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        if recipe.gain:
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


def _padded(rows: Tensor) -> Tensor:
    """Rows [K, N] lengthened with zeros to whole cache lines.

    The fused optimiser rounds differently in the scalar tail of a tensor than in its vector part:
    unless every slice starts on a whole line, which part a number falls into depends on K.
    """
    return F.pad(rows, (0, -rows.shape[1] % LINE))


def _without_padding(rows: Tensor, length: int) -> Tensor:
    """The first numbers of each row; the rows themselves where that is all of them, since the
    gradient of a part is written into zeros of the whole, a tenth of an epoch's time."""
    return rows if rows.shape[1] == length else rows[:, :length]


def _sums(losses: Tensor) -> Tensor:
    """Each slice's sum, [K] of [K, B], row by row: one reduction over both dimensions adds up in
    an order that depends on K, and a slice's loss must not depend on its neighbours."""
    return torch.stack([row.sum() for row in losses])


def _chosen(tensor: Tensor, index: Tensor) -> Tensor:
    return tensor.detach()[index].clone().requires_grad_()
