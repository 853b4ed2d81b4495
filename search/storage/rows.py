"""The rows of a study's file: trials read in a few queries, each change written in one commit.

The tables are Optuna's, which makes them, and checks their version whenever a study is opened. Its
own storage takes some twenty queries and 17 to 26 ms of CPU to write a trial, a commit for each
attribute, and 0.65 ms to read one: 6.6 s for 10,000. Here that is about 1 ms and 0.06.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalChoiceType,
    CategoricalDistribution,
    distribution_to_json,
    json_to_distribution,
)
from optuna.trial import FrozenTrial, TrialState

if TYPE_CHECKING:
    from sqlalchemy import Connection

_FLOATS = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}  # FINITE ones are numbers
_COLUMNS = {
    "trial_user_attributes": "key, value_json",
    "trial_system_attributes": "key, value_json",
    "trial_params": "param_name, param_value, distribution_json",
    "trial_values": "objective, value, value_type",
    "trial_intermediate_values": "step, intermediate_value, intermediate_value_type",
}
TABLES = tuple(_COLUMNS)
REPORTED = ("trial_user_attributes", "trial_intermediate_values")  # without what was drawn


def read_rows(
    connection: sqlite3.Connection,
    study: int,
    after: int = 0,
    also: Collection[int] = (),
    tables: Collection[str] = TABLES,
) -> dict[int, FrozenTrial]:
    """The trials of a study whose row comes after one, and those of some rows before it, as they
    all were at one moment; by row, in the order of their numbers. tables: which parts of them are
    read."""
    listed = ",".join(str(int(row)) for row in also)
    which = f"(trial_id > {int(after)}{f' OR trial_id IN ({listed})' if listed else ''})"
    connection.execute("BEGIN")  # so that all queries see the same
    try:
        trials = connection.execute(
            f"SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials "
            f"WHERE study_id = {int(study)} AND {which} ORDER BY number, trial_id"
        ).fetchall()
        parts: dict[str, dict[int, list[Any]]] = {table: defaultdict(list) for table in _COLUMNS}
        for table in tables:
            grouped = parts[table]
            query = f"SELECT trial_id, {_COLUMNS[table]} FROM {table} WHERE {which} ORDER BY rowid"
            for row, *values in connection.execute(query):
                grouped[row].append(values)
    finally:
        connection.rollback()
    return {trial[0]: _trial(trial, parts) for trial in trials}


def _trial(
    row: tuple[int, int, str, str | None, str | None],
    parts: Mapping[str, Mapping[int, list[Any]]],
) -> FrozenTrial:
    identity, number, state, started, completed = row
    user, system, params, values, rungs = (parts[table].get(identity, []) for table in _COLUMNS)
    distributions = {name: distribution_of(text) for name, _, text in params}
    return FrozenTrial(
        number=number,
        trial_id=identity,
        state=TrialState[state],
        value=None,
        values=[_number(value, kind) for _, value, kind in values] or None,
        datetime_start=None if started is None else datetime.fromisoformat(started),
        datetime_complete=None if completed is None else datetime.fromisoformat(completed),
        params={name: distributions[name].to_external_repr(value) for name, value, _ in params},
        distributions=distributions,
        user_attrs={name: json.loads(text) for name, text in user},
        system_attrs={name: json.loads(text) for name, text in system},
        intermediate_values={step: _number(value, kind) for step, value, kind in rungs},
    )


def _number(value: float | None, kind: str) -> float:
    return _FLOATS.get(kind, value)  # type: ignore[return-value]


@lru_cache(maxsize=4096)
def distribution_of(text: str) -> BaseDistribution:
    """A stored distribution; equal ones are one object, since a space has a few dozen and a study
    has tens of thousands."""
    return json_to_distribution(text)


def insert(connection: Connection, study: int, trial: FrozenTrial) -> int:
    """Write a new trial under its number; its row."""
    moments = map(_moment, (trial.datetime_start, trial.datetime_complete))
    row = connection.exec_driver_sql(
        "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete) "
        "VALUES (?, ?, ?, ?, ?)",
        (trial.number, study, trial.state.name, *moments),
    ).lastrowid
    insert_params(connection, row, trial.params, trial.distributions)
    insert_attributes(connection, row, trial.user_attrs)
    _insert_attributes(connection, "trial_system_attributes", row, trial.system_attrs)
    return row


def insert_params(
    connection: Connection,
    row: int,
    params: Mapping[str, Any],
    distributions: Mapping[str, BaseDistribution],
) -> None:
    """Write the parameters of a trial that has none yet."""
    values = [
        (row, name, distribution.to_internal_repr(params[name]), _text_of(distribution))
        for name, distribution in distributions.items()
    ]
    if values:
        connection.exec_driver_sql(
            "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) "
            "VALUES (?, ?, ?, ?)",
            values,
        )


def insert_attributes(connection: Connection, row: int, attributes: Mapping[str, Any]) -> None:
    """Write attributes that a trial has not yet."""
    _insert_attributes(connection, "trial_user_attributes", row, attributes)


def insert_rung(connection: Connection, row: int, epoch: int, accuracy: float) -> None:
    """Write a running trial's accuracy, a finite number, at a rung that it has none of yet."""
    connection.exec_driver_sql(
        "INSERT INTO trial_intermediate_values "
        "(trial_id, step, intermediate_value, intermediate_value_type) VALUES (?, ?, ?, 'FINITE')",
        (row, epoch, accuracy),
    )


def begin(connection: Connection, row: int) -> None:
    """Have a trial that waits run."""
    connection.exec_driver_sql(
        "UPDATE trials SET state = 'RUNNING', datetime_start = ? WHERE trial_id = ?",
        (_moment(datetime.now()), row),
    )


def end(connection: Connection, row: int, state: TrialState, value: float | None) -> None:
    """End a trial, with a finite value where it has one."""
    if value is not None:
        connection.exec_driver_sql(
            "INSERT INTO trial_values (trial_id, objective, value, value_type) "
            "VALUES (?, 0, ?, 'FINITE')",
            (row, value),
        )
    connection.exec_driver_sql(
        "UPDATE trials SET state = ?, datetime_complete = ? WHERE trial_id = ?",
        (state.name, _moment(datetime.now()), row),
    )


def _insert_attributes(
    connection: Connection, table: str, row: int, attributes: Mapping[str, Any]
) -> None:
    values = [(row, name, json.dumps(value)) for name, value in attributes.items()]
    if values:
        connection.exec_driver_sql(
            f"INSERT INTO {table} (trial_id, key, value_json) VALUES (?, ?, ?)", values
        )


def _moment(moment: datetime | None) -> str | None:
    """As SQLAlchemy stores it in SQLite."""
    return None if moment is None else moment.isoformat(" ", "microseconds")


@lru_cache(maxsize=4096)
def _text(choices: tuple[CategoricalChoiceType, ...]) -> str:
    return distribution_to_json(CategoricalDistribution(choices))


def _text_of(distribution: BaseDistribution) -> str:
    if isinstance(distribution, CategoricalDistribution):
        return _text(distribution.choices)
    return distribution_to_json(distribution)
