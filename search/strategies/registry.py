"""Strategies: each an Optuna sampler over the encoding of a space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ...space import Space, UnknownNameError
from .base import Strategy as Strategy
from .evolution import Evolution as Evolution
from .exhaustive import Exhaustive as Exhaustive
from .random import Random as Random
from .tpe import Tpe as Tpe

BY_NAME: Mapping[str, Callable[[Space, int], Strategy]] = MappingProxyType(
    {"random": Random, "evolution": Evolution, "tpe": Tpe, "exhaustive": Exhaustive}
)


def strategy_from_name(name: str, space: Space, seed: int) -> Strategy:
    """The strategy of a name, drawing from [seed, trial number]; raises UnknownNameError."""
    if name not in BY_NAME:
        raise UnknownNameError("strategy", name, BY_NAME)
    return BY_NAME[name](space, seed)
