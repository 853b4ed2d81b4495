"""An evaluator by its name: `package.module:Name`, or one that an installed package declares.

    [project.entry-points."actsearch.evaluators"]
    resnet = "mypackage.scoring:evaluator"        # then: --evaluator resnet

Only what the user names is imported, and only when it is named.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import cast

from ...space import ActsearchError, UnknownNameError
from ...space.errors import nearest
from ..recipes.recipe import Recipe
from .evaluator import Evaluator
from .report_validation import EvaluatorError

BUILT_IN = "built-in"  # small networks on images we fetch
GROUP = "actsearch.evaluators"
_OPTIONAL = ("recipe", "check", "opened")  # of an Evaluator; a class need not have them
_NEAR = 0.8  # likeness by difflib from which a name counts as one of these misspelt: `open`
_ADVICE = "write --evaluator package.module:Name, a class without arguments or a function"


def evaluator_from_name(name: str) -> Evaluator:
    """The evaluator that a module of the current directory, or an installed one, makes.

    Raises EvaluatorError where it cannot be imported, is not there, fails, or is no evaluator;
    UnknownNameError for a name without a colon that no installed package declares.
    """
    module, colon, attribute = name.partition(":")
    if not colon:
        declared = {point.name: point.value for point in entry_points(group=GROUP)}
        if name not in declared:
            raise UnknownNameError(f"evaluator ({_ADVICE})", name, (BUILT_IN, *declared))
        module, _, attribute = declared[name].partition(":")
    evaluator = _made(name, _attribute(name, _module(name, module), attribute))
    check_is_evaluator(name, evaluator)
    return cast(Evaluator, evaluator)


def check_is_evaluator(name: str, evaluator: object) -> None:
    """Raise EvaluatorError naming everything that keeps an object from being an evaluator."""
    kind = type(evaluator).__name__
    if not isinstance(evaluator, Evaluator):
        raise EvaluatorError(
            f"evaluator {name} is no evaluator: make {kind} a subclass of "
            f"actsearch.evaluators.Evaluator, or use ModelEvaluator"
        )
    wrong = []
    recipe: object = evaluator.recipe
    if not isinstance(recipe, Recipe | None):
        wrong.append(f"its recipe must be a Recipe, but is a {type(recipe).__name__}")
    # A misspelt `opened` would mean no confirmation, and nobody would be told.
    for public in (name for name in dir(evaluator) if not name.startswith("_")):
        near = difflib.get_close_matches(public, _OPTIONAL, n=1, cutoff=_NEAR)
        if near and public not in _OPTIONAL and callable(getattr(evaluator, public)):
            wrong.append(f"its method {public} is never called: write {near[0]}, or rename it")
    if wrong:
        raise EvaluatorError(f"evaluator {name} is no evaluator: {kind}: {'; '.join(wrong)}")


def _module(name: str, path: str) -> object:
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        # As `python -m` has it, and left there: the evaluator may import more of it later.
        sys.path.insert(0, here)
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{path}.".startswith(f"{error.name}."):
            raise _failed(name, f"importing {path}", error) from error
        raise EvaluatorError(
            f"evaluator {name}: there is no module {path} in {here} or among the installed "
            f"packages; {_ADVICE}"
        ) from error
    except Exception as error:
        raise _failed(name, f"importing {path}", error) from error


def _attribute(name: str, module: object, path: str) -> object:
    owner = module
    for part in path.split("."):
        if not part or not hasattr(owner, part):
            known = [n for n in vars(owner) if not n.startswith("_")] if part else []
            raise EvaluatorError(
                f"evaluator {name}: the module has no '{path}'{nearest(path, known)}"
            )
        owner = getattr(owner, part)
    return owner


def _made(name: str, target: object) -> object:
    """The return value of a class or function without arguments; an instance as it is."""
    if isinstance(target, Evaluator) or not callable(target):
        return target
    if missing := sorted(getattr(target, "__abstractmethods__", ())):
        methods = " and ".join(missing)
        raise EvaluatorError(f"evaluator {name} is no evaluator: no method {methods}")
    make: Callable[[], object] = target
    try:
        return make()
    except ActsearchError as error:
        raise EvaluatorError(f"evaluator {name}: {error}") from error
    except TypeError as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            raise _failed(name, f"{name}()", error) from error  # from within
        raise EvaluatorError(
            f"evaluator {name} must be made without arguments: {error}; write a function without "
            f"arguments that returns it"
        ) from error
    except Exception as error:
        raise _failed(name, f"{name}()", error) from error


def _failed(name: str, action: str, error: Exception) -> EvaluatorError:
    return EvaluatorError(
        f"evaluator {name}: {action} raised {type(error).__name__}: {error} (--debug shows where)"
    )
