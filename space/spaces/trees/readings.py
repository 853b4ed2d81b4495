"""An expression read as a parametric tree: every way to write it with a space's operators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...expressions.expression import (
    Call,
    Expression,
    Parameter,
    X,
)
from ..patterns import disjoint, operands_of
from .nodes import Node, Rules


def readings(
    rules: Rules, tree: Expression, room: int
) -> Iterator[tuple[Node, frozenset[Parameter]]]:
    """Every tree of at most `room` operators that gives this expression."""
    yield from _plain(rules, tree, room)
    if isinstance(tree, Call) and tree.primitive == "mul":
        scale, inner = tree.operands
        if isinstance(scale, Parameter) and scale == replace(
            scale, initial=1.0, granularity=rules.granularity
        ):
            for node, used in _plain(rules, inner, room):
                if scale not in used:
                    yield replace(node, scaled=True), used | {scale}


def _plain(
    rules: Rules, tree: Expression, room: int
) -> Iterator[tuple[Node, frozenset[Parameter]]]:
    """As `_readings`, without a multiplier on top."""
    for options, arity in ((rules.leaves, 0), (rules.unary, 1), (rules.binary, 2)):
        for option in options if room or not arity else ():
            matched = operands_of(option, max(arity, 1), tree, rules.granularity)
            if matched is None or (option == "x" and tree != X):
                continue
            for below, used in _below(rules, matched[0][:arity], room - 1):
                united = disjoint(iter((matched[1], used)))
                if united is not None:
                    yield Node(option, below), united


def _below(
    rules: Rules, trees: tuple[Expression | None, ...], room: int
) -> Iterator[tuple[tuple[Node, ...], frozenset[Parameter]]]:
    if not trees:
        yield (), frozenset()
        return
    assert trees[0] is not None  # every operator of a tree uses its operands
    for node, used in readings(rules, trees[0], room):
        for others, more in _below(rules, trees[1:], room - node.operators):
            united = disjoint(iter((used, more)))
            if united is not None:
                yield (node, *others), united
