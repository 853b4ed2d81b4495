"""A family: its name, formula, options with their bounds, and how it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from ..errors import ActsearchError, CandidateError, UnknownNameError
from ..expressions.expression import (
    GRANULARITIES,
    Expression,
    Granularity,
    Parameter,
    substitute,
)

Config = Mapping[str, Any]

CORE = 3.0  # |x| up to which `core_error` looks: 99.7 % of N(0, 1)
RANGE = 10.0  # … and `max_error`: the range on which primitives are finite


class FitError(ActsearchError):
    """Raised when a family cannot start as the function asked for, within its tolerance."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A configured family, and how far it starts from the function it was fitted to.

    The errors are the largest absolute differences on [-3, 3] and on [-10, 10], in float64 and
    after the rounding of the coefficients; both are 0 where `start` is None, the family's own
    default.
    """

    expression: Expression
    start: str | None = None
    core_error: float = 0.0
    max_error: float = 0.0


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a configuration: a number in [low, high], one of `choices`, or a function.

    It takes several numbers or functions where its default is a tuple.
    """

    name: str
    default: Any
    meaning: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def checked(self, family: str, value: Any) -> Any:
        """The value, lists as tuples; raises CandidateError where it is none of those allowed."""
        if self.choices:
            if value not in self.choices:
                raise UnknownNameError(f"{self.name} of {family}", str(value), self.choices)
            return value
        if self.low is None or self.high is None:
            several = isinstance(self.default, tuple)
            return self._functions(family, value) if several else self._function(family, value)
        if isinstance(self.default, tuple):
            return self._each(family, value)
        integral = isinstance(self.default, int)
        if (
            isinstance(value, bool)
            or not isinstance(value, int if integral else (int, float))
            or not self.low <= value <= self.high
        ):
            raise CandidateError(
                f"{self.name} of {family} must be a {'whole ' * integral}number from {self.low:g} "
                f"to {self.high:g}, but got {value!r}"
            )
        return value

    def _function(self, family: str, value: Any) -> str | Expression:
        if not isinstance(value, str | Expression):
            raise CandidateError(
                f"{self.name} of {family} must be a function, an expression or its text, such as "
                f"{self.default!r}, but got {value!r}"
            )
        return value

    def _functions(self, family: str, value: Any) -> tuple[str | Expression, ...]:
        if not isinstance(value, (tuple, list)):
            raise CandidateError(
                f"{self.name} of {family} takes several functions, such as {self.default}, "
                f"but got {value!r}"
            )
        single = replace(self, default=self.default[0])
        return tuple(single._function(family, each) for each in value)

    def _each(self, family: str, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (tuple, list)) or not value:
            raise CandidateError(
                f"{self.name} of {family} takes several numbers, such as {self.default}, "
                f"but got {value!r}"
            )
        single = Option(self.name, self.default[0], self.meaning, self.low, self.high)
        return tuple(single.checked(family, each) for each in value)


@dataclass(frozen=True, slots=True)
class Family:
    """A trainable activation with a configuration; `build` gets every option, checked.

    `formula` names the learnable parameters as the expression does. What is built is an ordinary
    expression, so nothing else of a candidate changes.
    """

    name: str
    formula: str
    source: str
    options: tuple[Option, ...]
    build: Callable[[Config], Fitted]
    note: str = ""

    def config(self, chosen: Config) -> Config:
        """All options, the given values checked, the others at their defaults."""
        known = {option.name: option for option in self.options}
        for name in chosen:
            if name not in known:
                raise UnknownNameError(f"option of {self.name}", name, [*known, "granularity"])
        return MappingProxyType(
            {
                name: option.checked(self.name, chosen.get(name, option.default))
                for name, option in known.items()
            }
        )


def check_granularity(granularity: Granularity) -> None:
    """Raise UnknownNameError for what is none."""
    if granularity not in GRANULARITIES:
        raise UnknownNameError("granularity", str(granularity), GRANULARITIES)


def shared(expression: Expression, granularity: Granularity) -> Expression:
    """The expression with every parameter at this granularity."""
    check_granularity(granularity)
    return substitute(
        expression,
        {p: Parameter(p.name, p.initial, granularity) for p in expression.parameters},
    )
