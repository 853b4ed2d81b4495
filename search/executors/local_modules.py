"""The modules of the current directory, such as the one a user's evaluator is written in.

A worker on another machine, or started in another directory, cannot import them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType


def local_modules() -> list[ModuleType]:
    """The loaded modules of the directory: its files, and the modules of packages in it."""
    here = Path.cwd()
    return [
        module
        for name, module in list(sys.modules.items())
        # A script itself, under whatever name it is, is pickled by value anyway.
        if name == module.__name__ != "__main__" and here in _folders(name.partition(".")[0])
    ]


def _folders(top: str) -> set[Path]:
    """The folders in which a top-level module or package lies."""
    module = sys.modules.get(top)
    if module is None:
        return set()
    if hasattr(module, "__path__"):
        return {Path(path).parent for path in module.__path__}
    file = getattr(module, "__file__", None)
    return {Path(file).parent} if file else set()
