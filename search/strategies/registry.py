"""The built-in strategies by name; adding one is a file in this folder and its row here.

The rows are text, so that the command line lists the names without loading Optuna and torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...space import Space
    from .base import Strategy
    from .loading import MakeStrategy

GROUP = "actsearch.strategies"  # of entry points, by which installed packages declare theirs
BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "random": "random:Random",
        "evolution": "evolution:Evolution",
        "tpe": "tpe:Tpe",
        "exhaustive": "exhaustive:Exhaustive",
        "surrogate": "surrogate.surrogate:Surrogate",
    }
)


def strategy_from_name(name: str, space: Space, seed: int) -> Strategy:
    """The strategy of a built-in name, or of the user's own, drawing from [seed, trial number].

    Raises UnknownNameError for a name that nothing has; StrategyError where one of the user's own
    cannot be imported, is not there, fails, or is no Strategy.
    """
    from .loading import made

    return made(name, strategy_class(name), space, seed)


def strategy_class(name: str) -> MakeStrategy:
    """The class, or the function, that makes a strategy; raises as `strategy_from_name`."""
    from .loading import LOADER, check_is_strategy

    factory: MakeStrategy
    if name in BUILT_IN:
        file, _, attribute = BUILT_IN[name].partition(":")
        factory = getattr(import_module(f".{file}", __package__), attribute)
    else:
        factory = check_is_strategy(name, LOADER.load(name))
    return factory
