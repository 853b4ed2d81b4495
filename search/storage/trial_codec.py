"""Trials of a search in Optuna's user attributes, and read from them again."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from optuna.trial import FrozenTrial, TrialState
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from pydantic.dataclasses import dataclass
from typing_extensions import TypedDict

from ..errors import HomeUnusable
from ..strategies.objectives import COST
from .trial import MeasuredCost, State, Trial
from .validation import mistakes

if TYPE_CHECKING:
    from ...evaluators import CandidateReport
    from ...space import Fingerprint

# Names of trial attributes: part of the stored format.
EXPRESSION, RESULT, REASON = "expression", "result", "infeasible"
DUPLICATE_OF, ORIGIN, RETRY, ERROR = "duplicate_of", "origin", "retry", "error"
PARENTS, MUTATION = "parents", "mutation"
FINGERPRINT = "fingerprint"  # what of it a resumed search looks later candidates up by
# And COST, which strategies read: search/strategies/objectives.py.


_Fraction = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0)]
_Time = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_STRICT = ConfigDict(strict=True)


@with_config(_STRICT)
class _Cost(TypedDict):
    """The attribute `cost`."""

    time: _Time
    low: _Time
    high: _Time
    device: str


@with_config(_STRICT)
class _Fingerprint(TypedDict):
    """The attribute `fingerprint`."""

    key: Annotated[float, Field(allow_inf_nan=False)]
    form: str | None


@with_config(_STRICT)
class _Attributes(TypedDict, total=False):
    """The attributes that a trial of ours may have; others may stand beside them."""

    expression: str
    result: str
    infeasible: str | None
    duplicate_of: _Count
    origin: _Count
    retry: _Count
    error: str
    cost: _Cost
    parents: list[_Count]
    mutation: str
    fingerprint: _Fingerprint


@dataclass(frozen=True, slots=True, config=_STRICT)
class _Result:
    """The attribute `result`; one of before a field was there has its default."""

    rungs: dict[int, _Fraction] = field(default_factory=dict)
    losses: dict[int, float] = field(default_factory=dict)
    train_losses: tuple[float, ...] = ()
    learned: dict[str, tuple[float, ...]] = field(default_factory=dict)
    step: float = 1.0
    own_score: float | None = None
    seconds: float = 0.0


_ATTRIBUTES, _RESULT = TypeAdapter(_Attributes), TypeAdapter(_Result)
_RUNGS: TypeAdapter[dict[int, float]] = TypeAdapter(dict[int, _Fraction], config=_STRICT)


def trial_of(stored: FrozenTrial) -> Trial:
    """The trial that Optuna stored; raises HomeUnusable where an attribute breaks a rule."""
    try:
        attributes = _ATTRIBUTES.validate_python(stored.user_attrs)
        trained = RESULT in attributes
        result = _RESULT.validate_json(attributes["result"]) if trained else _Result()
        accuracies = (
            result.rungs if trained else _RUNGS.validate_python(stored.intermediate_values)
        )
    except ValidationError as error:
        raise _damaged(stored.number, mistakes(error)) from error
    origin, duplicate_of = attributes.get("origin", stored.number), attributes.get("duplicate_of")
    mark = attributes.get("fingerprint")
    if max(origin, duplicate_of or 0) > stored.number:
        raise _damaged(stored.number, "it names a later trial as an earlier one")
    return Trial(
        number=stored.number,
        expression=attributes.get("expression", ""),
        state=_state_of(stored),
        val_accuracy=accuracies[max(accuracies)] if accuracies else None,
        val_accuracies=accuracies,
        val_losses=result.losses,
        train_losses=result.train_losses,
        learned=result.learned,
        seconds=result.seconds,
        lr_multiplier=result.step,
        base_lr_accuracy=result.own_score,
        cost=MeasuredCost(**attributes["cost"]) if COST in attributes else None,
        reason=attributes.get("infeasible"),
        screened=REASON in attributes and not trained,
        duplicate_of=duplicate_of,
        parents=tuple(attributes.get("parents", ())),
        mutation=attributes.get("mutation"),
        origin=origin,
        retry=attributes.get("retry", 0),
        error=attributes.get("error"),
        started_ms=_milliseconds(stored.datetime_start),
        finished_ms=_milliseconds(stored.datetime_complete),
        fingerprint=(mark["key"], mark["form"]) if mark else None,
    )


def _damaged(number: int, reason: str) -> HomeUnusable:
    return HomeUnusable(
        f"trial {number} of the study is damaged ({reason}): restore study.db from a copy"
    )


def _state_of(stored: FrozenTrial) -> State:
    if stored.state == TrialState.PRUNED:
        if DUPLICATE_OF in stored.user_attrs:
            return "duplicate"
        return "infeasible" if REASON in stored.user_attrs else "pruned"
    states: dict[TrialState, State] = {
        TrialState.COMPLETE: "complete",
        TrialState.FAIL: "failed",
        TrialState.RUNNING: "running",
        TrialState.WAITING: "waiting",
    }
    return states[stored.state]


def result_text(reports: Mapping[int, CandidateReport], seconds: float) -> str:
    """The record of a finished training, as JSON: reports by epoch, and its seconds."""
    last = reports[max(reports)]
    scored = {epoch: r for epoch, r in reports.items() if r.state != "infeasible"}
    return json.dumps(
        {
            "rungs": {epoch: r.val_accuracy for epoch, r in scored.items()},
            "losses": {epoch: r.val_loss for epoch, r in scored.items() if _is_known(r.val_loss)},
            "train_losses": last.train_losses,
            "learned": dict(last.learned),
            "step": last.lr_multiplier,
            "own_score": last.base_lr_accuracy,
            "seconds": round(seconds, 6),
        }
    )


def _is_known(loss: float | None) -> bool:
    """Whether an evaluator has said a loss: a table has none."""
    return loss is not None and not math.isnan(loss)


def cost_attribute(cost: MeasuredCost | None) -> dict[str, Any]:
    """A trial's attribute of its cost, where that was measured."""
    return {} if cost is None else {COST: dataclasses.asdict(cost)}


def fingerprint_attribute(fingerprint: Fingerprint | None) -> dict[str, Any]:
    """A trial's attribute of its fingerprint: what a resumed search needs of it."""
    if fingerprint is None:
        return {}
    return {FINGERPRINT: {"key": fingerprint.key, "form": fingerprint.form}}


def _milliseconds(moment: datetime | None) -> int:
    return int(moment.timestamp() * 1000) if moment else 0
