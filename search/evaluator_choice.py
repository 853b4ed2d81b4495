"""What a search scores with: the built-in evaluator, one of the user's own, or both in a table."""

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
    recipe_from_name,
)
from ..evaluators.protocol.loading import check_is_evaluator
from .errors import InvalidSetting
from .storage.config import SearchConfig

_AS_OBJECT = " given in Python"  # ends the stored name of an evaluator that no name makes


@dataclass(frozen=True, slots=True)
class NamedEvaluator:
    """An evaluator and the name a search stores; own: None where it is the built-in one."""

    name: str = BUILT_IN
    own: Evaluator | None = None


BUILT_IN_EVALUATOR = NamedEvaluator()  # the built-in evaluator


@dataclass(frozen=True, slots=True)
class ByRecipe(Evaluator):
    """An own evaluator, and beside it the built-in one for recipes that are ours (`--second`)."""

    own: Evaluator
    built_in: ImageClassification

    def on(self, device: str) -> ByRecipe:
        """Both on a worker's device."""
        return ByRecipe(self.own.on(device), self.built_in.on(device))

    def run(self, job: Job) -> Iterator[RungReport]:
        """As the evaluator does whose recipe the job has."""
        return (self.own if job.recipe.evaluator else self.built_in).run(job)


def chosen(given: str | Evaluator | None) -> NamedEvaluator:
    """The evaluator of a name, or an object with the name it can be stored under.

    Raises EvaluatorError or UnknownNameError where there is none.
    """
    if given is None or given == BUILT_IN:
        return BUILT_IN_EVALUATOR
    if isinstance(given, str):
        if given.endswith(_AS_OBJECT):
            raise InvalidSetting(
                f"evaluator {given.removesuffix(_AS_OBJECT)} was given to Search as an object, "
                f"which no name makes again: go on in Python, with Search(name, resume=True, "
                f"evaluator=…)"
            )
        return NamedEvaluator(given, evaluator_from_name(given))
    kind = type(given)
    name = vars(kind).get("stored_name", f"{kind.__module__}:{kind.__qualname__}")
    check_is_evaluator(name, given)
    return NamedEvaluator(name if _has_a_name(kind) else name + _AS_OBJECT, given)


def chosen_again(config: SearchConfig, given: str | Evaluator | None) -> NamedEvaluator:
    """The evaluator of a stored search; raises InvalidSetting if it is another one by now."""
    found = chosen(config.evaluator if given is None else given)
    if found.name != config.evaluator:
        raise InvalidSetting(
            f"search '{config.name}' was begun with evaluator {config.evaluator}, but got "
            f"{found.name}: leave it out to go on, or start a new search"
        )
    if getattr(found.own, "recipe", None) is not None:
        now, then = recipe_of(found), config.recipe
        if now != then:
            raise InvalidSetting(
                f"search '{config.name}' was begun with recipe {then.label} ({then.evaluator}), "
                f"but its evaluator now says {now.label} ({now.evaluator}): its network, data or "
                f"numbers have changed, and scores must not mix; undo that, or start a new search"
            )
    return found


def recipe_of(
    found: NamedEvaluator, given: Recipe | str | None = None, limit: int | None = None
) -> Recipe:
    """The recipe it scores by: for an own evaluator its own one, with its name in the digest.

    Raises InvalidSetting for a recipe or a limit that it does not take.
    """
    wanted = recipe_from_name(given) if isinstance(given, str) else given
    if found.own is None:
        return (wanted or Recipe()).limited(limit)
    if limit is not None:
        raise InvalidSetting(
            f"--limit-data cuts the data sets we fetch: evaluator {found.name} has data of its "
            f"own, so cut them where it is made"
        )
    said: Recipe | None = getattr(found.own, "recipe", None)
    if said is not None and wanted is not None:
        raise InvalidSetting(
            f"evaluator {found.name} has a recipe of its own, {said.label}, and takes no "
            f"--recipe, but got {wanted.label}: change the numbers where it is made"
        )
    base = said or wanted or Recipe()
    return dataclasses.replace(base, evaluator=f"{found.name} {base.evaluator}".rstrip())


def evaluator_for(found: NamedEvaluator, recipes: Iterable[Recipe]) -> Evaluator:
    """What scores under these recipes; raises DataUnavailable where our data cannot be had."""
    if found.own is None:
        return ImageClassification.of(recipes)
    ours = [recipe for recipe in recipes if not recipe.evaluator]
    return ByRecipe(found.own, ImageClassification.of(ours)) if ours else found.own


def check(found: NamedEvaluator) -> None:
    """Have an own evaluator try itself, if it can: raises what would go wrong in every job."""
    tried = getattr(found.own, "check", None)
    if tried is not None:
        tried()


def _has_a_name(kind: type[object]) -> bool:
    """Whether a class without arguments can be imported again as what `module:Name` says."""
    if kind.__module__ == "__main__" or "<locals>" in kind.__qualname__:
        return False
    parameters = inspect.signature(kind).parameters.values()
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return all(p.default is not p.empty or p.kind in variable for p in parameters)
