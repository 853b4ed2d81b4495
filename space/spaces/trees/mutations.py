"""How parametric trees change: PANGAEA's four mutations, its multipliers, and crossover.

insert       a new operator on a uniformly drawn edge, uniform over all operators; the edge's
             multiplier stays below it; a binary one gets a leaf as its other operand
remove       an operator goes and an operand, drawn uniformly, takes its place with its multiplier
change       one operator or leaf becomes another of the same number of operands
regenerate   every operator and leaf is drawn anew, the tree's form and multipliers stay
scale        a multiplier appears, goes, or moves to another edge
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from numpy.random import Generator

from ...errors import SpaceError
from .nodes import MAX_SCALES, Node, Rules


def mutated(rules: Rules, tree: Node, rng: Generator) -> Node:
    """The tree after one mutation, uniform among the kinds that can change it.

    Raises SpaceError where none can.
    """
    kinds = [insert, remove, change, regenerate, scale]
    while kinds:
        new = kinds.pop(rng.integers(len(kinds)))(rules, tree, rng)
        if new is not None and new != tree:
            return new
    raise SpaceError("the space has no other tree near this one: nothing to mutate")


def insert(rules: Rules, tree: Node, rng: Generator) -> Node | None:
    """A new operator on an edge; None where the tree is full."""
    if tree.operators >= rules.operators:
        return None
    path, node = _drawn(tree, rng, lambda _: True)
    operators = (*rules.unary, *rules.binary)
    option = operators[rng.integers(len(operators))]
    below = [node]
    if option in rules.binary:
        below.insert(rng.integers(2), Node(rules.leaves[rng.integers(len(rules.leaves))]))
    return tree.put(path, Node(option, tuple(below)))


def remove(rules: Rules, tree: Node, rng: Generator) -> Node | None:
    """One operator fewer; None where only one is left."""
    if tree.operators <= 1:
        return None
    path, node = _drawn(tree, rng, lambda n: bool(n.below))
    return tree.put(path, node.below[rng.integers(len(node.below))])


def change(rules: Rules, tree: Node, rng: Generator) -> Node | None:
    """Another option at one node; None where no node has one."""
    if not any(len(rules.like(node)) > 1 for _, node in tree.every()):
        return None
    path, node = _drawn(tree, rng, lambda n: len(rules.like(n)) > 1)
    others = [option for option in rules.like(node) if option != node.option]
    return tree.put(path, replace(node, option=others[rng.integers(len(others))]))


def regenerate(rules: Rules, tree: Node, rng: Generator) -> Node | None:
    """Another option at every node, each drawn uniformly."""
    options = rules.like(tree)
    below = tuple(regenerate(rules, node, rng) or node for node in tree.below)
    return replace(tree, option=options[rng.integers(len(options))], below=below)


def scale(rules: Rules, tree: Node, rng: Generator) -> Node | None:
    """A multiplier more, one fewer, or one elsewhere, uniformly among what is possible."""
    bare = any(not node.scaled for _, node in tree.every())
    possible = ["add"] * (bare and tree.scales < MAX_SCALES)
    possible += ["drop"] * (tree.scales > 0) + ["move"] * (bare and tree.scales > 0)
    kind = possible[rng.integers(len(possible))]
    gains = _drawn(tree, rng, lambda n: not n.scaled) if kind != "drop" else None
    if kind != "add":
        path, node = _drawn(tree, rng, lambda n: n.scaled)
        tree = tree.put(path, replace(node, scaled=False))
    if gains is not None:
        node = dict(tree.every())[gains[0]]
        tree = tree.put(gains[0], replace(node, scaled=True))
    return tree


def crossed(rules: Rules, first: Node, second: Node, rng: Generator) -> Node:
    """The first tree with one subtree replaced by one of the second, uniform over what fits."""
    children = [
        first.put(path, graft)
        for path, node in first.every()
        for _, graft in second.every()
        if first.operators - node.operators + graft.operators <= rules.operators
        and first.scales - node.scales + graft.scales <= MAX_SCALES
    ]
    return children[rng.integers(len(children))]


def _drawn(
    tree: Node, rng: Generator, fits: Callable[[Node], bool]
) -> tuple[tuple[int, ...], Node]:
    """A uniform node among those that fit, with its position."""
    nodes = [(path, node) for path, node in tree.every() if fits(node)]
    return nodes[rng.integers(len(nodes))]
