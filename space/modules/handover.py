"""Mode, hooks and the like that a module hands on to its successor, and gets back after it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

_FLOATS = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
_HOOKS = (
    "_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called",
    "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs", "_backward_hooks",
    "_backward_pre_hooks", "_is_full_backward_hook",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _WhileHeld:
    """A hook of another module's, for as long as it has that itself: its handle knows no other."""

    hooks: Mapping[int, Callable[..., Any]]
    key: int

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        hook = self.hooks.get(self.key)
        return None if hook is None else hook(*arguments, **keywords)


def take_over(module: nn.Module, before: nn.Module, *, first: bool) -> None:
    """Mode and hooks. The first to take over gets the hooks' very dictionaries, the others some of
    their own: with either a handle removes its hook."""
    module.train(before.training)
    for name in _HOOKS:
        value = vars(before).get(name)
        if not first and isinstance(value, dict):
            value = type(value)((k, _linked(value, k)) for k in value)
        vars(module)[name] = value


def _linked(hooks: Mapping[int, Any], key: int) -> Any:
    return _WhileHeld(hooks, key) if callable(hooks[key]) else hooks[key]


def stand_in(module: nn.Module) -> nn.Module:
    """One that does the same, with the same parameters, and takes hooks of its own."""
    if isinstance(module, torch.jit.ScriptModule):
        return Caller(module)
    twin = object.__new__(type(module))  # a copy, by no code of the class
    vars(twin).update(vars(module))
    vars(twin).update({name: copy.copy(vars(module)[name]) for name in _HOOKS})
    vars(twin).pop("_compiled_call_impl", None)  # is the module's, and calls it
    return twin


class Caller(nn.Module):
    """A module that calls a function, whatever its arguments."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        # In a tuple, where nn.Module does not take a scripted module for one of its own.
        self._function = (function,)

    def forward(self, *arguments: Any, **keywords: Any) -> Any:
        return self._function[0](*arguments, **keywords)


@dataclass(frozen=True, slots=True)
class Condition:
    """Of the parameters where a module stands: device, dtype, and whether they need a gradient."""

    device: torch.device
    dtype: torch.dtype
    requires_grad: bool

    @staticmethod
    def at(*surroundings: nn.Module) -> Condition | None:
        """By the first parameter in these; None where there is none."""
        like = reference(*surroundings)
        return None if like is None else Condition(like.device, like.dtype, like.requires_grad)


def hand_back(
    module: nn.Module, before: nn.Module, then: Condition | None, now: Condition | None
) -> None:
    """Mode, and device, dtype and need of gradient where they have changed since."""
    if before.training != module.training:
        before.train(module.training)
    if then is None or now is None:
        return
    if (then.device, then.dtype) != (now.device, now.dtype):
        before.to(device=now.device, dtype=now.dtype)
    if then.requires_grad != now.requires_grad:
        before.requires_grad_(now.requires_grad)


def reference(*modules: nn.Module) -> nn.Parameter | None:
    """The first parameter of floats in these, which shows device and dtype."""
    for module in modules:
        for p in module.parameters():
            if p.dtype in _FLOATS:
                return p
    return None
