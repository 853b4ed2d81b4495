"""A recorder for the CPU that holds fixed what a CUDA graph does, and refuses what one refuses.

It repeats the same kernels on the same memory; numbers that Python had are those of the recording.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# What the device would be waited for: a number read, or a shape that depends on numbers. And what
# is made of Python's numbers on the host, whose way to the device a graph cannot hold.
REFUSED = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "lift_fresh")


class Recorder(TorchDispatchMode):
    """Notes the calls of torch's operators while they run."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._calls: list[tuple[Any, Any, Any, Any]] = []
        self._before: list[tuple[Tensor, Tensor]] = []  # tensors that were written to

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = function.name().removeprefix("aten::")
        by_mask = name.startswith("index") and any(
            isinstance(t, Tensor) and t.dtype == torch.bool for t in tree_leaves(args[1])
        )
        if by_mask or name.startswith(REFUSED):
            raise AssertionError(f"a CUDA graph cannot hold {name}")
        arguments = (
            dict(zip((a.name for a in function._schema.arguments), args, strict=False)) | kwargs
        )
        for argument in function._schema.arguments:
            if _writes(argument):
                written = [t for t in tree_leaves(arguments.get(argument.name)) if t is not None]
                self._before += [(t, t.detach().clone()) for t in written]
        output = function(*args, **kwargs)
        self._calls.append((function, args, kwargs, output))
        return output

    @torch.no_grad()
    def undo(self) -> None:
        """A capture runs nothing: every tensor is as it was."""
        for tensor, before in reversed(self._before):
            tensor.copy_(before)

    @torch.no_grad()
    def replay(self) -> None:
        for function, args, kwargs, output in self._calls:
            again = function(*args, **kwargs)
            for old, new in zip(tree_leaves(output), tree_leaves(again), strict=True):
                # A result of its own goes where it was; views and what is written in place are.
                if isinstance(old, Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


def _writes(argument: Any) -> bool:
    if argument.name in ("running_mean", "running_var"):  # batch norm does not say that it does
        return True
    return argument.alias_info is not None and bool(argument.alias_info.is_write)


def recorded(work: Callable[[], None]) -> Callable[[], None]:
    """Stands in for `cuda_graph`."""
    recorder = Recorder()
    with torch.random.fork_rng(devices=[]), recorder:
        work()
    recorder.undo()
    return recorder.replay
