"""The best of a search: the finalist that validation prefers, with the verdict of the test set."""

from __future__ import annotations

import dataclasses
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...space import Activation, Expression
from ...space.bounded_input import read_bounded
from ...space.expressions.parser import parse_stored
from ..confirmation.comparison import Confirmation, read_confirmation
from ..confirmation.plan import plan_of
from ..errors import HomeUnusable, InvalidSetting
from ..reports.confirmation import row_json, row_sentence, verdict_text
from ..storage.config import SearchConfig
from ..storage.confirmation_log import ConfirmationLog
from ..storage.expression_argument import parse_expression_argument
from ..storage.home import Home
from ..storage.ranking import ranked
from ..storage.search_file import SearchFile
from ..storage.trial import Trial
from ..storage.trial_reader import read_trials
from ..storage.usable import refuse_link, usable
from .module_file import Exported, export
from .torch_file import FILES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LONGEST = 16 * 1024 * 1024  # bytes of an activation.json that is looked into; one has some 5,000


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Best:
    """The best finalist of a search, with its verdict; without a confirmation, the best score."""

    expression: Expression
    trial: int | None
    verdict: str  # "winner", "tie", "worse" or "unconfirmed"
    facts: dict[str, Any]
    notes: str = ""
    learned: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def module(self, channels: int | None = None, channel_dim: int = 1) -> Activation:
        """A fresh nn.Module of the expression; see `Expression.module`."""
        return self.expression.module(channels=channels, channel_dim=channel_dim)

    @property
    def summary(self) -> str:
        """Formula, trial and verdict in a few words."""
        return f"{self.expression} ({self._origin})"

    @property
    def _origin(self) -> str:
        return self.verdict if self.trial is None else f"trial {self.trial}, {self.verdict}"

    def plot(self, axes: Axes | None = None) -> Axes:
        """f and f' on matplotlib's axes; see `Expression.plot`."""
        return self.expression.plot(axes)

    def __repr__(self) -> str:
        return f"<Best: {self.summary}>"

    def _repr_html_(self) -> str:
        """The formula with its picture and verdict, for notebooks."""
        return f"<div>{self.expression._repr_html_()}<p>{html.escape(self._origin)}</p></div>"


def best_of(
    config: SearchConfig, trials: Sequence[Trial], confirmation: Confirmation | None
) -> Best | None:
    """The best finalist, or without a confirmation the top of the leaderboard."""
    facts: dict[str, Any] = {"search": config.name, "recipe": config.recipe.label}
    source = f"Found by actsearch, search {config.name}, recipe {config.recipe.label}."
    if confirmation is None or confirmation.best is None:
        top = next((trial for trial in ranked(trials) if trial.val_accuracy is not None), None)
        return None if top is None else _unconfirmed(top, source, facts)
    row = confirmation.row(confirmation.best)
    verdict = row.verdict or "unconfirmed"
    rows = [r for r in confirmation.rows if r.name == confirmation.best]
    facts |= {
        "verdict": verdict,
        "best_baseline": confirmation.baseline,
        "test_set_openings": confirmation.openings,
        "test_set_openings_elsewhere": dict(confirmation.elsewhere),
        "numbers": {confirmation.label(r): row_json(r) for r in rows},
    }
    trained = {trial.expression: trial for trial in trials if trial.trained}
    trial = trained.get(row.expression)
    facts |= _cost_facts(trial)
    return Best(
        expression=parse_stored(row.expression),
        trial=trial.number if trial else None,
        verdict=verdict,
        facts=facts,
        notes="\n".join(
            [source, verdict_text(confirmation), *map(row_sentence, rows), *_cost_notes(trial)]
        ),
        learned=trial.learned if trial else {},
    )


def _unconfirmed(trial: Trial, source: str, facts: dict[str, Any]) -> Best:
    """A candidate with nothing but its score of one run."""
    score = "none" if trial.val_accuracy is None else f"{100 * trial.val_accuracy:.2f} %"
    note = f"Not confirmed: validation accuracy of one run {score}, trial {trial.number}."
    if trial.state == "infeasible":
        note += f" It did not train: {trial.reason}."
        facts = {**facts, "infeasible": trial.reason}
    return Best(
        expression=parse_stored(trial.expression),
        trial=trial.number,
        verdict="unconfirmed",
        facts={
            **facts,
            "verdict": "unconfirmed",
            "trial": trial.number,
            "score": trial.val_accuracy,
            **_cost_facts(trial),
        },
        notes="\n".join([source, note, *_cost_notes(trial)]),
        learned=trial.learned,
    )


def _cost_facts(trial: Trial | None) -> dict[str, Any]:
    """The cost of a candidate, where it was measured."""
    return {"cost": dataclasses.asdict(trial.cost)} if trial and trial.cost else {}


def _cost_notes(trial: Trial | None) -> list[str]:
    """The same as a sentence, if there is one."""
    if trial is None or (cost := trial.cost) is None:
        return []
    return [
        f"Forward and backward take {cost.time:.2f} times ReLU's time (quartiles {cost.low:.2f} "
        f"and {cost.high:.2f}, on {cost.device})."
    ]


def export_best(best: Best | None, folder: Path) -> Exported | None:
    """Into best/ of the search's folder, replacing what an earlier launch put there."""
    if best is None:
        return None
    target = folder / "best"
    refuse_link(target)
    with usable(folder):
        for name in FILES:
            (target / name).unlink(missing_ok=True)
    return export(best.expression, target, facts=best.facts, notes=best.notes)


def check_record(folder: Path, log: ConfirmationLog) -> None:
    """Raise HomeUnusable where best/ holds a confirmed result of which the log has nothing: going
    on would open the test set again, as if for the first time."""
    description = folder / "best" / "activation.json"
    if log.openings or not description.is_file():
        return
    try:
        with usable(folder):
            facts = json.loads(read_bounded(description, LONGEST))
    except (ValueError, RecursionError):  # a projection, written anew in the end
        return
    if isinstance(facts, dict) and facts.get("test_set_openings"):
        raise HomeUnusable(
            f"{folder / 'best'} holds a confirmed result, but the record of its trainings, "
            f"{folder / 'confirmation.jsonl'}, is missing or empty: restore it from a copy; or "
            f"move best/ away, and the finalists are confirmed anew, which opens the test set "
            f"again"
        )


def exportable(home: Home, argument: str, number: int | None) -> Best:
    """The best of a search, its trial of a number, a name or an expression, for `export`.

    Raises NoSuchSearch, InvalidSetting or ExpressionError.
    """
    if argument not in home.names():
        if number is not None:
            home.folder(argument)
        expression = parse_expression_argument(home, argument)
        return Best(expression=expression, trial=None, verdict="unconfirmed", facts={})
    folder = home.folder(argument)
    file = SearchFile.load(folder)
    trials = read_trials(folder)
    if number is None:
        log = ConfirmationLog(folder)
        check_record(folder, log)
        confirmation = read_confirmation(plan_of(file, trials), log)
        best = best_of(file.config, trials, confirmation)
        if best is None:
            raise InvalidSetting(
                f"search '{argument}' has no candidate with a score yet: let it run, or go on "
                f"with `actsearch search --resume --name {argument}`"
            )
        return best
    trial = next((t for t in trials if t.number == number and t.expression), None)
    if trial is None:
        raise InvalidSetting(
            f"search '{argument}' has no trial {number} with a candidate: `actsearch leaderboard "
            f"{argument}` lists them"
        )
    label = file.config.recipe.label
    source = f"Found by actsearch, search {argument}, recipe {label}."
    return _unconfirmed(trial, source, {"search": argument, "recipe": label})
