"""Searches side by side: where their settings differ, the best by budget, what they share."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...evaluators import Recipe
from ..errors import InvalidSetting
from ..prior import names_of
from ..storage.home import Home
from ..storage.same_function import FirstTexts
from ..storage.search_file import SearchFile
from ..storage.trial import Trial
from ..storage.trial_reader import read_trials

FIRST_BUDGET, GROWTH = 9, 3  # candidates: a bracket, then three times as many each


@dataclass(frozen=True, slots=True, kw_only=True)
class Improvement:
    """A new best: after so many candidates had ended, and so many seconds of training."""

    candidates: int
    seconds: float
    score: float
    expression: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSearch:
    """A search of a comparison. ended: candidates that have; seconds: of training they took.
    functions: a text that equal functions of all searches share -> the score."""

    name: str
    settings: dict[str, Any]
    improvements: Sequence[Improvement]
    ended: int
    seconds: float
    functions: dict[str, float | None]

    def best(self, candidates: int) -> Improvement | None:
        """The best once so many candidates had ended, or as many as have; None before there is
        one."""
        earlier = [i for i in self.improvements if i.candidates <= candidates]
        return earlier[-1] if earlier else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchComparison:
    """Searches side by side. same_recipe: whether their scores are of one task."""

    searches: Sequence[ComparedSearch]
    same_recipe: bool

    @property
    def differing(self) -> dict[str, list[Any]]:
        """The settings that are not the same in all, each with its values in order."""
        settings = [search.settings for search in self.searches]
        names = dict.fromkeys(itertools.chain.from_iterable(settings))
        values = {name: [each.get(name) for each in settings] for name in names}
        return {name: row for name, row in values.items() if any(v != row[0] for v in row)}

    @property
    def budgets(self) -> list[int]:
        """Numbers of candidates to compare at: 9, 27, 81, …, and how far each search has come."""
        most = max(search.ended for search in self.searches)
        powers = itertools.takewhile(
            lambda budget: budget < most, (FIRST_BUDGET * GROWTH**i for i in itertools.count())
        )
        return sorted({*powers, *(search.ended for search in self.searches if search.ended)})

    def shared(self, first: ComparedSearch, second: ComparedSearch) -> int:
        """Functions that both have trained."""
        return len(first.functions.keys() & second.functions.keys())


def compare(home: Home, names: Sequence[str]) -> SearchComparison:
    """Compare searches of a home. Raises InvalidSetting for fewer than two, or one named twice."""
    if len(names) < 2 or len(set(names)) < len(names):
        raise InvalidSetting(f"compare two searches or more, each once, but got {' '.join(names)}")
    folders = [home.folder(name) for name in names]
    files = [SearchFile.load(folder) for folder in folders]
    texts = FirstTexts(max(file.fingerprints for file in files))
    searches = [
        _compared(name, file, read_trials(folder), texts)
        for name, file, folder in zip(names, files, folders, strict=True)
    ]
    recipes = {file.config.recipe.digest for file in files}
    return SearchComparison(searches=searches, same_recipe=len(recipes) == 1)


def _compared(
    name: str, file: SearchFile, trials: Sequence[Trial], texts: FirstTexts
) -> ComparedSearch:
    ended = [trial for trial in trials if trial.has_result]
    ended.sort(key=lambda trial: (trial.finished_ms, trial.number))
    improvements: list[Improvement] = []
    seconds = 0.0
    for count, trial in enumerate(ended, 1):
        seconds += trial.seconds
        score = trial.val_accuracy
        if trial.state != "complete" or score is None:
            continue
        if not improvements or score > improvements[-1].score:
            improvements.append(
                Improvement(
                    candidates=count, seconds=seconds, score=score, expression=trial.expression
                )
            )
    return ComparedSearch(
        name=name,
        settings=_settings(file),
        improvements=improvements,
        ended=len(ended),
        seconds=seconds,
        functions={texts.of(trial.expression): trial.val_accuracy for trial in ended},
    )


def _settings(file: SearchFile) -> dict[str, Any]:
    """The settings of a search as they are shown, by the names of `Search`."""
    config = {field.name: getattr(file.config, field.name) for field in _fields(file.config)}
    run = {field.name: getattr(file.settings, field.name) for field in _fields(file.settings)}
    del config["name"]
    config["prior"] = names_of(file.config.prior)
    if file.config.asynchronous:
        del config["lag"]
    return {name: _shown(value) for name, value in {**config, **run}.items()}


def _fields(settings: Any) -> Sequence[dataclasses.Field[Any]]:
    return dataclasses.fields(settings)


def _shown(value: Any) -> Any:
    if isinstance(value, Recipe):
        return value.label
    return ", ".join(value) if isinstance(value, list | tuple) else value
