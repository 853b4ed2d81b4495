"""Many MLPs, one per candidate, trained as batched matrices on one thread.

Weights are [K, out, in] and signals [K, features, batch], so that a batched matrix product trains
all K and each member's signal is contiguous. Nothing couples members: a member's numbers are the
same whatever trains beside it, bit for bit on the CPUs tried
(tests/evaluators/training/test_mlp_ensemble.py), and one that diverges leaves the others alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..networks.init import initial_weights
from ..recipes.recipe import Recipe
from .activations import EnsembleActivations
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
    """K members in the recipe's MLP; those of one seed start from one draw of the weights."""

    def __init__(
        self,
        members: Sequence[Member],
        recipe: Recipe,
        sets: DataSplits,
        record: Record | None = None,
    ) -> None:
        super().__init__(members, recipe, sets, record)
        spec = sets.train.spec
        sizes = (spec.inputs, *recipe.widths, spec.classes)
        self._shapes = list(zip(sizes[1:], sizes[:-1], strict=True))  # [out, in] per layer
        candidates = [member.expression for member in members]
        seeds = [member.seed for member in members]
        initial = initial_weights(candidates, seeds, sizes, moment_init=recipe.moment_init)
        self._weights = [self._stored(weights) for weights, _ in initial]
        self._biases = [self._stored(biases) for _, biases in initial]
        self._activations = EnsembleActivations(candidates, recipe.widths, self._device)
        self._optimizer = self._new_optimizer()

    def _stored(self, rows: Tensor) -> Tensor:
        """Rows [K, N], padded, as a tensor that learns."""
        return padded(rows).to(self._device).requires_grad_()

    def _keep(self, positions: Sequence[int], index: Tensor) -> None:
        self._weights = [_chosen(w, index) for w in self._weights]
        self._biases = [_chosen(b, index) for b in self._biases]
        self._activations.keep(positions)
        old, self._optimizer = self._optimizer, self._new_optimizer()
        old.hand_over(self._optimizer, index)

    def _learned(self) -> Sequence[Mapping[str, tuple[float, ...]]]:
        return self._activations.learned()

    def _train_step(self, by_seed: Mapping[int, tuple[Tensor, Tensor]]) -> None:
        runs = itertools.groupby(member.seed for member in self._members)
        batches = [(len(list(group)), *by_seed[seed]) for seed, group in runs]
        targets = torch.cat([labels.expand(count, -1) for count, _, labels in batches])
        factors = [GradientFactors() for _ in self._shapes]
        with autocast(self._recipe, self._device):
            scores = self._forward([(count, x) for count, x, _ in batches], factors)
            losses = _losses_of(scores, targets)
        # The sum over members gives each member the gradient of its own mean loss.
        (losses.sum() / targets.shape[1]).backward()
        for layer, of_layer in enumerate(factors):
            if of_layer.known:
                self._optimizer.step_in_pieces(layer, of_layer.gradient)
        self._optimizer.step()
        self._total += _sums(losses.detach())

    def _forward(
        self, inputs: Sequence[tuple[int, Tensor]], factors: Sequence[GradientFactors | None]
    ) -> Tensor:
        """Class scores [K, 10, B] of images, float [B, 784], each for as many members as its count
        says; factors: of each layer, for a backward pass."""
        signal = _signals(inputs)
        layers = zip(self._shapes, self._weights, self._biases, factors, strict=True)
        for layer, ((fan_out, _), weights, biases, of_layer) in enumerate(layers):
            if layer:
                signal = self._activations(layer - 1, signal)
            signal = linear(weights, biases, signal, fan_out, of_layer, first=layer == 0)
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
        lr_multipliers = [member.lr_multiplier for member in self._members]
        return EnsembleOptimizer(
            self._recipe,
            self._weights,
            self._biases,
            self._activations.parameters(),
            lr_multipliers,
            in_pieces=True,
            recorded=self._record is not None,
        )


def _signals(inputs: Sequence[tuple[int, Tensor]]) -> Tensor:
    """Images as signals [K, 784, B], whole cache lines; those of one seed share the memory.

    An image is a row of memory however many seeds there are: MKL adds up in another order where it
    is a column, on CPUs with AVX2.
    """
    signals = [_to_cache_lines(x).expand(count, -1, -1) for count, x in inputs]
    return (signals[0] if len(signals) == 1 else torch.cat(signals)).mT


def _losses_of(scores: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy in nats, [K, B], of scores [K, 10, B] and labels [K, B]."""
    return F.cross_entropy(scores, targets, reduction="none")


def _to_cache_lines(x: Tensor) -> Tensor:
    """Images [B, 784] and the first ones again, until a row of signals is whole cache lines.

    Matrix products round differently where a member starts in the middle of a line, and where that
    is depends on its neighbours. Real images, not zeros: a candidate may have no finite slope at
    0, and that times the gradient 0 of what is cut off again would be NaN.
    """
    missing = _rounded_up(len(x)) - len(x)
    return torch.cat([x, x[torch.arange(missing, device=x.device) % len(x)]]) if missing else x


def _rounded_up(length: int) -> int:
    """A length rounded up to whole cache lines."""
    return length + -length % LINE


def _sums(losses: Tensor) -> Tensor:
    """The sum of each row, [K] of [K, B], one by one: a reduction over both dimensions adds up in
    an order that depends on K, and a member's loss must not depend on its neighbours."""
    return torch.stack([row.sum() for row in losses])


def _chosen(tensor: Tensor, index: Tensor) -> Tensor:
    return tensor.detach()[index].clone().requires_grad_()
