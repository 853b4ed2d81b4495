"""The space of input-gated mixtures: which functions are mixed, and by which kind of gate."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import SpaceError
from ..expressions.expression import Call, Expression, Granularity
from ..expressions.parser import parse
from ..families.table import family
from .base import Choose, Space
from .patterns import named

GATES = ("softmax", "sigmoid")
# The pools of Wang et al. 2023 (arXiv 2308.04073) for smooth problems, with the pieces that the
# Swish paper's winners are made of.
POOL = (
    *("x", "relu(x)", "gelu(x)", "silu(x)", "softplus(x)", "tanh(x)", "sigmoid(x)", "sin(x)"),
    *("cos(x)", "exp(-x ** 2)"),
)


@dataclass(frozen=True, slots=True, repr=False)
class Mixtures(Space):
    """sum_k g_k(x) phi_k(x) with `count` functions of the pool; the family `mixture` builds it.

    The order of the functions does not matter and one may come twice, so several encodings are one
    candidate.
    """

    count: int = 2
    granularity: Granularity = "layer"
    pool: tuple[str, ...] = POOL

    def __post_init__(self) -> None:
        if not 2 <= self.count <= 6:
            raise SpaceError(f"a mixture has 2 to 6 functions, but got {self.count}")
        object.__setattr__(self, "pool", tuple(str(parse(text)) for text in self.pool))

    @property
    def name(self) -> str:
        return f"mixture-{self.count}{self.suffix}"

    @property
    def size(self) -> int:
        return len(GATES) * math.prod([len(self.pool)] * self.count)

    def build(self, choose: Choose) -> Expression:
        gates, functions = self._choices(choose)
        return family("mixture", functions=functions, gates=gates, granularity=self.granularity)

    def ask(self, choose: Choose) -> None:
        self._choices(choose)

    def _choices(self, choose: Choose) -> tuple[str, tuple[str, ...]]:
        """The gates and the functions chosen."""
        gates = choose("gates", GATES)
        return gates, tuple(choose(f"function.{i}", self.pool) for i in range(self.count))

    def encode(self, expression: Expression) -> dict[str, str] | None:
        terms: list[Expression] = []
        rest = expression
        while len(terms) < self.count - 1:
            if not isinstance(rest, Call) or rest.primitive != "add":
                return None
            rest, last = rest.operands
            terms.append(last)
        products = [term for term in (*terms, rest) if isinstance(term, Call)]
        functions = [str(term.children[-1]) for term in reversed(products)]
        if len(functions) < self.count or not set(functions) <= set(self.pool):
            return None
        granularities = [p.granularity for p in expression.parameters]
        for gates in GATES:
            encoding = {f"function.{i}": text for i, text in enumerate(functions)}
            tree = self.decode({"gates": gates, **encoding})
            if named(tree, "layer") == named(expression, "layer"):
                same = granularities == [p.granularity for p in tree.parameters]
                return {"gates": gates, **encoding} if same else None
        return None
