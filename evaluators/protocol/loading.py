"""An evaluator by its name: `package.module:Name`, or one that an installed package declares.

    [project.entry-points."actsearch.evaluators"]
    resnet = "mypackage.scoring:evaluator"        # then: --evaluator resnet

Only what the user names is imported, and only when it is named.
"""

from __future__ import annotations

import difflib
from typing import cast

from ..recipes.recipe import Recipe
from .evaluator import Evaluator
from .plugins import PluginLoader
from .report_validation import EvaluatorError

BUILT_IN = "built-in"  # small networks on images we fetch
_OPTIONAL = ("recipe", "check", "opened", "objection")  # of an Evaluator; each has a default
_NEAR = 0.8  # likeness by difflib from which a name counts as one of these misspelt: `open`
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
    if callable(evaluator) and not isinstance(evaluator, Evaluator):
        if missing := sorted(getattr(evaluator, "__abstractmethods__", ())):
            methods = " and ".join(missing)
            raise EvaluatorError(f"evaluator {name} is no evaluator: no method {methods}")
        evaluator = _LOADER.make(name, evaluator)
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
    test_set_name: object = evaluator.test_set_name  # a user's attribute may have that name
    if not callable(test_set_name):
        wrong.append("its test_set_name must be a method that returns a text")
    # A misspelt `opened` would mean no confirmation, and nobody would be told.
    for public in (name for name in dir(evaluator) if not name.startswith("_")):
        near = difflib.get_close_matches(public, _OPTIONAL, n=1, cutoff=_NEAR)
        if near and public not in _OPTIONAL and callable(getattr(evaluator, public)):
            wrong.append(f"its method {public} is never called: write {near[0]}, or rename it")
    if wrong:
        raise EvaluatorError(f"evaluator {name} is no evaluator: {kind}: {'; '.join(wrong)}")
