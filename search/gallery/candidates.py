"""One candidate as the page has it: numbers, traits, curves, in plain data.

Accuracies are fractions; a key that is missing is not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from ...evaluators.protocol.noise import noise
from ...space import Expression, ExpressionError, baselines, identify
from ...space.analysis.cost import relative_time
from ...space.expressions.parser import parse_stored
from ..confirmation.comparison import ComparisonRow, Confirmation
from ..errors import last_line
from ..reports.leaderboard import same_as
from ..storage.config import SearchConfig
from ..storage.trial import Trial
from .curves import curve, learned_means, with_means
from .traits import Traits, equal_functions, traits

STATES = {"infeasible": "diverged", "pruned": "stopped early", "running": "training"}
LOSSES = 200  # epochs of a learning curve that are kept, evenly spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Facts about the whole search that a candidate's entry needs.

    tied, front: numbers of trials. identified: numbers of trials that are compared with all known
    functions, scalings and families too (a third of a second each). measure: whether costs that
    the search did not measure are measured now.
    """

    config: SearchConfig
    tied: Set[int]
    front: Set[int]
    identified: Set[int]
    confirmation: Confirmation | None
    measure: bool


def candidate(trial: Trial, rank: int, context: Context) -> dict[str, Any]:
    """The entry of a trial that has trained; rank: on the leaderboard, from 1."""
    entry: dict[str, Any] = {
        "trial": trial.number,
        "rank": rank,
        "formula": trial.expression,
        "state": STATES.get(trial.state, trial.state),
        "rungs": [[epoch, _drawn(v)] for epoch, v in sorted(trial.val_accuracies.items())],
        "losses": _thinned(trial.train_losses),
        "epochs": len(trial.train_losses),
        "seconds": round(trial.seconds, 2),
        "tie": trial.number in context.tied,
        "front": trial.number in context.front,
    }
    if trial.val_accuracy is not None:
        error = noise(trial.val_accuracy, context.config.recipe.validation)
        entry |= {"accuracy": _shown(trial.val_accuracy), "error": _shown(error)}
    if trial.reason or trial.error:
        entry["reason"] = trial.reason or last_line(trial.error or "")
    if trial.lr_multiplier != 1.0:
        entry["lr"] = trial.lr_multiplier
    if trial.cost:
        cost = trial.cost
        entry |= {
            "cost": _shown(cost.time),
            "quartiles": [_shown(cost.low), _shown(cost.high)],
            "device": cost.device,
        }
    if trial.parents:
        entry |= {"parents": list(trial.parents), "origin": trial.mutation}
    if context.confirmation is not None:
        entry |= _verdict(trial, context.confirmation)
    return entry | _function(trial, context)


def reference(name: str, expression: Expression) -> dict[str, Any]:
    """The entry of a baseline, to draw beside candidates."""
    return {"name": name, "formula": str(expression), "curve": curve(expression, {})}


def references() -> list[dict[str, Any]]:
    """The entries of all baselines."""
    return [reference(name, expression) for name, expression in baselines().items()]


def _function(trial: Trial, context: Context) -> dict[str, Any]:
    """The function's part of an entry; of a formula that this version does not read, the error."""
    try:
        expression = parse_stored(trial.expression)
    except ExpressionError as error:
        return {"operators": [], "unread": str(error)}
    means = learned_means(expression, trial.learned)
    known = traits(with_means(expression, means))
    began = _began_as(expression, known) if means else ""
    entry: dict[str, Any] = {
        "curve": curve(expression, trial.learned),
        "jump": known.shape.jump,
        "direction": known.shape.direction,
        "bounded": known.shape.bounded,
        "operators": known.shape.operators,
        "operations": known.operations,
        "known_as": began + known.known_as,
        "known": known.known,
        "parameters": _parameters(expression, trial.learned),
    }
    if context.measure and trial.cost is None:
        time = relative_time(expression)
        entry |= {
            "cost": _shown(time.total),
            "quartiles": [_shown(time.low), _shown(time.high)],
            "device": "cpu, here",
        }
    if trial.number in context.identified:
        identification = identify(expression, means)
        if identification.kind != "nearest" or identification.family:
            entry |= {"known_as": began + identification.sentence, "known": True}
    if same := same_as(trial, context.config):
        entry["same_as"] = same
    return entry


def _began_as(expression: Expression, learned: Traits) -> str:
    """The known function that was trained into another one, as the beginning of a sentence."""
    if learned.known or not (names := equal_functions(expression)):
        return ""
    return f"began as {' = '.join(names)}; "


def _parameters(
    expression: Expression, learned: Mapping[str, tuple[float, ...]]
) -> list[dict[str, Any]]:
    return [
        {
            "name": p.name,
            "initial": p.initial,
            "per": p.granularity,
            "learned": [_shown(value) for value in learned.get(p.name, ())],
        }
        for p in expression.parameters
    ]


def _verdict(trial: Trial, confirmation: Confirmation) -> dict[str, Any]:
    """The verdict of a finalist on the first network."""
    first = confirmation.rows[0].where
    for row in confirmation.rows:
        if row.where == first and row.role == "finalist" and row.expression == trial.expression:
            return {"verdict": row.verdict, "test": test_numbers(row)}
    return {}


def test_numbers(row: ComparisonRow) -> dict[str, Any]:
    """A function's test accuracy over seeds, and its difference to the best baseline."""
    comparison = row.comparison
    numbers: dict[str, Any] = {"n": len(row.test_accuracies), "diverged": row.diverged}
    if row.test_mean is not None:
        numbers["mean"] = _shown(row.test_mean)
    if row.test_sd is not None:
        numbers["sd"] = _shown(row.test_sd)
    if comparison is not None:
        numbers["difference"] = _shown(comparison.difference)
        if comparison.interval is not None:
            numbers["interval"] = [_shown(bound) for bound in comparison.interval]
    if row.p_adjusted is not None:
        numbers["p"] = _shown(row.p_adjusted)
    return numbers


def _shown(value: float) -> float | None:
    """A number that stands on the page as text: the page rounds it as the terminal does, so that
    it must not be rounded near there before."""
    return _rounded(value, 9)


def _drawn(value: float) -> float | None:
    """A number of which the page draws a curve: a pixel has no more digits."""
    return _rounded(value, 5)


def _rounded(value: float, digits: int) -> float | None:
    """None for NaN and infinity, which JSON has not."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def _thinned(losses: tuple[float, ...]) -> list[list[float | None]]:
    """Training losses as [epoch, loss], at most LOSSES of them, the last among them."""
    stride = -(-len(losses) // LOSSES) or 1
    epochs = range(len(losses), 0, -stride)
    return [[epoch, _drawn(losses[epoch - 1])] for epoch in reversed(epochs)]
