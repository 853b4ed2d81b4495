"""Many networks of any kind trained as one by `torch.func.vmap`: meant for GPUs.

On a GPU a small network leaves most of the device idle, and K of them cost little more than one.
On a CPU it is slower than one network after another (dispatch.py). Nothing couples members, but
sums are made in another order than alone: numbers are equal within float32's rounding, not to the
last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..recipes.recipe import Recipe
from .cuda_graphs import Record
from .device_data import Batches, DataSplits
from .ensemble import Ensemble
from .ensemble_optimizer import EnsembleOptimizer
from .members import BuildNet, Member
from .precision import autocast
from .sequential import learned_values
from .vmap_modules import VmapModules
from .weight_decay import decays


class VmapEnsemble(Ensemble):
    """K members of the network that `build(candidate, seed, spec)` makes."""

    def __init__(
        self,
        build: BuildNet,
        members: Sequence[Member],
        recipe: Recipe,
        sets: DataSplits,
        record: Record | None = None,
    ) -> None:
        super().__init__(members, recipe, sets, record)
        spec = sets.train.spec
        self._nets = VmapModules(
            [build(m.expression, m.seed, spec).to(self._device) for m in members]
        )
        self._optimizer = self._new_optimizer()

    def _keep(self, positions: Sequence[int], index: Tensor) -> None:
        self._nets.keep(positions, index)
        old, self._optimizer = self._optimizer, self._new_optimizer()
        old.hand_over(self._optimizer, index)

    def _learned(self) -> Sequence[Mapping[str, tuple[float, ...]]]:
        return [
            learned_values(member.expression, modules)
            for member, modules in zip(self._members, self._nets.activations(), strict=True)
        ]

    def _train_step(self, by_seed: Mapping[int, tuple[Tensor, Tensor]]) -> None:
        self._nets.train(True)
        x, labels = self._batch(by_seed)
        with autocast(self._recipe, self._device):
            losses = self._losses_of(self._nets(x), labels).mean(1)
        losses.sum().backward()  # gives each member the gradient of its own loss
        self._optimizer.step()
        self._total += losses.detach() * labels.shape[-1]

    def _batch(self, by_seed: Mapping[int, tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Images [B, N] and labels [B] where all members have one seed, else [K, B, N], [K, B]."""
        pairs = [by_seed[member.seed] for member in self._members]
        if len(by_seed) == 1:
            return pairs[0]
        images, labels = zip(*pairs, strict=True)
        return torch.stack(images), torch.stack(labels)

    def _losses_of(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy in nats, [K, B], of scores [K, B, classes] and labels [K, B] or [B]."""
        targets = labels.expand(scores.shape[:2])
        return F.cross_entropy(scores.float().transpose(1, 2), targets, reduction="none")

    @torch.no_grad()
    def _evaluate(self, images: Batches) -> tuple[Tensor, Tensor]:
        self._nets.train(False)
        right = []
        loss = torch.zeros(len(self._members), device=self._device)
        for x, labels in images.in_order():
            with autocast(self._recipe, self._device):
                scores = self._nets(x)
                loss += self._losses_of(scores, labels).sum(1)
            right.append(scores.argmax(2) == labels)
        return torch.cat(right, 1), loss / len(images)

    def _new_optimizer(self) -> EnsembleOptimizer:
        tensors = list(self._nets.parameters.values())
        matrices = [t for t in tensors if decays(t[0])]
        vectors = [t for t in tensors if not decays(t[0])]
        of_activations = [
            list({id(p): p for module in modules for p in module.parameters()}.values())
            for modules in self._nets.activations()
        ]
        lr_multipliers = [member.lr_multiplier for member in self._members]
        recorded = self._record is not None
        return EnsembleOptimizer(
            self._recipe, matrices, vectors, of_activations, lr_multipliers, recorded=recorded
        )
