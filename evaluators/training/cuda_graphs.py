"""A training step on batch after batch: run each time, or recorded once and replayed.

An ensemble's step is thousands of small kernels. On a GPU, Python is expected to take longer to
start most of them than they take to run; a CUDA graph starts them all at once. A recording repeats
the same kernels on the same memory, so all that changes from step to step has to be in a tensor:
the batch, copied to where the recording reads it, and the learning rate.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor

# Records the kernels that a function without arguments starts, which need not run, and returns a
# function that starts them again.
Record: TypeAlias = Callable[[Callable[[], None]], Callable[[], None]]
PLAIN = 3  # steps before the recording: what they use is loaded by then


class Replay:
    """Takes steps; with a `record`, the steps after the first few on batches of the first's shape
    are replays. The last batch of an epoch may be smaller, and is run plainly.

    A recording is of one step on one set of weights: where either changes, begin anew. Where a
    step cannot be recorded, a warning says why, and all are run plainly. forget: drops
    the gradients that an attempt left behind.
    """

    def __init__(self, record: Record | None, forget: Callable[[], None]) -> None:
        self._record, self._forget = record, forget
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
            for held, tensor in zip(self._inputs, inputs, strict=True):
                held.copy_(tensor)
            self._again()
        elif self._taken < PLAIN:
            self._taken += 1
            step(*inputs)
        else:
            self._inputs = [tensor.clone() for tensor in inputs]
            self._again = self._recorded(partial(step, *self._inputs))
            self._again()

    def _recorded(self, work: Callable[[], None]) -> Callable[[], None]:
        """The replay of some work; the work itself, run plainly, where it cannot be recorded."""
        assert self._record is not None
        try:
            return self._record(work)
        except torch.OutOfMemoryError:
            raise  # fewer members may fit
        except RuntimeError as error:
            text = " ".join(str(error).split())
            warnings.warn(
                f"training goes on without a recorded step, more slowly: {text}", stacklevel=2
            )
            self._forget()
            return work


def cuda_graph(device: torch.device, work: Callable[[], None]) -> Callable[[], None]:
    """Record work for a CUDA device as a CUDA graph, whose tensors have memory of their own for as
    long as it lives. Raises OutOfMemoryError, and RuntimeError where CUDA cannot record it."""
    graph = torch.cuda.CUDAGraph()
    outside = torch.cuda.current_stream(device)
    try:
        with (
            torch.cuda.device(device),
            torch.cuda.graph(graph, stream=torch.cuda.Stream(device)),
        ):
            work()
    except torch.AcceleratorError as error:
        # Raised by the end of a capture that had failed: the reason is the error before, and the
        # stream was not put back.
        torch.cuda.set_stream(outside)
        if isinstance(error.__context__, torch.OutOfMemoryError):
            raise error.__context__ from None
        raise
    return graph.replay
