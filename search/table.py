"""A table of scores from the searches of a home."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from ..evaluators import Recipe
from ..evaluators.tables.score_table import Curve, ScoreTable
from ..evaluators.tables.shipped import ENDING
from .errors import InvalidSetting
from .provenance import machine, versions
from .storage.home import Home
from .storage.same_function import FirstTexts
from .storage.search_file import SearchFile
from .storage.trial import Trial
from .storage.trial_reader import read_trials
from .storage.usable import usable

EXACT = 1e-3  # images by which a count may be off: accuracies are stored in double precision


def table_of(home: Home, names: Sequence[str], title: str) -> ScoreTable:
    """The scores of searches that share space and recipe, each under its seed.

    Raises InvalidSetting where two of them do not fit together, or nothing has trained.
    """
    files = [SearchFile.load(home.folder(name)) for name in names]
    first = files[0]
    for name, file in zip(names, files, strict=True):
        for what, value, shared in (
            ("space", file.config.space, first.config.space),
            ("recipe", file.config.recipe.label, first.config.recipe.label),
            ("fingerprint version", file.fingerprints, first.fingerprints),
        ):
            if value != shared:
                raise InvalidSetting(
                    f"a table is about one {what}: search '{names[0]}' has {shared}, but "
                    f"'{name}' has {value}"
                )
    seeds = [file.config.seed for file in files]
    if len(set(seeds)) < len(seeds):
        raise InvalidSetting(
            f"each search of a table needs a seed of its own, but they have {seeds}: search with "
            f"another --seed"
        )
    recipe = first.config.recipe
    rows: dict[str, dict[int, Curve]] = {}
    texts = FirstTexts(first.fingerprints)
    for name, seed in zip(names, seeds, strict=True):
        for trial in read_trials(home.folder(name)):
            if trial.has_result:
                # Of one search no two are the same function.
                text = texts.of(trial.expression) if len(names) > 1 else trial.expression
                rows.setdefault(text, {})[seed] = _curve(trial, name, recipe)
    if not rows:
        raise InvalidSetting(f"no candidate of {', '.join(names)} has trained: nothing to write")
    table = ScoreTable(
        name=title,
        space=first.config.space,
        recipe=recipe,
        rows=rows,
        candidates=len(rows),
        fingerprints=first.fingerprints,
        machine=machine(),
        versions=versions(),
        command=shlex.join(["actsearch", "table", *names, "-o", f"{title}{ENDING}"]),
    )
    if not table.shared_seeds:
        raise InvalidSetting(
            f"a table is looked up under a seed that all its candidates have a score of, but "
            f"{', '.join(names)} trained different ones: make it of one search, or of searches "
            f"that train the same candidates (--strategy exhaustive, a --seed each)"
        )
    return table


def write_table(table: ScoreTable, path: Path) -> None:
    """Write a new file; raises InvalidSetting where there is one, or its name ends otherwise."""
    if path.suffix != ENDING:
        raise InvalidSetting(f"a table's file must end in {ENDING}, but got {path}")
    if not path.parent.is_dir():
        raise InvalidSetting(f"there is no folder for {path}: make it first")
    if path.exists():
        raise InvalidSetting(f"{path} exists: remove it, or take another --output")
    with usable(path.parent):
        table.save(path)


def _curve(trial: Trial, name: str, recipe: Recipe) -> Curve:
    """Right validation images after each rung, None at the one where it diverged.

    Raises InvalidSetting for a score that is no share of them.
    """
    images = recipe.validation
    right: list[int | None] = []
    for epoch in sorted(trial.val_accuracies):
        count = trial.val_accuracies[epoch] * images
        if abs(count - round(count)) > EXACT:
            raise InvalidSetting(
                f"a table counts right validation images, but in search '{name}' trial "
                f"{trial.number} has {count:.2f} of {images:,}: it was scored by a metric of "
                f"one's own, or by a mean over seeds (seeds_per_score)"
            )
        right.append(round(count))
    return (*right, None) if trial.state == "infeasible" else tuple(right)
