"""One pass over an example: the channels of each activation, and what is called as a function."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

Example: TypeAlias = "Tensor | tuple[Any, ...] | Mapping[str, Any]"

# What networks call or hold in place of a module, by the module that does the same.
FUNCTIONS: Mapping[Callable[..., Any], type[nn.Module]] = MappingProxyType(
    {
        **dict.fromkeys((F.relu, F.relu_, torch.relu, torch.relu_, Tensor.relu), nn.ReLU),
        Tensor.relu_: nn.ReLU,
        **dict.fromkeys((F.sigmoid, torch.sigmoid, Tensor.sigmoid, Tensor.sigmoid_), nn.Sigmoid),
        **dict.fromkeys((F.tanh, torch.tanh, Tensor.tanh, Tensor.tanh_), nn.Tanh),
        F.gelu: nn.GELU, F.silu: nn.SiLU, F.mish: nn.Mish, F.relu6: nn.ReLU6, F.elu: nn.ELU,
        F.celu: nn.CELU, F.selu: nn.SELU, torch.selu: nn.SELU, F.leaky_relu: nn.LeakyReLU,
        F.softplus: nn.Softplus, F.softsign: nn.Softsign, F.hardswish: nn.Hardswish,
        F.hardsigmoid: nn.Hardsigmoid, F.hardtanh: nn.Hardtanh, F.logsigmoid: nn.LogSigmoid,
        F.tanhshrink: nn.Tanhshrink, F.prelu: nn.PReLU, F.rrelu: nn.RReLU,
    }
)  # fmt: skip

# Where the features of a layer's output are; a convolution without batch has them first.
_LAST = {"linear", "layer_norm", "rms_norm"}
_SECOND = {"batch_norm", "instance_norm", "group_norm"}
_CONVOLUTIONS = {f"conv{t}{n}d": n for n in (1, 2, 3) for t in ("", "_transpose")}
# What leaves the dimensions in their order.
_KEEPS = {
    *(function.__name__.strip("_") for function in FUNCTIONS),
    "add", "iadd", "radd", "sub", "isub", "mul", "imul", "rmul", "div", "itruediv", "truediv",
    "cat", "clone", "contiguous", "to", "float", "dropout", "dropout1d", "dropout2d", "dropout3d",
    *(f"{kind}_pool{n}d" for kind in ("max", "avg", "adaptive_avg") for n in (1, 2, 3)),
}  # fmt: skip


@dataclass(slots=True)
class Call:
    """One call of an activation: its input's shape, and the dimension of its channels if known."""

    shape: tuple[int, ...]
    dim: int | None


@dataclass(frozen=True, slots=True)
class Pass:
    """The calls of each activation asked for; (module, function) of activations called as such."""

    calls: Mapping[nn.Module, Sequence[Call]]
    functions: tuple[tuple[nn.Module, Callable[..., Any]], ...]


def run_example(model: nn.Module, example: Example, targets: Sequence[nn.Module]) -> Pass:
    """Run the model on the example, in eval mode and without gradient; the model is left as it
    was, generators and buffers too. Of a model with lazy layers a copy runs."""
    runs = model
    if any(is_lazy(p) for p in (*model.parameters(), *model.buffers())):
        runs = copy.deepcopy(model)
    twins = dict(zip(runs.modules(), model.modules(), strict=True))
    watch = _Watch()
    calls: dict[nn.Module, list[Call]] = {target: [] for target in targets}
    hooks = []
    for module, twin in twins.items():
        hooks.append(module.register_forward_pre_hook(watch.enter(twin, calls), with_kwargs=True))
        hooks.append(module.register_forward_hook(watch.leave(twin, calls)))
    try:
        with _left_alone(runs), watch:
            if isinstance(example, Tensor):
                runs(example)
            elif isinstance(example, Mapping):
                runs(**example)
            else:
                runs(*example)
    finally:
        for hook in hooks:
            hook.remove()
    return Pass(calls, tuple(dict.fromkeys(watch.functions)))


@contextmanager
def _left_alone(model: nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in model.modules()}
    buffers = [(b, b.clone()) for b in model.buffers() if not is_lazy(b)]
    fused = torch.backends.mha.get_fastpath_enabled()
    try:
        # The fused path of a transformer's layer does not call its activation.
        torch.backends.mha.set_fastpath_enabled(False)
        model.eval()
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for module, mode in modes.items():
            module.training = mode
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


class _Watch(TorchFunctionMode):
    """Follows the dimension of the channels from layer to layer, by marks on tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[nn.Module] = []
        self.functions: list[tuple[nn.Module, Callable[..., Any]]] = []

    def enter(self, module: nn.Module, calls: Mapping[nn.Module, list[Call]]) -> Any:
        def hook(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            self.stack.append(module)
            x = next((v for v in (*args, *kwargs.values()) if isinstance(v, Tensor)), None)
            if module in calls and x is not None:
                calls[module].append(Call(tuple(x.shape), getattr(x, "_channels", None)))

        return hook

    def leave(self, module: nn.Module, calls: Mapping[nn.Module, list[Call]]) -> Any:
        def hook(_: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            self.stack.pop()
            if calls.get(module) and isinstance(output, Tensor):
                call = calls[module][-1]
                if tuple(output.shape) == call.shape:
                    _mark(output, call.dim, (*getattr(output, "_from", ()), call))

        return hook

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "").strip("_")
        if self.stack and func in FUNCTIONS:
            self.functions.append((self.stack[-1], func))
        inputs = [v for v in _flat(args) if isinstance(v, Tensor) and not is_lazy(v)]
        if not inputs or not isinstance(result, Tensor):
            return result
        dim = _features(name, inputs[0].dim())
        if dim is not None:
            for call in getattr(inputs[0], "_from", ()):
                call.dim = dim if call.dim is None else call.dim
            _mark(result, dim, ())
        elif name in _KEEPS:
            same = [x for x in inputs if x.dim() == result.dim()]
            dims = [d for x in same if (d := getattr(x, "_channels", None)) is not None]
            calls = tuple(call for x in same for call in getattr(x, "_from", ()))
            _mark(result, dims[0] if dims else None, calls)
        return result


def _features(name: str, dimensions: int) -> int | None:
    if name in _CONVOLUTIONS:
        return 1 if dimensions == _CONVOLUTIONS[name] + 2 else 0
    return -1 if name in _LAST else 1 if name in _SECOND else None


def _mark(tensor: Tensor, dim: int | None, calls: tuple[Call, ...]) -> None:
    tensor._channels, tensor._from = dim, calls  # type: ignore[attr-defined]


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple | list):
            yield from _flat(value)
        else:
            yield value
