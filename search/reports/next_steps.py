"""How a search goes on and its best is confirmed: the one place that says so to every page.

A table has no test data, so what it was searched for is trained instead. Whether an own evaluator
has any is not stored: it is said as a condition. One that is an object is known to Python alone,
where Search goes on and confirms in one.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ...evaluators import BUILT_IN
from ...evaluators.tables.shipped import is_table
from ...space import Expression
from ..confirmation.plan import plan_of
from ..storage.search_file import SearchFile
from ..storage.setting_rules import AS_OBJECT
from ..storage.trial import Trial

CONDITION = "where its evaluator has test data (ModelEvaluator takes test=…)"


def resume_command(file: SearchFile, candidates: int | None = None, home: str = "") -> str:
    """The command, or the line of Python, that goes on with a search, to so many candidates."""
    config = file.config
    if not is_object(file):
        more = "" if candidates is None else f" --candidates {candidates}"
        return f"actsearch search --resume --name {config.name}{more}{home}"
    more = "" if candidates is None else f", candidates={candidates}"
    place = f", home={shlex.split(home)[-1]!r}" if home else ""
    return f'Search("{config.name}"{place}, resume=True{more}, evaluator=…).run()'


def confirm_advice(file: SearchFile, trials: Sequence[Trial], home: str = "") -> str:
    """A sentence on how the best of a search is held against baselines; home: as in
    `status_text`."""
    command = confirm_command(file, trials, home)
    if is_table(file.config.evaluator):
        trained = f": `{command}` trains the best new one beside baselines, over fresh seeds"
        return f"A table has no test data{trained if command else ''}."
    place = "in Python " if is_object(file) else ""
    does = f"`{command}` {place}holds the best against baselines over fresh seeds"
    return f"{does}{_condition(file, ', ')}."


def confirm_line(file: SearchFile, trials: Sequence[Trial], home: str = "") -> str:
    """The same as a line to type; empty where there is nothing to confirm."""
    return confirm_command(file, trials, home) + _condition(file, "  # ")


def confirm_command(file: SearchFile, trials: Sequence[Trial], home: str = "") -> str:
    """The command that confirms the best of a search; of a table's search it trains the best
    that is no baseline, its first finalist, and is empty where there is none."""
    config = file.config
    if is_object(file):
        return resume_command(file, home=home)
    if not is_table(config.evaluator):
        return f"actsearch confirm {config.name}{home}"
    best = next(iter(plan_of(file, trials).finalists), None)
    return "" if best is None else f"{formula_command(best)}{home}"


def formula_command(formula: str | Expression) -> str:
    """The command that trains a formula beside the baselines, whatever search it came from."""
    return f"actsearch confirm {shlex.quote(str(formula))}"


def is_object(file: SearchFile) -> bool:
    """Whether the evaluator of a search was an object, which no name makes again."""
    return file.config.evaluator.endswith(AS_OBJECT)


def _condition(file: SearchFile, before: str) -> str:
    """The condition that an own evaluator has to meet; empty for others."""
    evaluator = file.config.evaluator
    known = evaluator == BUILT_IN or is_table(evaluator)
    return "" if known else f"{before}{CONDITION}"
