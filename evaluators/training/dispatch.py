"""The choice of a training: members as one ensemble where that is faster, else one by one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..networks.registry import NETWORKS
from ..protocol.evaluator import Training
from ..recipes.recipe import Recipe
from .chunked import ChunkedTraining
from .cuda_graphs import cuda_graph
from .device_data import DataSplits
from .members import Member
from .memory import free_bytes, keep_freed_memory, members_at_once
from .mlp_ensemble import MlpEnsemble
from .sequential import SequentialTraining
from .vmap_ensemble import VmapEnsemble


def training_of(members: Sequence[Member], recipe: Recipe, sets: DataSplits) -> Training:
    """A training of the members in the recipe's network, on the device the sets are on, as many at
    once as are predicted to fit its memory."""
    device, stacking = sets.device, NETWORKS[recipe.network].stacking
    on_gpu = device.type == "cuda"
    record = partial(cuda_graph, device) if on_gpu else None
    keep_freed_memory()

    def start(part: Sequence[Member]) -> Training:
        if stacking == "matrices":
            return MlpEnsemble(part, recipe, sets, record)
        if on_gpu:
            return VmapEnsemble(recipe.build, part, recipe, sets, record)
        return SequentialTraining(recipe.build, part, recipe, sets)

    size = 1
    # On a CPU vmap takes longer than the nets one after another: four 1.1 to 1.3 times as long
    # (conv, vit, resnet20), nine 1.7 to 2.4 times (benchmarks/networks.py and gpu.py). Its grouped
    # convolutions have no fast kernels, and the signals of nine leave the cache.
    if stacking == "matrices" or on_gpu:
        free = free_bytes(device)
        size = members_at_once(
            members, recipe, sets.train.spec, recipe.build, free, recorded=on_gpu
        )
    return ChunkedTraining(start, members, recipe, size=size)
