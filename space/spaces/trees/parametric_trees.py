"""Parametric trees: any tree of a few operators, with learnable multipliers on up to three edges.

PANGAEA (Bingham and Miikkulainen 2022). A multiplier starts at 1, so it changes nothing until it
learns. Mutations and their numbers: mutations.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from numpy.random import Generator

from ...errors import SpaceError
from ...expressions.expression import (
    Call,
    Expression,
    Granularity,
    X,
)
from ..base import Choose, Encoding, Space
from ..operator_sets import ACT_BENCH, Operators
from ..patterns import Instantiator, named
from .counts import Counts
from .mutations import crossed, mutated
from .nodes import (
    MAX_SCALES,
    Node,
    Rules,
    rules_of,
)
from .readings import readings


@dataclass(frozen=True, slots=True, repr=False)
class ParametricTrees(Space):
    """Trees of up to `operators_at_most` operators, over Act-Bench's unless told.

    Sampling: the number of operators uniform from 1, a uniform tree of so many, the number of
    multipliers uniform up to 3 or the number of edges, on uniformly drawn edges.
    """

    operators_at_most: int = 7  # PANGAEA's derivative code has this limit
    granularity: Granularity = "layer"
    operators: Operators = ACT_BENCH
    rules: Rules = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.operators_at_most <= 16:
            raise SpaceError(f"trees have 1 to 16 operators, but got {self.operators_at_most}")
        rules = rules_of(self.operators, self.operators_at_most, self.granularity)
        object.__setattr__(self, "rules", rules)

    @property
    def name(self) -> str:
        label = "" if self.operators == ACT_BENCH else self.operators.label
        return f"tree-{self.operators_at_most}{self.suffix}{label}"

    @property
    def counts(self) -> Counts:
        """How many trees there are of which size."""
        return Counts(len(self.rules.leaves), len(self.rules.unary), len(self.rules.binary))

    @property
    def size(self) -> int:
        sizes = range(self.operators_at_most + 1)
        return sum(self.counts.scaled(operators, MAX_SCALES) for operators in sizes)

    def build(self, choose: Choose) -> Expression:
        return self.expression(self._grow(choose))

    def ask(self, choose: Choose) -> None:
        self._grow(choose)

    def node(self, encoding: Encoding) -> Node:
        """The tree of an encoding; raises SpaceError where it names no option."""
        return self._grow(lambda path, options: self._option(encoding, path, options))

    def encoding(self, tree: Node) -> dict[str, str]:
        """The encoding of a tree of this space."""
        chosen: dict[str, str] = {}
        for path, node in tree.every():
            text = ".".join(("root", *map(str, path)))
            chosen[text] = chosen[f"{text}.leaf"] = node.option
            chosen[f"{text}.scale"] = "learned" if node.scaled else "1"
        return self._record(lambda path, _: chosen[path])

    def _grow(self, choose: Choose) -> Node:
        room, scales = self.operators_at_most, MAX_SCALES

        def grown(path: str) -> Node:
            nonlocal room, scales
            option = "x"
            if room:
                option = choose(path, (*self.rules.leaves, *self.rules.unary, *self.rules.binary))
            elif len(self.rules.leaves) > 1:
                option = choose(f"{path}.leaf", self.rules.leaves)
            arity = 0 if option in self.rules.leaves else 1 if option in self.rules.unary else 2
            room -= arity > 0
            scaled = bool(scales) and choose(f"{path}.scale", ("1", "learned")) == "learned"
            scales -= scaled
            return Node(option, tuple(grown(f"{path}.{i}") for i in range(arity)), scaled)

        return grown("root")

    def expression(self, tree: Node) -> Expression:
        """The candidate of a tree."""
        fresh = Instantiator()

        def value(node: Node) -> Expression:
            below = [value(operand) for operand in node.below] or [X]
            inner = fresh.fill(node.option, below)
            return Call("mul", (fresh.parameter(), inner)) if node.scaled else inner

        return named(value(tree), self.granularity)

    def sample(self, rng: Generator) -> dict[str, str]:
        operators = int(rng.integers(1, self.operators_at_most + 1))
        return self.encoding(self.draw(operators, rng))

    def draw(self, operators: int, rng: Generator) -> Node:
        """A uniform tree of exactly so many operators, with multipliers as in sampling."""
        arities = iter(self.counts.draw_shape(operators, rng))

        def drawn() -> Node:
            arity = next(arities)
            options = (self.rules.leaves, self.rules.unary, self.rules.binary)[arity]
            option = options[rng.integers(len(options))]
            return Node(option, tuple(drawn() for _ in range(arity)))

        tree = drawn()
        edges = [path for path, _ in tree.every()]
        scales = int(rng.integers(min(MAX_SCALES, len(edges)) + 1))
        for at in rng.choice(len(edges), size=scales, replace=False):
            tree = tree.put(edges[at], replace(dict(tree.every())[edges[at]], scaled=True))
        return tree

    def mutate(self, encoding: Encoding, rng: Generator) -> dict[str, str]:
        """One of PANGAEA's mutations, uniformly among those that change this tree."""
        return self.encoding(mutated(self.rules, self.node(encoding), rng))

    def cross(self, first: Encoding, second: Encoding, rng: Generator) -> dict[str, str]:
        """The first tree with a subtree of the second, uniform over the pairs that fit."""
        return self.encoding(crossed(self.rules, self.node(first), self.node(second), rng))

    def encode(self, expression: Expression) -> dict[str, str] | None:
        for tree, _ in readings(self.rules, expression, self.operators_at_most):
            if tree.operators <= self.operators_at_most and tree.scales <= MAX_SCALES:
                return self.encoding(tree)
        return None
