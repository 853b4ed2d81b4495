"""A table of scores from the searches of a home."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from ..evaluators.tables.score_table import Curve, ScoreTable
from ..evaluators.tables.shipped import ENDING
from .errors import InvalidSetting
from .provenance import machine, versions
from .storage.home import Home
from .storage.search_file import SearchFile
from .storage.trial import Trial
from .storage.trial_reader import read_trials
from .storage.usable import usable


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
    for name, seed in zip(names, seeds, strict=True):
        for trial in read_trials(home.folder(name)):
            if trial.has_result:
                rows.setdefault(trial.expression, {})[seed] = _curve(trial, recipe.validation)
    if not rows:
        raise InvalidSetting(f"no candidate of {', '.join(names)} has trained: nothing to write")
    return ScoreTable(
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


def write_table(table: ScoreTable, path: Path) -> None:
    """Write a new file; raises InvalidSetting where there is one, or its name ends otherwise."""
    if path.suffix != ENDING:
        raise InvalidSetting(f"a table's file must end in {ENDING}, but got {path}")
    if path.exists():
        raise InvalidSetting(f"{path} exists: remove it, or take another --output")
    with usable(path.parent):
        table.save(path)


def _curve(trial: Trial, images: int) -> Curve:
    """Right validation images after each rung, None at the one where it diverged."""
    right: list[int | None] = [
        round(trial.val_accuracies[epoch] * images) for epoch in sorted(trial.val_accuracies)
    ]
    return (*right, None) if trial.state == "infeasible" else tuple(right)
