"""The search: proposals, workers, confirmation, export and the command line.

The names are loaded when first used: `actsearch --help` passes through here and must not wait
seconds for torch, Optuna and MLflow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Search as Search
    from .confirmation.comparison import Confirmation as Confirmation
    from .errors import SearchStopped as SearchStopped
    from .errors import SpaceExhausted as SpaceExhausted
    from .errors import StrategyError as StrategyError
    from .exporting.module_file import export as export
    from .exporting.winner import Best as Best
    from .progress import RungScore as RungScore
    from .run import Outcome as Outcome
    from .service.running_search import RunningSearch as RunningSearch
    from .service.status import Status as Status
    from .storage.config import RunSettings as RunSettings
    from .storage.config import SearchConfig as SearchConfig
    from .storage.home import Home as Home
    from .storage.trial import Trial as Trial
    from .strategies.base import Strategy as Strategy
    from .strategies.conformance import check_strategy as check_strategy

_MODULES = {
    "Search": "api",
    "Trial": "storage.trial",
    "RunSettings": "storage.config",
    "SearchConfig": "storage.config",
    "Confirmation": "confirmation.comparison",
    "export": "exporting.module_file",
    "Home": "storage.home",
    "Best": "exporting.winner",
    "Outcome": "run",
    "RungScore": "progress",
    "RunningSearch": "service.running_search",
    "Status": "service.status",
    "SearchStopped": "errors",
    "Strategy": "strategies.base",
    "StrategyError": "errors",
    "SpaceExhausted": "errors",
    "check_strategy": "strategies.conformance",
}
__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__} has no attribute '{name}'")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
