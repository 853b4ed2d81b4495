"""The cost of a candidate: operations, time beside ReLU, memory kept for the backward pass."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..expressions.expression import Call, Expression, Variable
from ..expressions.parser import parse
from ..expressions.primitives import PRIMITIVES

SHAPE = (256, 256)  # of the timed input: 256 KiB in float32, which stays in a core's cache
ROUNDS = 21  # of candidate and ReLU in turn; the medians are compared


@dataclass(frozen=True, slots=True)
class Cost:
    """`forward`, `backward`: CPU time over ReLU's in the same run; `bytes_kept`, `relu_bytes`:
    per element of a float32 input, the input itself included where it is kept."""

    flops: int
    forward: float
    backward: float
    bytes_kept: float
    relu_bytes: float


def cost(expression: Expression, rounds: int = ROUNDS) -> Cost:
    """Counted and measured on this machine; the two times vary by some 10 % from run to run."""
    module, relu = expression.module(channels=SHAPE[1]), parse("relu(x)").module()
    x = torch.linspace(-4, 4, SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    times = [(*_timed(module, x), *_timed(relu, x)) for _ in range(rounds + 2)][2:]  # 2 to warm up
    forward, backward, relu_forward, relu_backward = (
        statistics.median(column) for column in zip(*times, strict=True)
    )
    return Cost(
        flops=flops(expression),
        forward=forward / relu_forward,
        backward=backward / relu_backward,
        bytes_kept=bytes_kept(module, x),
        relu_bytes=bytes_kept(relu, x),
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


def _timed(module: nn.Module, x: Tensor) -> tuple[float, float]:
    """CPU seconds of one forward and one backward pass."""
    x = x.detach().requires_grad_()
    start = time.process_time()
    with torch.enable_grad():
        value = module(x)
    middle = time.process_time()
    if value.requires_grad:
        value.backward(torch.ones_like(value))
    return max(middle - start, 1e-9), max(time.process_time() - middle, 1e-9)
