"""Which candidate next, where it runs, and the command line.

Its names are loaded when first used: `actsearch --help` passes through here and must not wait
seconds for torch, Optuna and MLflow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Search as Search
    from .best import Best as Best
    from .candidates import Candidate as Candidate
    from .config import Launch as Launch
    from .config import SearchConfig as SearchConfig
    from .exporting import export as export
    from .home import Home as Home
    from .run import Outcome as Outcome
    from .verdicts import Confirmation as Confirmation

_HOMES = {
    "Search": "api",
    "Candidate": "candidates",
    "Launch": "config",
    "SearchConfig": "config",
    "Confirmation": "verdicts",
    "export": "exporting",
    "Home": "home",
    "Best": "best",
    "Outcome": "run",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__} has no attribute '{name}'")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
