"""The evaluator of a search: the built-in one, the user's own, or both in one confirmation."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..evaluators import (
    BUILT_IN,
    Evaluator,
    ImageClassification,
    Job,
    Recipe,
    RungReport,
    evaluator_from_name,
)
from ..evaluators.protocol.loading import check_is_evaluator
from ..evaluators.tables.shipped import is_table, lasting_name, table_from_name
from ..evaluators.tables.tabular import TabularEvaluator
from .errors import InvalidSetting
from .storage.config import SearchConfig
from .storage.recipe_rules import recipe_from
from .storage.setting_rules import AS_OBJECT, require

FEWEST_IMAGES = 300  # of which quick holds out 50: one of them is 2 points of accuracy
FEWEST_HELD_OUT = 25


@dataclass(frozen=True, slots=True)
class NamedEvaluator:
    """An evaluator and the name a search stores; custom: None where it is the built-in one."""

    name: str = BUILT_IN
    custom: Evaluator | None = None


BUILT_IN_EVALUATOR = NamedEvaluator()


@dataclass(frozen=True, slots=True)
class ByRecipe(Evaluator):
    """An own evaluator, and the built-in one beside it for recipes of ours (`--second`)."""

    custom: Evaluator
    built_in: ImageClassification

    def on(self, device: str) -> ByRecipe:
        """Both on a worker's device."""
        return ByRecipe(self.custom.on(device), self.built_in.on(device))

    def run(self, job: Job) -> Iterator[RungReport]:
        """The reports of the evaluator whose recipe the job has."""
        return (self.custom if job.recipe.evaluator else self.built_in).run(job)

    def objection(self, expression: str) -> str | None:
        """The own evaluator's."""
        return self.custom.objection(expression)

    def distinct_seeds(self) -> int | None:
        """The own evaluator's."""
        return self.custom.distinct_seeds()

    def check(self) -> None:
        """The own evaluator's check."""
        self.custom.check()

    def may_confirm(self) -> bool:
        return self.custom.may_confirm()

    def test_set_name(self) -> str:
        """The own evaluator's."""
        return self.custom.test_set_name()


def chosen(evaluator: str | Evaluator | None) -> NamedEvaluator:
    """The evaluator of a name, or an object with the name it can be stored under.

    Raises EvaluatorError or UnknownNameError where there is none.
    """
    if evaluator is None or evaluator == BUILT_IN:
        return BUILT_IN_EVALUATOR
    if isinstance(evaluator, str):
        if evaluator.endswith(AS_OBJECT):
            raise InvalidSetting(
                f"evaluator {evaluator.removesuffix(AS_OBJECT)} was given to Search as an "
                f"object, which no name makes again: go on in Python, with Search(name, "
                f"resume=True, evaluator=…)"
            )
        if is_table(evaluator):
            name = lasting_name(evaluator)
            return NamedEvaluator(name, TabularEvaluator(table_from_name(name)))
        return NamedEvaluator(evaluator, evaluator_from_name(evaluator))
    kind = type(evaluator)
    name = vars(kind).get("stored_name", f"{kind.__module__}:{kind.__qualname__}")
    check_is_evaluator(name, evaluator)
    return NamedEvaluator(name if _has_a_name(kind) else name + AS_OBJECT, evaluator)


def chosen_again(config: SearchConfig, evaluator: str | Evaluator | None) -> NamedEvaluator:
    """The evaluator of a stored search; raises InvalidSetting if it is another one by now."""
    named = chosen(config.evaluator if evaluator is None else evaluator)
    if named.name not in (config.evaluator, lasting_name(config.evaluator)):
        raise InvalidSetting(
            f"search '{config.name}' was begun with evaluator {config.evaluator}, but got "
            f"{named.name}: leave it out to go on, or start a new search"
        )
    if named.custom is not None and named.custom.recipe is not None:
        now, then = recipe_of(named), config.recipe
        if then.evaluator == config.evaluator:  # of a table, stored before its scores were in it
            then = dataclasses.replace(then, evaluator=now.evaluator)
        if now != then:
            raise InvalidSetting(
                f"search '{config.name}' was begun with recipe {then.label} ({then.evaluator}), "
                f"but its evaluator now says {now.label} ({now.evaluator}): its network, data, "
                f"scores or numbers have changed, and scores must not mix; undo that, or start a "
                f"new search"
            )
    return named


def check_limit(limit: int | None) -> None:
    """Raise InvalidSetting for a limit of the data with which no score means anything."""
    require(
        "limit data",
        limit,
        limit is None or limit >= FEWEST_IMAGES,
        f"at least {FEWEST_IMAGES}: of fewer images so few are held out that one of them is worth "
        f"more than functions differ by",
    )


def recipe_of(
    named: NamedEvaluator,
    recipe: Recipe | str | None = None,
    limit: int | None = None,
    *,
    again: bool = False,
) -> Recipe:
    """The recipe an evaluator scores by: an own evaluator's is its own, with its name in the
    digest. again: whether it is a stored search's, which has its limit already.

    Raises InvalidSetting for a recipe or a limit that it does not take.
    """
    requested = None if recipe is None else recipe_from(recipe)
    if named.custom is None:
        require("limit data", repr(limit), isinstance(limit, int | None), "a whole number")
        check_limit(limit)
        recipe = requested or Recipe()
        if recipe.evaluator:
            raise InvalidSetting(
                f"recipe {recipe.label} is of evaluator {recipe.evaluator}, which has to be "
                f"chosen beside it (--evaluator; in Python evaluator=…)"
            )
        most = recipe.limit  # more than that would be another recipe under this one's name
        rule = f"at most {most}, its own limit (a recipe file with another limit takes more)"
        fits = again or limit is None or most is None or limit <= most
        require(f"limit data of {recipe.name}", limit, fits, rule)
        limited = recipe.limited(limit)
        rule = f"so many that {FEWEST_HELD_OUT} are held out (it has {limited.validation})"
        enough = not limited.selects or limited.validation >= FEWEST_HELD_OUT
        require(f"limit data of {recipe.name}", limit, limit is None or enough, rule)
        return limited
    if limit is not None:
        raise InvalidSetting(
            f"--limit-data cuts the data sets we fetch: evaluator {named.name} has data of its "
            f"own, so cut them where it is made"
        )
    fixed = named.custom.recipe
    if fixed is not None and requested is not None:
        raise InvalidSetting(
            f"evaluator {named.name} has a recipe of its own, {fixed.label}, and takes no "
            f"--recipe, but got {requested.label}: change the numbers where it is made"
        )
    base = fixed or requested or Recipe()
    return dataclasses.replace(base, evaluator=f"{named.name} {base.evaluator}".rstrip())


def evaluator_for(named: NamedEvaluator, recipes: Iterable[Recipe]) -> Evaluator:
    """The evaluator under these recipes; raises DataUnavailable where our data cannot be had."""
    if named.custom is None:
        return ImageClassification.of(recipes)
    built_in = [recipe for recipe in recipes if not recipe.evaluator]
    return ByRecipe(named.custom, ImageClassification.of(built_in)) if built_in else named.custom


def _has_a_name(kind: type[object]) -> bool:
    """Whether a class without arguments can be imported again by what `module:Name` says."""
    if kind.__module__ == "__main__" or "<locals>" in kind.__qualname__:
        return False
    parameters = inspect.signature(kind).parameters.values()
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return all(p.default is not p.empty or p.kind in variable for p in parameters)
