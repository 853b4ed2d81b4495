"""An expression: an immutable tree of primitives over x, constants and learnable parameters.

Four kinds of node, all frozen, so that equality and hash come free and a tree is its own key.
`str(expression)` is the canonical text, its identity on disk: `parse(str(e)) == e`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from .errors import CandidateError, UnknownNameError
from .primitives import CONSTANTS, PRIMITIVES

if TYPE_CHECKING:
    from .module import Activation

Granularity = Literal["layer", "channel", "network"]
GRANULARITIES: tuple[Granularity, ...] = ("layer", "channel", "network")

MAX_DEPTH = 64  # operators on one path; keeps recursion far from Python's limit of 1,000 frames
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


class Expression:
    """A candidate given by a formula; build one with `parse`, or from the four node classes."""

    __slots__ = ()

    @property
    def children(self) -> tuple[Expression, ...]:
        """The operands, left to right; empty for a leaf."""
        return ()

    def nodes(self) -> Iterator[Expression]:
        """Every node, the root first, then left to right."""
        yield self
        for child in self.children:
            yield from child.nodes()

    @property
    def size(self) -> int:
        """Number of operators; 0 for `x`."""
        return sum(isinstance(node, Call) for node in self.nodes())

    @property
    def depth(self) -> int:
        """Operators on the longest path from the root to a leaf; 0 for `x`."""
        return max((child.depth for child in self.children), default=-1) + 1

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The learnable parameters, each once, in order of first appearance in the text."""
        return tuple(dict.fromkeys(n for n in self.nodes() if isinstance(n, Parameter)))

    def module(self, channels: int | None = None, channel_dim: int = 1) -> Activation:
        """This expression as an `nn.Module`; see `Activation` for the arguments."""
        from .module import Activation

        return Activation(self, channels=channels, channel_dim=channel_dim)

    def __str__(self) -> str:
        from .text import to_text

        return to_text(self)


@dataclass(frozen=True, slots=True)
class Variable(Expression):
    """The pre-activation, `x`; a template of a space also knows `x1` and `x2`."""

    name: str = "x"

    __str__ = Expression.__str__


@dataclass(frozen=True, slots=True)
class Constant(Expression):
    """A fixed finite number."""

    value: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise CandidateError(f"a constant must be finite, but got {self.value}")
        object.__setattr__(self, "value", float(self.value))

    __str__ = Expression.__str__


@dataclass(frozen=True, slots=True)
class Parameter(Expression):
    """A learnable scalar: its name, initial value, and what shares one copy of it.

    `layer`: each place in the network its own; `channel`: each channel of each place its own;
    `network`: one for the whole net.
    """

    name: str
    initial: float = 1.0
    granularity: Granularity = "layer"

    def __post_init__(self) -> None:
        taken = self.name in PRIMITIVES or self.name in CONSTANTS or self.name == "x"
        if taken or not _NAME.fullmatch(self.name):
            raise CandidateError(
                f"a parameter needs a name of letters, digits and _ that nothing else has, "
                f"but got '{self.name}'; try 'beta'"
            )
        if self.granularity not in GRANULARITIES:
            raise UnknownNameError("granularity", self.granularity, GRANULARITIES)
        if not math.isfinite(self.initial):
            raise CandidateError(f"{self.name}: the initial value must be finite")
        object.__setattr__(self, "initial", float(self.initial))

    __str__ = Expression.__str__


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A primitive applied to as many operands as its arity."""

    primitive: str
    operands: tuple[Expression, ...]

    _too_deep: ClassVar[str] = f"an expression may be at most {MAX_DEPTH} operators deep"

    def __post_init__(self) -> None:
        if self.primitive not in PRIMITIVES:
            raise UnknownNameError("primitive", self.primitive, PRIMITIVES)
        arity = PRIMITIVES[self.primitive].arity
        if len(self.operands) != arity:
            raise CandidateError(
                f"{self.primitive} takes {arity} operand{'s' * (arity > 1)}, "
                f"but got {len(self.operands)}"
            )
        if self.depth > MAX_DEPTH:
            raise CandidateError(self._too_deep)

    @property
    def children(self) -> tuple[Expression, ...]:
        return self.operands

    __str__ = Expression.__str__


X = Variable()


def call(primitive: str, *operands: Expression) -> Call:
    """`Call` with the operands as arguments, for code that builds trees."""
    return Call(primitive, operands)


def substitute(expression: Expression, values: dict[Expression, Expression]) -> Expression:
    """The tree with every node that is a key of `values` replaced by its value."""
    if expression in values:
        return values[expression]
    if isinstance(expression, Call):
        return Call(
            expression.primitive, tuple(substitute(c, values) for c in expression.operands)
        )
    return expression
