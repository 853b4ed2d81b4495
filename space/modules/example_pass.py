"""One pass over an example, which leaves the model and the example as they were."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from .watch import Call, Watch

Example: TypeAlias = "Tensor | tuple[Any, ...] | Mapping[str, Any]"


@dataclass(frozen=True, slots=True)
class Pass:
    """The calls of each module of interest; (module, function) of activations called as such."""

    calls: Mapping[nn.Module, Sequence[Call]]
    functions: tuple[tuple[nn.Module, Callable[..., Any]], ...]


def run_example(model: nn.Module, example: Example, targets: Sequence[nn.Module]) -> Pass:
    """Run the model on a copy of the example, in eval mode and without gradient; the model is left
    as it was, generators and buffers too. Of a model with lazy layers a copy runs.

    targets: the modules of interest; one that the model does not hold may be called all the same.
    Scripted modules take no hooks, so calls inside them are not seen.
    """
    runs = model
    if any(is_lazy(p) for p in (*model.parameters(), *model.buffers())):
        runs = copy.deepcopy(model)
    twins = dict(zip(runs.modules(), model.modules(), strict=True))
    twins.update({target: target for target in targets if target not in twins.values()})
    watch = Watch({target: [] for target in targets})
    hooks = []
    for module, twin in twins.items():
        if not isinstance(module, torch.jit.ScriptModule):
            hooks += [
                module.register_forward_pre_hook(watch.enter(twin), with_kwargs=True),
                module.register_forward_hook(watch.leave(twin), always_call=True),
            ]
    try:
        with _left_alone(runs), _eager(), watch:
            _call(runs, example)
    finally:
        for hook in hooks:
            hook.remove()
    return Pass(watch.calls, tuple(dict.fromkeys(watch.functions)))


def _call(model: nn.Module, example: Example) -> None:
    if isinstance(example, Tensor):
        model(_copied(example))
    elif isinstance(example, Mapping):
        model(**{name: _copied(value) for name, value in example.items()})
    else:
        model(*(_copied(value) for value in example))


def _copied(value: Any) -> Any:
    """Tensors of its own, which a first activation in place may change."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if type(value) in (list, tuple):
        return type(value)(_copied(item) for item in value)
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    return value


@contextmanager
def _left_alone(model: nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in model.modules()}
    held = [(m._buffers, dict(m._buffers.items())) for m in _plain(model)]
    contents = [(b, b.clone()) for b in model.buffers() if not is_lazy(b) and _is_writable(b)]
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
        for now, before in held:  # `self.steps = self.steps + 1` puts another tensor there
            now.clear()
            now.update(before)
        with torch.no_grad():
            for buffer, content in contents:
                buffer.copy_(content)


def _eager() -> AbstractContextManager[Any]:
    """Compiled code run as it was written: it calls no hooks. Without torch._dynamo, which takes
    a second to load, nothing is compiled."""
    if "torch._dynamo" not in sys.modules:
        return nullcontext()
    stance: AbstractContextManager[Any] = torch.compiler.set_stance("force_eager")
    return stance


def _plain(model: nn.Module) -> Iterator[nn.Module]:
    return (m for m in model.modules() if not isinstance(m, torch.jit.ScriptModule))


def _is_writable(tensor: Tensor) -> bool:
    """False where elements share memory, as expand() makes it, which torch does not write to."""
    if tensor.layout is not torch.strided:
        return True
    return all(step or size < 2 for step, size in zip(tensor.stride(), tensor.shape, strict=True))
