"""Memory: bytes that a member needs, bytes that are free, and so how many train at once."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...space import ActsearchError
from ...space.expressions.compile import compile_program
from ..data.datasets import ImageSpec
from ..networks.registry import NETWORKS
from ..recipes.recipe import Recipe
from .device_data import EVALUATION_BATCH
from .members import BuildNet, Member
from .optimizer import moments_of
from .precision import autocast

MEASURED = (2, 4)  # images of the passes that are measured: what is kept grows in proportion
# Of glibc's malloc.h: above how much free memory it gives some back, and how large a block gets
# pages of its own, given back as soon as it is freed; in bytes.
M_TRIM_THRESHOLD, KEPT = -1, 256 << 20
M_MMAP_THRESHOLD, LARGE = -3, 32 << 20  # the most that it allows
SHARE = 0.8  # of the free memory: the rest is for what fragments, and for the matrix libraries


class OutOfMemory(ActsearchError):
    """Raised when not even one member can be trained in the memory of the device."""


def too_large(recipe: Recipe) -> OutOfMemory:
    """The error that says so of a recipe's network."""
    return OutOfMemory(
        f"one candidate in the network '{recipe.network}' with batches of {recipe.batch_size} "
        f"images does not fit the memory of the device; lower batch_size or widths in the recipe"
    )


def ran_out_of_memory(error: RuntimeError) -> bool:
    """Whether an allocation failed: torch has a class for a GPU's alone, and words for a CPU's."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Bytes of one member.

    state: weights, gradients, moments and buffers, held as long as the member is kept.
    signals: the most that a step or a validation batch adds, for members that train at once.
    """

    state: int
    signals: int


def footprint(net: nn.Module, recipe: Recipe, spec: ImageSpec) -> Footprint:
    """Predicted from two small forward passes of a net on the CPU.

    The peak of a step is the signals kept for the way back, and two gradients of the largest
    signal, or those of all linear layers' outputs, which stacked matrices keep until the step. The
    peak of validation, which keeps nothing but has larger batches, is three of the largest
    signals. The net is in training mode and its running statistics change.
    """
    few, many = (_kept(net, recipe, spec, images) for images in MEASURED)
    grows = (many - few) / (MEASURED[1] - MEASURED[0])  # per image; the rest is of weights
    fixed = few - grows * MEASURED[0]
    outputs = _outputs(net, spec)
    largest = max(size for _, size in outputs)
    linear = sum(size for module, size in outputs if isinstance(module, nn.Linear))
    back = max(2 * largest, linear if NETWORKS[recipe.network].stacking == "matrices" else 0)
    signals = max(fixed + recipe.batch_size * (grows + back), 3 * EVALUATION_BATCH * largest)
    numbers = sum(p.nbytes for p in net.parameters())
    buffers = sum(b.nbytes for b in net.buffers())
    return Footprint(state=numbers * (2 + moments_of(recipe)) + buffers, signals=round(signals))


def _kept(net: nn.Module, recipe: Recipe, spec: ImageSpec, images: int) -> int:
    """Bytes that autograd keeps of a forward pass and the loss, weights left out."""
    weights = {p.untyped_storage().data_ptr() for p in net.parameters()}
    kept: dict[int, int] = {}  # storage -> bytes; views share one

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor  # held by the graph, so that no storage is used twice meanwhile

    x, labels = torch.zeros(images, spec.inputs), torch.zeros(images, dtype=torch.int64)
    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        autocast(recipe, torch.device("cpu")),
    ):
        loss = F.cross_entropy(net(x).float(), labels)
    del loss
    return sum(kept.values())


@torch.no_grad()
def _outputs(net: nn.Module, spec: ImageSpec) -> list[tuple[nn.Module, float]]:
    """Every module, and the bytes of its output for one image, as float32."""
    outputs: list[tuple[nn.Module, float]] = []

    def record(module: nn.Module, inputs: Any, output: Tensor) -> None:
        outputs.append((module, 4 * output.numel() / MEASURED[0]))

    hooks = [module.register_forward_hook(record) for module in net.modules()]
    net(torch.zeros(MEASURED[0], spec.inputs))
    for hook in hooks:
        hook.remove()
    return outputs


def members_at_once(
    members: Sequence[Member],
    recipe: Recipe,
    spec: ImageSpec,
    build: BuildNet,
    free: int,
    *,
    recorded: bool = False,
) -> int:
    """How many of the members can train together in `free` bytes: 1 to all of them.

    One is measured for all: that with the longest formula, which keeps the most. recorded: whether
    steps are replayed; a recording holds its signals and gradients, while a batch that is run
    plainly needs its own. Raises OutOfMemory where the network itself does not fit.
    """
    longest = max(members, key=lambda member: len(compile_program(member.expression).steps))
    try:
        net = build(longest.expression, longest.seed, spec)
        needed = footprint(net, recipe, spec)
    except RuntimeError as error:
        if not ran_out_of_memory(error):
            raise
        raise too_large(recipe) from error
    state, signals = needed.state, needed.signals
    if recorded:
        state, signals = state + sum(p.nbytes for p in net.parameters()), 2 * signals
    return max(1, min(len(members), (free - len(members) * state) // signals))


def free_bytes(device: torch.device) -> int:
    """Bytes that a training may take: a share of the GPU's free memory, or of the machine's, one
    core's part of it, since each core may have a worker."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(SHARE * (free + held))
    return int(SHARE * _available() / (os.cpu_count() or 1))


def keep_freed_memory() -> None:
    """Have glibc keep the memory that a step frees: it would give it back to the system, and take
    it again page by page in the next step, up to a tenth of a step's time. Elsewhere a no-op."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, KEPT)
        mallopt(M_MMAP_THRESHOLD, LARGE)


def _available() -> int:
    """Bytes of memory that programs can still get; all there is where the system does not say."""
    info = Path("/proc/meminfo")
    lines = info.read_text().splitlines() if info.exists() else []
    sizes = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return sizes[0] if sizes else os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
