"""Completions that the shell offers after TAB: names of searches, spaces, recipes and others.

A shell asks at every TAB, and torch takes seconds to load: so names of searches are read from the
home's folders, and those of shipped recipes and data sets from the source of their tables. A test
compares all of them with the real ones.
"""

from __future__ import annotations

import argparse
import ast
import os
from collections.abc import Callable, Iterable
from pathlib import Path

Completer = Callable[..., Iterable[str]]  # called with keywords, parsed_args among them

_EVALUATORS = Path(__file__).parents[2] / "evaluators"
# A space is a text of a grammar, so these are places to start from.
_SPACES = (
    "core-1", "core-1[channel]", "core-1[network]", "core-1+eafo", "core-2", "tree-5", "tree-7",
    "families", "catalog", "mixture-3", "binary(unary(x),unary(x))",
)  # fmt: skip


def complete(action: argparse.Action, completer: Completer) -> None:
    """Have the shell offer these names for an argument."""
    action.completer = completer  # type: ignore[attr-defined]  # where argcomplete looks for it


def searches(*, parsed_args: argparse.Namespace, **_: object) -> list[str]:
    """The searches of the home that the line names, or of the usual one."""
    paths = _home(parsed_args).glob("searches/*/config.json")
    return sorted(path.parent.name for path in paths)


def submissions(*, parsed_args: argparse.Namespace, **_: object) -> list[str]:
    """The same, and those that were submitted and are yet to begin."""
    folders = [path.parent for path in _home(parsed_args).glob("searches/*/driver.*json")]
    return sorted({*searches(parsed_args=parsed_args), *(folder.name for folder in folders)})


def _home(parsed_args: argparse.Namespace) -> Path:
    from . import project_file

    folder: str | None = getattr(parsed_args, "home", None) or os.environ.get("ACTSEARCH_HOME")
    if not folder and (path := project_file.find()) is not None:
        folder = project_file.home_in(path)
    return Path(os.path.expanduser(folder or ".actsearch"))


def spaces(**_: object) -> Iterable[str]:
    """Spaces to start from."""
    return _SPACES


def strategies(**_: object) -> list[str]:
    """The built-in strategies, and those that installed packages declare."""
    from importlib.metadata import entry_points

    from ..strategies.registry import BUILT_IN, GROUP

    return [*BUILT_IN, *(point.name for point in entry_points(group=GROUP))]


def recipes(**_: object) -> list[str]:
    """The shipped recipes."""
    return ["quick", *_names_in(_EVALUATORS / "recipes" / "shipped.py")]


def data_sets(**_: object) -> list[str]:
    """The data sets that can be fetched."""
    return _names_in(_EVALUATORS / "data" / "datasets.py")


def _names_in(file: Path) -> list[str]:
    """The texts that a file passes as `name=`, which is what names a row of its table."""
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    keywords = [keyword for call in calls for keyword in call.keywords if keyword.arg == "name"]
    values = [k.value.value for k in keywords if isinstance(k.value, ast.Constant)]
    return [value for value in values if isinstance(value, str)]
