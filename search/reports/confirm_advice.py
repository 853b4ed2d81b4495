"""How the best of a search is confirmed: the one place that says so to every page.

A table has no test data, so what it was searched for is trained instead. Whether an own evaluator
has any is not stored: it is said as a condition.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ...evaluators import BUILT_IN
from ...evaluators.tables.shipped import is_table
from ...space import Expression
from ..confirmation.plan import plan_of
from ..storage.search_file import SearchFile
from ..storage.trial import Trial

CONDITION = "where its evaluator has test data (ModelEvaluator takes test=…)"


def confirm_advice(file: SearchFile, trials: Sequence[Trial], home: str = "") -> str:
    """A sentence on how the best of a search is held against baselines; home: as in
    `status_text`."""
    command = confirm_command(file, trials, home)
    if is_table(file.config.evaluator):
        trained = f": `{command}` trains the best new one beside baselines, over fresh seeds"
        return f"A table has no test data{trained if command else ''}."
    does = f"`{command}` holds the best against baselines over fresh seeds"
    return f"{does}{_condition(file, ', ')}."


def confirm_line(file: SearchFile, trials: Sequence[Trial], home: str = "") -> str:
    """The same as a line for a shell; empty where there is nothing to confirm."""
    return confirm_command(file, trials, home) + _condition(file, "  # ")


def confirm_command(file: SearchFile, trials: Sequence[Trial], home: str = "") -> str:
    """The command that confirms the best of a search; of a table's search it trains the best
    that is no baseline, its first finalist, and is empty where there is none."""
    config = file.config
    if not is_table(config.evaluator):
        return f"actsearch confirm {config.name}{home}"
    best = next(iter(plan_of(file, trials).finalists), None)
    return "" if best is None else f"{formula_command(best)}{home}"


def formula_command(formula: str | Expression) -> str:
    """The command that trains a formula beside the baselines, whatever search it came from."""
    return f"actsearch confirm {shlex.quote(str(formula))}"


def _condition(file: SearchFile, before: str) -> str:
    """The condition that an own evaluator has to meet; empty for others."""
    evaluator = file.config.evaluator
    known = evaluator == BUILT_IN or is_table(evaluator)
    return "" if known else f"{before}{CONDITION}"
