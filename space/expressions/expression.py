"""An expression: an immutable tree of primitives over x, constants and learnable parameters.

Four kinds of node, all frozen, so that equality and hash come free and a tree is its own key.
`str(expression)` is the canonical text, its identity on disk: `parse(str(e)) == e`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from ..counted import counted
from ..errors import CandidateError, UnknownNameError
from .notation import FOLDS, FORMS
from .primitives import ALIASES, CONSTANTS, PRIMITIVES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from ..modules.activation import Activation

Granularity = Literal["layer", "channel", "network"]
GRANULARITIES: tuple[Granularity, ...] = ("layer", "channel", "network")

MAX_DEPTH = 64  # operators on one path; keeps recursion far from Python's limit of 1,000 frames
BESIDE = 1e-13  # of a point within 100, some units in the last place of float64 …
CORNER = 1e-6  # … and how much a slope changes over that, to be one of a corner
LARGEST = 3.38e38  # size of a number; bfloat16 ends at 3.39e38, float32 at 3.40e38
_NAME = re.compile(r"[A-Za-z][A-Za-z_0-9]*")
_TAKEN = (PRIMITIVES, ALIASES, CONSTANTS, FORMS, FOLDS)  # no names for parameters


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
        return 0

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The learnable parameters, each once, in order of first appearance in the text."""
        return ()

    def values(self, x: Tensor, parameters: Sequence[Tensor] | None = None) -> Tensor:
        """f(x), of x's shape and dtype.

        `parameters`: one tensor per learnable parameter, in order, each of a shape that broadcasts
        to x's; the initial values unless given.
        """
        from .compile import compile_program

        if parameters is None:
            parameters = [torch.tensor(p.initial, dtype=x.dtype) for p in self.parameters]
        return compile_program(self)(x, parameters)

    def values_and_slopes(
        self, x: Tensor, parameters: Sequence[Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """f(x) and f'(x), each of x's shape and dtype and without a graph; see `values`."""
        x = x.detach().requires_grad_()
        with torch.enable_grad():
            value = self.values(x, parameters)
        if not value.requires_grad:
            return value, torch.zeros_like(x)
        (slope,) = torch.autograd.grad(value.sum(), x, materialize_grads=True)
        return value.detach(), slope

    def values_and_right_slopes(
        self, x: Tensor, parameters: Sequence[Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """f(x) and f'(x) for curves, in a corner the slope right of it.

        x is float64, within [-100, 100]. In a corner of `max` or `min` torch chooses a slope, so
        that of max(x, 0) + min(x, 0), which is x, is 0 at 0.
        """
        value, slope = self.values_and_slopes(x, parameters)
        _, right = self.values_and_slopes(x + BESIDE, parameters)
        return value, torch.where((slope - right).abs() > CORNER * (1 + right.abs()), right, slope)

    def module(self, channels: int | None = None, channel_dim: int = 1) -> Activation:
        """This expression as an `nn.Module`; see `Activation` for the arguments."""
        from ..modules.activation import Activation

        return Activation(self, channels=channels, channel_dim=channel_dim)

    def plot(self, axes: Axes | None = None) -> Axes:
        """f and f' over [-5, 5], drawn into matplotlib's axes or those of a new figure."""
        from .picture import plot

        return plot(self, axes)

    def to_pandas(self, points: int = 1001) -> DataFrame:
        """A pandas DataFrame of `x`, `f` and `slope` at so many points of [-5, 5]."""
        from ..data_frame import data_frame
        from .picture import columns

        return data_frame(columns(self, points))

    def __str__(self) -> str:
        from .printer import to_text

        return to_text(self)

    def __repr__(self) -> str:
        return f"parse({str(self)!r})"

    def _repr_html_(self) -> str:
        """The formula, f and f', for notebooks."""
        from .picture import as_html

        return as_html(self)


@dataclass(frozen=True, slots=True, repr=False)
class Variable(Expression):
    """The pre-activation, `x`; a template of a space also knows `x1` and `x2`."""

    name: str = "x"


@dataclass(frozen=True, slots=True, repr=False)
class Constant(Expression):
    """A fixed number, at most LARGEST in size."""

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _number("a constant", self.value))


@dataclass(frozen=True, slots=True, repr=False)
class Parameter(Expression):
    """A learnable scalar: its name, initial value, and what shares one copy of it.

    `layer`: each place in the network its own; `channel`: each channel of each place its own;
    `network`: one for the whole net.
    """

    name: str
    initial: float = 1.0
    granularity: Granularity = "layer"

    def __post_init__(self) -> None:
        taken = self.name == "x" or any(self.name in names for names in _TAKEN)
        if taken or not _NAME.fullmatch(self.name):
            raise CandidateError(
                f"a parameter needs a name that nothing else has, a letter and then letters, "
                f"digits and _, but got '{self.name}'; try 'beta'"
            )
        if self.granularity not in GRANULARITIES:
            raise UnknownNameError("granularity", self.granularity, GRANULARITIES)
        initial = _number(f"the initial value of {self.name}", self.initial)
        object.__setattr__(self, "initial", initial)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (self,)


@dataclass(frozen=True, slots=True, repr=False)
class Call(Expression):
    """A primitive applied to as many operands as its arity."""

    primitive: str
    operands: tuple[Expression, ...]
    # Remembered, so that building a tree checks each node once and not once per ancestor.
    _depth: int = field(init=False, compare=False)
    _parameters: tuple[Parameter, ...] = field(init=False, compare=False)
    _hash: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if self.primitive not in PRIMITIVES:
            raise UnknownNameError("primitive", self.primitive, PRIMITIVES)
        arity = PRIMITIVES[self.primitive].arity
        if len(self.operands) != arity:
            raise CandidateError(
                f"{self.primitive} takes {counted(arity, 'operand')}, but got {len(self.operands)}"
            )
        depth = 1 + max(operand.depth for operand in self.operands)
        if depth > MAX_DEPTH:
            raise CandidateError(f"an expression may be at most {MAX_DEPTH} operators deep")
        parameters = self.operands[0].parameters
        if arity > 1:
            parameters = self._united(parameters)
        object.__setattr__(self, "_depth", depth)
        object.__setattr__(self, "_parameters", parameters)
        object.__setattr__(self, "_hash", hash((self.primitive, self.operands)))

    def _united(self, first: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
        """The parameters of all operands; `first` are the first operand's."""
        others = (p for operand in self.operands[1:] for p in operand.parameters)
        parameters = tuple(dict.fromkeys([*first, *others]))
        names = [p.name for p in parameters]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise CandidateError(
                f"parameter '{twice}' has two initial values or granularities; "
                f"two different parameters need two names"
            )
        return parameters

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[Call], tuple[str, tuple[Expression, ...]]]:
        return Call, (self.primitive, self.operands)  # hashes differ between processes

    @property
    def children(self) -> tuple[Expression, ...]:
        return self.operands

    @property
    def depth(self) -> int:
        return self._depth

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return self._parameters


X = Variable()


def _number(name: str, value: float) -> float:
    if not abs(value) <= LARGEST:  # so that NaN fails too
        raise CandidateError(f"{name} must be at most {LARGEST:g} in size, but got {value}")
    return float(value) + 0.0  # no negative zero: it equals 0, and would print as 0


def substitute(expression: Expression, values: dict[Expression, Expression]) -> Expression:
    """The tree with every node that is a key of `values` replaced by its value."""
    if expression in values:
        return values[expression]
    if isinstance(expression, Call):
        return Call(
            expression.primitive, tuple(substitute(c, values) for c in expression.operands)
        )
    return expression
