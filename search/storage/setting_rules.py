"""Rules of single settings of a search, and the error of one that breaks its rule.

Loads nothing heavy: `actsearch search --help` reads the settings' defaults through here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from . import durations
from .validation import Number, plain, rule

MOST = 1_000_000_000  # of anything counted, and of seconds: far above, clocks overflow
MOST_SEEDS = 10_000  # of one function
SEEDS_AT_MOST = f"at most {MOST_SEEDS:,}"  # apart: Sphinx parses no signature with such a text
SEEDS = "at least 0 and below 2**32"  # in a search, a score and a diagnosis
AUTO = "auto"  # as many workers as there is room for
ACCURACY = ("accuracy",)
AS_OBJECT = " given in Python"  # ends the stored name of an evaluator that no name makes
_OBJECTIVES = (ACCURACY, ("accuracy", "cost"))

LIMITED = rule(f"at most {MOST:,}", lambda number: number <= MOST)


def _objectives(value: Any) -> tuple[str, ...]:
    """Objectives in one order, from a list or a text with commas."""
    names = [name.strip() for name in value.split(",")] if isinstance(value, str) else value
    for known in _OBJECTIVES:
        if isinstance(names, (list, tuple)) and sorted(map(str, names)) == list(known):
            return known
    raise PydanticCustomError(
        "rule", "accuracy, or accuracy,cost (by cost alone x itself is the best)"
    )


def _seconds(value: Any) -> Any:
    """The seconds of a text like 10m; anything else as it is."""
    if not isinstance(value, str):
        return value
    if (seconds := durations.seconds(value)) is None:
        raise PydanticCustomError("rule", "a number of seconds, or a text: 90s, 10m, 1.5h, 2d")
    return seconds


def _workers(value: Any) -> int | str:
    """A number of workers, or auto."""
    workers: int | str = plain(value)
    whole = isinstance(workers, int) and not isinstance(workers, bool)
    if not (workers == AUTO or (whole and 1 <= int(workers) <= 1024)):
        raise PydanticCustomError("rule", "1 to 1024, or auto")
    return workers


Objectives = Annotated[tuple[str, ...], BeforeValidator(_objectives)]
Seconds = Annotated[
    Number,
    BeforeValidator(_seconds),
    rule("above 0 seconds", lambda seconds: seconds > 0),
    rule(f"at most {MOST:,} seconds", lambda seconds: seconds <= MOST),
]
Workers = Annotated[int | Literal["auto"], BeforeValidator(_workers)]


def is_seed(number: int) -> bool:
    """Whether every generator of a training can be seeded from it, each seed another way."""
    return 0 <= number < 2**32  # torch's generator for a CPU drops the bits above


def require(setting: str, value: object, holds: bool, rule: str) -> None:
    """Raise InvalidSetting naming the rule and the value unless the rule holds."""
    if not holds:
        from ..errors import InvalidSetting

        raise InvalidSetting(f"{setting} must be {rule}, but got {_text(value)}")


def require_seed(seed: int) -> None:
    """Raise InvalidSetting for a seed from which not every generator can have its own."""
    require("seed", seed, is_seed(seed), SEEDS)


def _text(value: object) -> str:
    """A value in a message; a text as it is, anything else as Python shows it."""
    from ...space.printable import shown

    return value if isinstance(value, str) else shown(value)
