"""A forward pass watched: the channels of each call of an activation, and functions called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from .functions import FUNCTIONS

_SECOND = {"batch_norm", "instance_norm", "group_norm"}
_NORMS_OF_SHAPE = {"layer_norm", "rms_norm"}
_CONVOLUTIONS = {f"conv{t}{n}d": n for n in (1, 2, 3) for t in ("", "_transpose")}
# What leaves the dimensions in their order.
_KEEPS = {
    *(function.__name__.strip("_") for function in FUNCTIONS), *_NORMS_OF_SHAPE,
    "add", "iadd", "radd", "sub", "isub", "mul", "imul", "rmul", "div", "itruediv", "truediv",
    "cat", "clone", "contiguous", "to", "float", "dropout", "dropout1d", "dropout2d", "dropout3d",
    *(f"{kind}_pool{n}d" for kind in ("max", "avg", "adaptive_avg") for n in (1, 2, 3)),
}  # fmt: skip


@dataclass(slots=True)
class Call:
    """One call of an activation: its input's shape, and the dimension of its channels if known.

    plain: whether it got one positional argument and nothing else, as a candidate takes it.
    """

    shape: tuple[int, ...]
    dim: int | None
    plain: bool = True


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a tensor has its channels, and the calls of activations whose result it still is."""

    dim: int | None = None
    calls: tuple[Call, ...] = ()


class Watch(TorchFunctionMode):
    """Follows the dimension of the channels from layer to layer, by marks kept beside the tensors.

    calls: the list of each activation of interest, which its calls are added to. functions:
    (module, function) of the activations that modules, other than those of interest, call as such.
    """

    def __init__(self, calls: Mapping[nn.Module, list[Call]]) -> None:
        super().__init__()
        self.calls = calls
        self.functions: list[tuple[nn.Module, Callable[..., Any]]] = []
        self._stack: list[nn.Module] = []
        # Not on the tensors: `contiguous()` and the like give back the user's own.
        self._marks: MutableMapping[Tensor, _Mark] = WeakTensorKeyDictionary()

    def enter(self, module: nn.Module) -> Callable[..., None]:
        """A forward pre-hook, with keyword arguments, that counts as one of `module`."""

        def hook(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            self._stack.append(module)
            x = next((v for v in (*args, *kwargs.values()) if isinstance(v, Tensor)), None)
            if module in self.calls and x is not None:
                plain = len(args) == 1 and not kwargs
                self.calls[module].append(Call(tuple(x.shape), self._mark(x).dim, plain))

        return hook

    def leave(self, module: nn.Module) -> Callable[..., None]:
        """The forward hook to it; to be called always, also where `forward` raises."""

        def hook(_: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            if module in self._stack:
                while self._stack.pop() is not module:
                    pass
            if self.calls.get(module) and isinstance(output, Tensor):
                call = self.calls[module][-1]
                if tuple(output.shape) == call.shape:
                    calls = (*self._mark(output).calls, call)
                    self._marks[output] = _Mark(call.dim, calls)

        return hook

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if self._stack and func in FUNCTIONS and not any(m in self.calls for m in self._stack):
            self.functions.append((self._stack[-1], func))
        inputs = [v for v in _flat(args) if isinstance(v, Tensor) and not is_lazy(v)]
        if inputs and isinstance(result, Tensor):
            self._follow(getattr(func, "__name__", "").strip("_"), inputs, result, args, kwargs)
        return result

    def _follow(
        self, name: str, inputs: list[Tensor], result: Tensor, args: Any, kwargs: Any
    ) -> None:
        """Mark the result of a function as its inputs and its name let know."""
        dim = _features(name, inputs[0].dim(), args, kwargs or {})
        if dim is not None:
            for call in self._mark(inputs[0]).calls:
                call.dim = dim if call.dim is None else call.dim
            self._marks[result] = _Mark(dim)
        elif name in _KEEPS:
            marks = [self._mark(x) for x in inputs if x.dim() == result.dim()]
            dims = [mark.dim for mark in marks if mark.dim is not None]
            agreed = len({dim % result.dim() for dim in dims if result.dim()}) == 1
            calls = tuple(call for mark in marks for call in mark.calls)
            self._marks[result] = _Mark(dims[0] if agreed else None, calls)
        elif any(result is x for x in inputs):  # x.transpose_(1, 2): an old mark no longer holds
            self._marks.pop(result, None)

    def _mark(self, tensor: Tensor) -> _Mark:
        return self._marks.get(tensor, _Mark())


def _features(name: str, dimensions: int, args: Any, kwargs: Mapping[str, Any]) -> int | None:
    """Where the output of a layer of this name has its features; None where it does not say.

    A convolution without a batch has them first, which from the back is where one with a batch
    has them too.
    """
    if name in _CONVOLUTIONS:
        spatial = _CONVOLUTIONS[name]
        return 1 if dimensions == spatial + 2 else -(spatial + 1)
    if name in _NORMS_OF_SHAPE:
        shape = args[1] if len(args) > 1 else kwargs["normalized_shape"]
        return -1 if len(shape) == 1 else None
    return -1 if name == "linear" else 1 if name in _SECOND else None


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple | list):
            yield from _flat(value)
        else:
            yield value
