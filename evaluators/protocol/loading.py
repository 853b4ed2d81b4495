"""An evaluator by its name: `package.module:Name`, or one that an installed package declares.

    [project.entry-points."actsearch.evaluators"]
    resnet = "mypackage.scoring:evaluator"        # then: --evaluator resnet

Only what the user names is imported, and only when it is named.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from importlib.metadata import entry_points

from ...space import ActsearchError, UnknownNameError
from ...space.errors import nearest
from ..recipes.recipe import Recipe
from .evaluator import Evaluator
from .report_validation import EvaluatorError

BUILT_IN = "built-in"  # small networks on images we fetch
GROUP = "actsearch.evaluators"
_METHODS = ("on", "run")
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
    made = _made(name, _attribute(name, _module(name, module), attribute))
    check_is_evaluator(name, made)
    return made


def check_is_evaluator(name: str, made: object) -> None:
    """Raise EvaluatorError naming everything that keeps an object from being an evaluator."""
    missing = [f"no method {m}" for m in _METHODS if not callable(getattr(made, m, None))]
    if not isinstance(getattr(made, "recipe", None), Recipe | None):
        missing.append("a recipe that is no Recipe")
    if missing:
        raise EvaluatorError(
            f"evaluator {name} is no evaluator: a {type(made).__name__} with "
            f"{' and '.join(missing)}; see actsearch.evaluators.Evaluator, or use ModelEvaluator"
        )


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
    found = module
    for part in path.split("."):
        if not part or not hasattr(found, part):
            known = [n for n in vars(found) if not n.startswith("_")] if part else []
            raise EvaluatorError(
                f"evaluator {name}: the module has no '{path}'{nearest(path, known)}"
            )
        found = getattr(found, part)
    return found


def _made(name: str, found: object) -> Evaluator:
    """What a class or function without arguments returns; an instance is taken as it is."""
    is_instance = not isinstance(found, type) and all(hasattr(found, m) for m in _METHODS)
    if is_instance or not callable(found):
        return found  # type: ignore[return-value]  # check_is_evaluator judges it
    make: Callable[[], Evaluator] = found
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


def _failed(name: str, what: str, error: Exception) -> EvaluatorError:
    return EvaluatorError(
        f"evaluator {name}: {what} raised {type(error).__name__}: {error} (--debug shows where)"
    )
