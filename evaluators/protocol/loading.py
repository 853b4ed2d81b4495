"""An evaluator by its name: `package.module:Name`, or one that an installed package declares.

    [project.entry-points."actsearch.evaluators"]
    resnet = "mypackage.scoring:evaluator"        # then: --evaluator resnet

Only what the user names is imported, and only when it is named.
"""

from __future__ import annotations

from ..recipes.recipe import Recipe
from .evaluator import Evaluator
from .plugins import PluginLoader
from .report_validation import EvaluatorError

BUILT_IN = "built-in"  # small networks on images we fetch
_METHODS = ("on", "run")
_LOADER = PluginLoader(
    kind="evaluator",
    group="actsearch.evaluators",
    built_in=(BUILT_IN,),
    advice="write --evaluator package.module:Name, a class without arguments or a function",
    arguments="without arguments",
    error=EvaluatorError,
)


def evaluator_from_name(name: str) -> Evaluator:
    """The evaluator that a module of the current directory, or an installed one, makes.

    Raises EvaluatorError where it cannot be imported, is not there, fails, or is no evaluator;
    UnknownNameError for a name without a colon that no installed package declares.
    """
    evaluator = _LOADER.load(name)
    is_instance = not isinstance(evaluator, type) and all(hasattr(evaluator, m) for m in _METHODS)
    if callable(evaluator) and not is_instance:
        evaluator = _LOADER.make(name, evaluator)
    check_is_evaluator(name, evaluator)
    return evaluator  # type: ignore[return-value]  # it was checked


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
