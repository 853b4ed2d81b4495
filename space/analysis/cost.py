"""The cost of a candidate: operations, time beside ReLU, memory kept for the backward pass."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..expressions.expression import Call, Expression, Variable
from ..expressions.parser import parse
from ..expressions.primitives import PRIMITIVES

ROUNDS = 21  # of candidate and ReLU in turn, whose medians are taken
WARM_UP = 2  # rounds before them
# Of the timed input: 256 KiB in float32, which stays in a core's cache; 64 MiB, which a GPU works
# at for longer than a kernel takes to start.
CPU_SHAPE, GPU_SHAPE = (256, 256), (4096, 4096)


@dataclass(frozen=True, slots=True)
class RelativeTime:
    """Times of a candidate over ReLU's on one device: medians over pairs measured in turn.

    total: of forward and backward together, with the quartiles of the pairs, `low` and `high`.
    """

    total: float
    low: float
    high: float
    forward: float
    backward: float


@dataclass(frozen=True, slots=True)
class Cost:
    """`forward`, `backward`, `total`: CPU time over ReLU's in the same run; `bytes_kept`,
    `relu_bytes`: per element of a float32 input, the input itself included where it is kept."""

    flops: int
    forward: float
    backward: float
    total: float
    bytes_kept: float
    relu_bytes: float


def cost(expression: Expression, rounds: int = ROUNDS) -> Cost:
    """Counted and measured on this machine's CPU."""
    module, relu = _module(expression, CPU_SHAPE), parse("relu(x)").module()
    measured, x = relative_time(expression, rounds=rounds), _input(CPU_SHAPE, "cpu")
    return Cost(
        flops=flops(expression),
        forward=measured.forward,
        backward=measured.backward,
        total=measured.total,
        bytes_kept=bytes_kept(module, x),
        relu_bytes=bytes_kept(relu, x),
    )


def relative_time(
    expression: Expression, device: str = "cpu", rounds: int = ROUNDS
) -> RelativeTime:
    """A candidate's time of forward and backward over ReLU's, on the `cpu` (CPU time of one
    thread) or a GPU (`cuda`).

    Takes 5 to 50 ms on a CPU; two measurements differ by some 5 %, of composed candidates on a
    busy machine by some 15 %.
    """
    on_gpu = torch.device(device).type == "cuda"
    shape = GPU_SHAPE if on_gpu else CPU_SHAPE
    timed = _gpu_times if on_gpu else _cpu_times
    module, relu = (_module(e, shape).to(device) for e in (expression, parse("relu(x)")))
    x = _input(shape, device)
    slope = torch.ones_like(x)
    with _one_thread(), torch.enable_grad():
        pairs = [(timed(module, x, slope), timed(relu, x, slope)) for _ in range(WARM_UP + rounds)]
    forward, backward, total = (
        sorted(candidate[i] / reference[i] for candidate, reference in pairs[WARM_UP:])
        for i in range(3)
    )
    return RelativeTime(
        total=statistics.median(total),
        low=total[rounds // 4],
        high=total[-1 - rounds // 4],
        forward=statistics.median(forward),
        backward=statistics.median(backward),
    )


def flops(expression: Expression) -> int:
    """Operations per element: 1 for arithmetic and comparisons, ELEMENTARY for exp and the like;
    a part that stands twice counts once, one without x not at all."""
    parts = {
        node
        for node in expression.nodes()
        if isinstance(node, Call) and any(isinstance(n, Variable) for n in node.nodes())
    }
    return sum(PRIMITIVES[part.primitive].flops for part in parts)


def bytes_kept(module: nn.Module, x: Tensor) -> float:
    """Memory that the graph of `module(x)` holds until backward, per element of x, in bytes."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    def unpack(tensor: Any) -> Any:
        return tensor

    x = x.detach().requires_grad_()
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        value = module(x)
    del value
    return round(sum(kept.values()) / x.numel(), 2)


def _module(expression: Expression, shape: tuple[int, int]) -> nn.Module:
    return expression.module(channels=shape[1])


def _input(shape: tuple[int, int], device: str) -> Tensor:
    return torch.linspace(-4, 4, shape[0] * shape[1], device=device).reshape(shape)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Have torch use one thread, whose clock then sees all of the work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _backward(module: nn.Module, value: Tensor, x: Tensor, slope: Tensor) -> None:
    if value.requires_grad:
        # Of x as of a signal within a network: none is added up in an x.grad.
        torch.autograd.grad(value, [x, *module.parameters()], slope, allow_unused=True)


def _cpu_times(module: nn.Module, x: Tensor, slope: Tensor) -> tuple[float, float, float]:
    """CPU seconds of this thread, of one forward and one backward pass, and of both."""
    x = x.detach().requires_grad_()
    start = time.thread_time()
    value = module(x)
    middle = time.thread_time()
    _backward(module, value, x, slope)
    end = time.thread_time()
    return max(middle - start, 1e-9), max(end - middle, 1e-9), max(end - start, 1e-9)


def _gpu_times(module: nn.Module, x: Tensor, slope: Tensor) -> tuple[float, float, float]:
    """Milliseconds on the GPU, between events in its queue."""
    x = x.detach().requires_grad_()
    start, middle, end = (torch.cuda.Event(enable_timing=True) for _ in range(3))
    start.record()
    value = module(x)
    middle.record()
    _backward(module, value, x, slope)
    end.record()
    end.synchronize()
    return start.elapsed_time(middle), middle.elapsed_time(end), start.elapsed_time(end)
