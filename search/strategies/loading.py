"""A strategy of the user's own: `package.module:Class`, or one that an installed package declares.

    actsearch search --strategy mine:Annealing         # mine.py in the current directory

    [project.entry-points."actsearch.strategies"]
    annealing = "mypackage.search:Annealing"           # then: --strategy annealing

The class is one of `Strategy`; a function of (space, seed) that returns one will do.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import cast

from optuna.samplers import BaseSampler

from ...evaluators.protocol.plugins import PluginLoader
from ...space import Space
from ..errors import StrategyError
from .base import Strategy
from .registry import BUILT_IN, GROUP

MakeStrategy = Callable[[Space, int], Strategy]
LOADER = PluginLoader(
    kind="strategy",
    group=GROUP,
    built_in=BUILT_IN,
    advice="write --strategy package.module:Class, a class of actsearch.search.Strategy",
    arguments="from (space, seed)",
    error=StrategyError,
)


def check_is_strategy(name: str, factory: object) -> MakeStrategy:
    """The object itself; raises StrategyError, with what to write, unless it makes strategies."""
    kind = factory if isinstance(factory, type) else type(factory)
    if isinstance(factory, type) and issubclass(factory, Strategy):
        fault = "it has no method propose" if inspect.isabstract(factory) else None
    elif issubclass(kind, Strategy):
        fault = "it is an object: name its class, since a search makes it from (space, seed)"
    elif issubclass(kind, BaseSampler):
        fault = (
            "a sampler of Optuna's keeps its own generator, which a resumed search would replay: "
            "write a class of Strategy whose propose asks the sampler, as strategies/tpe.py does"
        )
    elif isinstance(factory, type) or not callable(factory):
        fault = f"{kind.__name__} is no class of Strategy, and no function that returns one"
    else:
        fault = None
    if fault is not None:
        raise StrategyError(f"strategy {name}: {fault}; see actsearch.search.Strategy")
    return cast(MakeStrategy, factory)


def made(name: str, factory: MakeStrategy, space: Space, seed: int) -> Strategy:
    """The strategy for a space; raises StrategyError where the call fails or gives no Strategy."""
    strategy: object = LOADER.make(name, factory, space, seed)
    if not isinstance(strategy, Strategy):
        kind = type(strategy).__name__
        raise StrategyError(
            f"strategy {name}: its function returned a {kind}; see actsearch.search.Strategy"
        )
    if not hasattr(strategy, "_chosen"):
        raise StrategyError(f"strategy {name}: __init__ must call super().__init__(space, seed)")
    return strategy
