"""The best of a search: the finalist that validation prefers, with the verdict of the test set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..space import Activation, Expression, parse
from .candidates import Candidate
from .config import SearchConfig, Stored
from .confirm import Confirmation
from .errors import InvalidSetting
from .export import Exported, export
from .finalists import depends_on_x, recorded
from .home import Home
from .leaderboard import ranked
from .study import read_candidates
from .tables import row_json, verdict_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best finalist of a search, with its verdict; without a confirmation, the best score."""

    expression: Expression
    trial: int | None
    verdict: str  # "winner", "tie", "worse" or "unconfirmed"
    facts: dict[str, Any]
    learned: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def module(self, channels: int | None = None, channel_dim: int = 1) -> Activation:
        """It as a fresh nn.Module; see `Expression.module`."""
        return self.expression.module(channels=channels, channel_dim=channel_dim)


def best_of(
    config: SearchConfig, candidates: list[Candidate], confirmation: Confirmation | None
) -> Best | None:
    """The best finalist, or without a confirmation the top of the leaderboard."""
    trials = {c.expression: c for c in candidates if c.trained}
    facts: dict[str, Any] = {"search": config.name, "recipe": config.recipe.label}
    if confirmation is not None and confirmation.best is not None:
        row = confirmation.row(confirmation.best)
        told = row.verdict or "tie"
        numbers = {
            r.network: row_json(r) for r in confirmation.rows if r.name == confirmation.best
        }
        facts |= {"verdict": told, "verdict in words": verdict_text(confirmation)}
        facts |= {"best baseline": confirmation.baseline, "numbers": numbers}
        found = trials.get(row.expression)
        trial = found.trial if found else None
        return Best(expression=parse(row.expression), trial=trial, verdict=told, facts=facts)
    top = next((c for c in ranked(candidates) if c.score is not None), None)
    if top is None:
        return None
    facts |= {"verdict": "unconfirmed", "validation accuracy of one run": top.score}
    return Best(
        expression=parse(top.expression), trial=top.trial, verdict="unconfirmed", facts=facts
    )


def export_best(best: Best | None, folder: Path) -> Exported | None:
    """Into best/ of the search's folder, replacing what an earlier launch put there."""
    if best is None:
        return None
    target = folder / "best"
    for name in ("activation.py", "activation.json"):
        (target / name).unlink(missing_ok=True)
    return export(best.expression, target, facts=best.facts)


def exportable(home: Home, what: str, trial: int | None) -> Best:
    """What `actsearch export` writes: the best of a search, one of its trials, or an expression.

    Raises NoSuchSearch, InvalidSetting or ExpressionError.
    """
    if what not in home.names():
        if trial is not None:
            home.folder(what)
        expression = depends_on_x(home, what)
        return Best(expression=expression, trial=None, verdict="unconfirmed", facts={})
    folder = home.folder(what)
    stored = Stored.load(folder)
    candidates = read_candidates(folder)
    if trial is None:
        best = best_of(stored.config, candidates, recorded(folder, stored))
        if best is None:
            raise InvalidSetting(
                f"search '{what}' has no candidate with a score yet: let it run, or go on with "
                f"`actsearch search --resume --name {what}`"
            )
        return best
    found = next((c for c in candidates if c.trial == trial and c.expression), None)
    if found is None:
        raise InvalidSetting(
            f"search '{what}' has no trial {trial} with a candidate: `actsearch leaderboard "
            f"{what}` lists them"
        )
    facts = {"search": what, "trial": trial, "recipe": stored.config.recipe.label}
    return Best(
        expression=parse(found.expression),
        trial=trial,
        verdict="unconfirmed",
        facts={**facts, "verdict": "unconfirmed", "validation accuracy of one run": found.score},
        learned=found.learned,
    )
