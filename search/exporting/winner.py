"""The best of a search: the finalist that validation prefers, with the verdict of the test set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...space import Activation, Expression, parse
from ..confirm import parse_expression_argument, recorded
from ..confirmation.comparison import Confirmation
from ..errors import InvalidSetting
from ..reports.confirmation import row_json, row_sentence, verdict_text
from ..storage.config import SearchConfig, SearchFile
from ..storage.home import Home
from ..storage.ranking import ranked
from ..storage.study import read_trials
from ..storage.trial import Trial
from .module_file import Exported, export


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best finalist of a search, with its verdict; without a confirmation, the best score."""

    expression: Expression
    trial: int | None
    verdict: str  # "winner", "tie", "worse" or "unconfirmed"
    facts: dict[str, Any]
    notes: str = ""
    learned: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def module(self, channels: int | None = None, channel_dim: int = 1) -> Activation:
        """It as a fresh nn.Module; see `Expression.module`."""
        return self.expression.module(channels=channels, channel_dim=channel_dim)


def best_of(
    config: SearchConfig, candidates: list[Trial], confirmation: Confirmation | None
) -> Best | None:
    """The best finalist, or without a confirmation the top of the leaderboard."""
    trials = {c.expression: c for c in candidates if c.trained}
    facts: dict[str, Any] = {"search": config.name, "recipe": config.recipe.label}
    source = f"Found by actsearch, search {config.name}, recipe {config.recipe.label}."
    if confirmation is not None and confirmation.best is not None:
        row = confirmation.row(confirmation.best)
        told = row.verdict or "tie"
        rows = [r for r in confirmation.rows if r.name == confirmation.best]
        facts |= {
            "verdict": told,
            "best_baseline": confirmation.baseline,
            "test_set_openings": confirmation.openings,
            "test_set_openings_elsewhere": dict(confirmation.elsewhere),
            "numbers": {confirmation.label(r): row_json(r) for r in rows},
        }
        found = trials.get(row.expression)
        return Best(
            expression=parse(row.expression),
            trial=found.number if found else None,
            verdict=told,
            facts=facts,
            notes="\n".join([source, verdict_text(confirmation), *map(row_sentence, rows)]),
            learned=found.learned if found else {},
        )
    top = next((c for c in ranked(candidates) if c.val_accuracy is not None), None)
    if top is None:
        return None
    return _unconfirmed(top, source, facts)


def _unconfirmed(found: Trial, source: str, facts: dict[str, Any]) -> Best:
    """A candidate with nothing but its score of one run."""
    score = "none" if found.val_accuracy is None else f"{100 * found.val_accuracy:.2f} %"
    note = f"Not confirmed: validation accuracy of one run {score}, trial {found.number}."
    return Best(
        expression=parse(found.expression),
        trial=found.number,
        verdict="unconfirmed",
        facts={
            **facts,
            "verdict": "unconfirmed",
            "trial": found.number,
            "score": found.val_accuracy,
        },
        notes=f"{source}\n{note}",
        learned=found.learned,
    )


def export_best(best: Best | None, folder: Path) -> Exported | None:
    """Into best/ of the search's folder, replacing what an earlier launch put there."""
    if best is None:
        return None
    target = folder / "best"
    for name in ("activation.py", "activation.json"):
        (target / name).unlink(missing_ok=True)
    return export(best.expression, target, facts=best.facts, notes=best.notes)


def exportable(home: Home, what: str, trial: int | None) -> Best:
    """What `actsearch export` writes: the best of a search, one of its trials, or an expression.

    Raises NoSuchSearch, InvalidSetting or ExpressionError.
    """
    if what not in home.names():
        if trial is not None:
            home.folder(what)
        expression = parse_expression_argument(home, what)
        return Best(expression=expression, trial=None, verdict="unconfirmed", facts={})
    folder = home.folder(what)
    stored = SearchFile.load(folder)
    candidates = read_trials(folder)
    if trial is None:
        best = best_of(stored.config, candidates, recorded(folder, stored))
        if best is None:
            raise InvalidSetting(
                f"search '{what}' has no candidate with a score yet: let it run, or go on with "
                f"`actsearch search --resume --name {what}`"
            )
        return best
    found = next((c for c in candidates if c.number == trial and c.expression), None)
    if found is None:
        raise InvalidSetting(
            f"search '{what}' has no trial {trial} with a candidate: `actsearch leaderboard "
            f"{what}` lists them"
        )
    label = stored.config.recipe.label
    source = f"Found by actsearch, search {what}, recipe {label}."
    return _unconfirmed(found, source, {"search": what, "recipe": label})
