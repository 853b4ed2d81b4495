"""The classes that modules had before torch.jit, torch.fx or torch.export made others of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import torch
import torch.fx
from torch import nn

from ..errors import CandidateError
from .activation import is_exported


def holders(model: nn.Module, known: tuple[type[nn.Module], ...]) -> Iterator[nn.Module]:
    """The modules with parameters of their own that are of a known class or an exported one, or
    were before the model was scripted, traced or exported.

    Raises CandidateError where the class before cannot be told.
    """
    recorded = _recorded_classes(model)
    for name, module in model.named_modules():
        if next(module.parameters(recurse=False), None) is None:
            continue
        if isinstance(module, torch.jit.ScriptModule):
            chosen = _was_of(name, module, known)
        elif module in recorded:
            kind = recorded[module]
            if kind is None:
                raise _untold(name)
            chosen = issubclass(kind, known) or _is_exported_class(kind)
        else:
            chosen = isinstance(module, known) or is_exported(module)
        if chosen:
            yield module


def _was_of(name: str, module: torch.jit.ScriptModule, known: tuple[type[nn.Module], ...]) -> bool:
    """By the name of its class. Scripting keeps an exported class's formula, tracing does not."""
    if is_exported(module) or module.original_name in {kind.__name__ for kind in known}:
        return True
    if isinstance(module, torch.jit._trace.TracedModule) and not hasattr(nn, module.original_name):
        raise _untold(name)
    return False


def _recorded_classes(model: nn.Module) -> dict[nn.Module, type | None]:
    """Of the bare modules that hold the parameters of an fx graph, the classes whose calls the
    graph has recorded; None where it has not, as after pickling."""
    classes: dict[nn.Module, type | None] = {}
    for graph_module in model.modules():
        if isinstance(graph_module, torch.fx.GraphModule):
            stacks = [n.meta.get("nn_module_stack") or {} for n in graph_module.graph.nodes]
            kinds = dict(entry for stack in stacks for entry in stack.values())
            for path, module in graph_module.named_modules():
                if type(module) is nn.Module or (module is graph_module and path in kinds):
                    classes[module] = _resolved(kinds.get(path))
    return classes


def _resolved(kind: type | str | None) -> type | None:
    """The class itself, where torch.export has recorded its full name."""
    if not isinstance(kind, str):
        return kind
    module, _, name = kind.rpartition(".")
    value = getattr(sys.modules.get(module), name, None)
    return value if isinstance(value, type) else None


def _is_exported_class(kind: type) -> bool:
    formula = getattr(kind, "_formula", None)
    return isinstance(formula, str) or (kind.__doc__ or "").startswith("f(x) = ")


def _untold(name: str) -> CandidateError:
    return CandidateError(
        f"'{name}' has parameters, and tracing has left no sign of whether it was an activation: "
        f"make the groups of the model before it is traced or exported, whose parameters they are"
    )
