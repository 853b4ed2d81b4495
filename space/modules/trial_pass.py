"""A pass over an example with stand-ins in the chosen places: who runs, and how it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..errors import CandidateError
from .activation import is_activation
from .example_pass import Example, run_example
from .exchange import Exchange
from .handover import Caller, stand_in
from .places import Place
from .replacement import LeftPlace
from .watch import Call

_ADVICE = "called as a function in forward: make it a module in __init__ and call that"


@dataclass(frozen=True, slots=True)
class TrialPass:
    """calls: of each chosen place, by name. called: the activations called as functions."""

    calls: Mapping[str, Sequence[Call]]
    called: tuple[LeftPlace, ...]


def trial_pass(
    model: nn.Module,
    example: Example,
    held: Sequence[Place],
    chosen: Sequence[Place],
    unshare: bool,
) -> TrialPass:
    """Run the example; held: all places of the model, unshare: tell the calls of a module in one
    place from those in another.

    Raises CandidateError where a chosen module is reached in another way than by its places, or
    called with more than its input.
    """
    names = {id(module): name for name, module in model.named_modules()}
    modules = _stand_ins(chosen, unshare)
    originals = _originals(held, chosen)
    exchange = Exchange.of(model, chosen, modules)
    exchange.do()
    try:
        seen = run_example(model, example, [*modules, *originals])
    finally:
        exchange.reverse()
    calls = {p.name: seen.calls[module] for p, module in zip(chosen, modules, strict=True)}
    _check(calls, [p for p in chosen if seen.calls.get(p.module)])
    stays = [p for p in set(held).difference(chosen) if p.function is not None]
    return TrialPass(calls, tuple(dict.fromkeys(_called(seen.functions, names, stays))))


def _stand_ins(chosen: Sequence[Place], unshare: bool) -> list[nn.Module]:
    """One for each place, or for each module, and in place of a function one that calls it."""
    shared: dict[nn.Module, nn.Module] = {}
    modules: list[nn.Module] = []
    for place in chosen:
        if place.function is not None:
            modules.append(Caller(place.function))
        elif unshare:
            modules.append(stand_in(place.module))
        else:
            if place.module not in shared:
                shared[place.module] = stand_in(place.module)
            modules.append(shared[place.module])
    return modules


def _originals(held: Sequence[Place], chosen: Sequence[Place]) -> list[nn.Module]:
    """Modules of which no place is left, so that none may run while stand-ins are there."""
    stays = {place.module for place in set(held).difference(chosen)}
    modules = {place.module: None for place in chosen if place.function is None}
    return [m for m in modules if m not in stays and not isinstance(m, torch.jit.ScriptModule)]


def _check(calls: Mapping[str, Sequence[Call]], reached: Sequence[Place]) -> None:
    if reached:
        raise CandidateError(
            f"the {reached[0].kind} of '{reached[0].name}' also runs without its place, by a name "
            f"of the class, a closure or the like, and would go on: call it as self.… alone"
        )
    for name, of_place in calls.items():
        if not all(call.plain for call in of_place):
            raise CandidateError(
                f"'{name}' is called with more than its input, or by keyword, and a candidate "
                f"takes one tensor: call it as self.act(x)"
            )


def _called(
    functions: Sequence[tuple[nn.Module, Callable[..., Any]]],
    names: Mapping[int, str],
    stays: Sequence[Place],
) -> list[LeftPlace]:
    """The activations that the pass saw called as functions, but for those held as such."""
    held = {(id(place.parent), place.function) for place in stays}
    return [
        LeftPlace(names[id(module)], f"{type(module).__name__} calls {function.__name__}", _ADVICE)
        for module, function in functions
        if not is_activation(module) and (id(module), function) not in held
    ]
