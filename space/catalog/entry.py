"""One named function of the literature: its formula, its source, its other names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..expressions.expression import Expression
from ..expressions.parser import parse


@dataclass(frozen=True, slots=True)
class Entry:
    """A pointwise function, or a family of them where the formula has learnable parameters.

    `formula` is expression text; a parameter's initial value stands in it, the published one
    where there is one. `clash` says which other function goes by one of its names.
    """

    name: str
    formula: str
    source: str
    aliases: tuple[str, ...] = ()
    clash: str = ""
    note: str = ""

    @property
    def expression(self) -> Expression:
        """The formula, parsed."""
        return _parsed(self.formula)

    @property
    def trainable(self) -> bool:
        """Whether it learns parameters: a family, and at the initial values one function."""
        return bool(self.expression.parameters)

    @property
    def names(self) -> tuple[str, ...]:
        """The name and every alias."""
        return (self.name, *self.aliases)


@cache
def _parsed(formula: str) -> Expression:
    return parse(formula)
