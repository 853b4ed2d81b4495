"""Trials compared field by field."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from actsearch.search import Trial


def whole(trials: Iterable[Trial]) -> list[str]:
    """Every field of each trial, as text: a loss may be NaN, which equals nothing."""
    return [str(dataclasses.asdict(trial)) for trial in trials]
