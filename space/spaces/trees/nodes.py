"""The nodes of a parametric tree, and the rules that say which trees a space has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...errors import SpaceError
from ...expressions.expression import Granularity
from ..operator_sets import Operators
from ..patterns import holes

MAX_SCALES = 3  # PANGAEA's number of learnable multipliers


@dataclass(frozen=True, slots=True)
class Node:
    """An option with what is below it, and whether a multiplier is on the edge above it."""

    option: str
    below: tuple[Node, ...] = ()
    scaled: bool = False

    def every(self, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Node]]:
        """Every node with its position, the root first, then left to right."""
        yield path, self
        for i, node in enumerate(self.below):
            yield from node.every((*path, i))

    @property
    def operators(self) -> int:
        """Number of operators; leaves are none."""
        return bool(self.below) + sum(node.operators for node in self.below)

    @property
    def scales(self) -> int:
        """Number of multipliers."""
        return self.scaled + sum(node.scales for node in self.below)

    def put(self, path: tuple[int, ...], new: Node) -> Node:
        """The tree with the node at a position replaced."""
        if not path:
            return new
        at, *rest = path
        below = list(self.below)
        below[at] = below[at].put(tuple(rest), new)
        return replace(self, below=tuple(below))


@dataclass(frozen=True, slots=True)
class Rules:
    """The options of leaves, unary and binary operators, and at most how many operators."""

    leaves: tuple[str, ...]
    unary: tuple[str, ...]
    binary: tuple[str, ...]
    operators: int
    granularity: Granularity

    def like(self, node: Node) -> tuple[str, ...]:
        """The options of as many operands as a node has."""
        return (self.leaves, self.unary, self.binary)[len(node.below)]


def rules_of(operators: Operators, most: int, granularity: Granularity) -> Rules:
    """The rules of trees over a set of operators; raises SpaceError where none is left.

    An operator that ignores its operand is a leaf, and the identity is no operator at all:
    otherwise one function would be very many trees.
    """
    options = operators.options("unary", 1)
    constant = tuple(o for o in options if not holes(o, 1))
    unary = tuple(o for o in options if o != "x" and holes(o, 1))
    binary = tuple(o for o in operators.binary if len(holes(o, 2)) == 2)
    if not (unary or binary):
        raise SpaceError("trees need an operator: allow more primitives")
    return Rules(("x", *constant), unary, binary, most, granularity)
