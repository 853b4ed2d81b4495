"""A training step on batch after batch: run each time, or recorded once and replayed.

A stack's step is thousands of small kernels. On a GPU, Python takes longer to start most of them
than they take to run; a CUDA graph starts them all at once. A recording repeats the same kernels
on the same memory, so whatever changes from step to step has to be in a tensor: the batch, copied
to where the recording reads it, and the step sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor

# Notes what a function without arguments starts on the device, which need not run, and returns
# what does it again.
Record: TypeAlias = Callable[[Callable[[], None]], Callable[[], None]]
PLAIN = 3  # steps before the recording, which load kernels and make the optimiser's moments


class Replay:
    """Takes steps; with a `record`, the steps after the first few on batches of the first's shape
    are replays. The last batch of an epoch may be smaller, and is run plainly.

    A recording is of one step on one set of weights: where either changes, begin anew.
    """

    def __init__(self, record: Record | None) -> None:
        self._record = record
        self._shapes: list[torch.Size] = []
        self._taken = 0
        self._inputs: list[Tensor] = []
        self._again: Callable[[], None] | None = None

    def __call__(self, step: Callable[..., None], inputs: Sequence[Tensor]) -> None:
        """Take the step on the tensors of a batch."""
        shapes = [tensor.shape for tensor in inputs]
        self._shapes = self._shapes or shapes
        if self._record is None or shapes != self._shapes:
            step(*inputs)
        elif self._again is not None:
            for held, given in zip(self._inputs, inputs, strict=True):
                held.copy_(given)
            self._again()
        elif self._taken < PLAIN:
            self._taken += 1
            step(*inputs)
        else:
            self._inputs = [tensor.clone() for tensor in inputs]
            self._again = self._record(partial(step, *self._inputs))
            self._again()


def cuda_graph(work: Callable[[], None]) -> Callable[[], None]:
    """Record work for the current CUDA device as a CUDA graph, whose tensors have memory of their
    own for as long as it lives."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay
