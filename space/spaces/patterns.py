"""Options of a space as templates: texts with places for operands, filled in and recognised.

Options are texts, since texts are what a study stores: `x1 * x2`, `sigmoid(x)`, `beta * x`. Every
drawn occurrence of a template gives its parameters names of their own; a finished candidate has
them called beta, beta2, … in order of appearance, and is recognised whatever they are called.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from ..expressions.expression import (
    Call,
    Expression,
    Granularity,
    Parameter,
    Variable,
    substitute,
)
from ..expressions.parser import parse


def places(count: int) -> tuple[str, ...]:
    """The names of a template's operands: x for one, else x1, x2, …"""
    return ("x",) if count == 1 else tuple(f"x{i + 1}" for i in range(count))


@lru_cache(maxsize=4096)
def template(option: str, count: int) -> Expression:
    """The tree of an option over `count` operands."""
    return parse(option, places(count))


def holes(option: str, count: int) -> frozenset[str]:
    """The operands that an option uses: none for a constant."""
    return frozenset(n.name for n in template(option, count).nodes() if isinstance(n, Variable))


def primitives(option: str, count: int) -> frozenset[str]:
    """The primitives an option is made of."""
    return frozenset(n.primitive for n in template(option, count).nodes() if isinstance(n, Call))


class Instantiator:
    """Fills in templates; every call gives the template's parameters names of their own."""

    def __init__(self) -> None:
        self._count = 0

    def fill(self, option: str, operands: Sequence[Expression]) -> Expression:
        """The option with the operands in its places."""
        tree = template(option, len(operands))
        self._count += 1
        new: dict[Expression, Expression] = {
            p: replace(p, name=f"p{self._count}_{p.name}") for p in tree.parameters
        }
        for name, operand in zip(places(len(operands)), operands, strict=True):
            new[Variable(name)] = operand
        return substitute(tree, new)

    def parameter(self) -> Parameter:
        """A parameter of its own, starting at 1."""
        self._count += 1
        return Parameter(f"p{self._count}_scale")


def named(expression: Expression, granularity: Granularity) -> Expression:
    """The tree with its parameters called beta, beta2, … in order of appearance."""
    return substitute(
        expression,
        {
            p: replace(p, name=f"beta{i + 1 if i else ''}", granularity=granularity)
            for i, p in enumerate(expression.parameters)
        },
    )


def anonymous(tree: Expression) -> tuple[Expression, tuple[Granularity, ...]]:
    """The tree with its parameters renamed in order, and their granularities apart: equal for
    what differs in names only."""
    return named(tree, "layer"), tuple(p.granularity for p in tree.parameters)


def operands_of(
    option: str, count: int, tree: Expression, granularity: Granularity
) -> tuple[tuple[Expression | None, ...], frozenset[Parameter]] | None:
    """The operands in an option's places if `tree` is that option filled in, else None.

    Returns the operands, None for one that the option does not use, and the tree's parameters
    that stand for the option's own.
    """
    bound: dict[Expression, Expression] = {}
    if not _matches(template(option, count), tree, granularity, bound):
        return None
    values = [value for key, value in bound.items() if isinstance(key, Parameter)]
    parameters = frozenset(p for p in values if isinstance(p, Parameter))
    if len(parameters) < len(values):  # two parameters of the option may not be one
        return None
    return tuple(bound.get(Variable(name)) for name in places(count)), parameters


def _matches(
    pattern: Expression,
    tree: Expression,
    granularity: Granularity,
    bound: dict[Expression, Expression],
) -> bool:
    if isinstance(pattern, Variable):
        return bound.setdefault(pattern, tree) == tree
    if isinstance(pattern, Parameter):
        fits = isinstance(tree, Parameter) and (tree.initial, tree.granularity) == (
            pattern.initial,
            granularity,
        )
        return fits and bound.setdefault(pattern, tree) == tree
    if isinstance(pattern, Call):
        return (
            isinstance(tree, Call)
            and tree.primitive == pattern.primitive
            and all(
                _matches(p, t, granularity, bound)
                for p, t in zip(pattern.operands, tree.operands, strict=True)
            )
        )
    return pattern == tree


def disjoint(sets: Iterator[frozenset[Parameter]]) -> frozenset[Parameter] | None:
    """The union of sets of parameters, or None where two share one."""
    united: frozenset[Parameter] = frozenset()
    for parameters in sets:
        if united & parameters:
            return None
        united |= parameters
    return united
