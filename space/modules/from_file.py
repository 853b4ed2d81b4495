"""The class of an exported activation.py, for `replace_activations` and for your own code."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from torch import nn

from ..errors import CandidateError


def from_file(path: str | Path) -> type[nn.Module]:
    """The nn.Module class of a file that `actsearch export` wrote.

    The file is imported, that is, its code runs: only load one that you trust. Raises
    CandidateError where there is no such file, or it holds no class of an export.
    """
    file = Path(path)
    if not file.is_file():
        raise CandidateError(
            f"no file {file}: pass the activation.py of an export, `actsearch export … -o DIR` "
            f"writes it to DIR"
        )
    # One name per content, so that the module is found again where a model is pickled.
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    name = f"{file.stem}_{digest}"
    module = sys.modules.get(name) or _imported(file, name)
    classes = [kind for kind in vars(module).values() if _is_exported_class(kind, name)]
    if len(classes) != 1:
        raise CandidateError(
            f"{file} has {len(classes)} classes of an export, not one: export the candidate anew"
        )
    made: type[nn.Module] = classes[0]
    return made


def _imported(file: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise CandidateError(f"{file} is no Python file: pass the activation.py of an export")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_exported_class(kind: object, name: str) -> bool:
    return (
        isinstance(kind, type)
        and issubclass(kind, nn.Module)
        and kind.__module__ == name
        and isinstance(vars(kind).get("_formula"), str)
    )
