"""The two operands of a candidate's last operator, each evaluated once for many candidates.

In a space wired as b(left, right) a million candidates have a few thousand different operands.
Their values are kept per point set and per value of the parameters, so a candidate costs its last
operator only, and that in one call for all candidates that differ in one operand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import torch
from torch import Tensor

from ..analysis.fingerprint import (
    BASE,
    MOVES,
    dense_points,
    drawn,
    setting_points,
)
from ..analysis.screening import screening_points
from ..expressions.compile import compile_program
from ..expressions.expression import (
    Expression,
    Parameter,
    Variable,
    X,
    substitute,
)
from ..spaces.patterns import template

_SECOND = Parameter("x2")  # a template cannot have a parameter of this name


def screening_grid() -> Tensor:
    """The screening's points, float32 [S]: grid, then nodes."""
    x, z, _ = screening_points()
    return torch.cat([x, z])


class Operand:
    """One operand: an expression over x with parameters of its own."""

    def __init__(self, expression: Expression) -> None:
        self.expression = expression
        self.parameters = expression.parameters
        self._program = compile_program(expression)
        self._drawn: dict[tuple[int, ...], Tensor] = {}

    @cached_property
    def start(self) -> Tensor:
        """Values at the initial parameters, float64 [P]."""
        return self._program(dense_points(), self._initial())

    def at(self, ranks: tuple[int, ...]) -> Tensor:
        """Values at every setting of the parameters, float64 [SETTINGS, points].

        `ranks` says for each own parameter which of the candidate's parameters it is.
        """
        if ranks not in self._drawn:
            columns = [
                drawn(rank, parameter.initial)[:, None]
                for parameter, rank in zip(self.parameters, ranks, strict=True)
            ]
            self._drawn[ranks] = self._program(setting_points(), columns)
        return self._drawn[ranks]

    @cached_property
    def moved(self) -> Tensor:
        """Values with all own parameters at BASE, then each alone at each of MOVES: float64
        [1 + MOVES * n, points]."""
        count = len(self.parameters)
        rows = torch.full((1 + len(MOVES) * count, count), BASE, dtype=torch.float64)
        for index in range(count):
            for at, move in enumerate(MOVES):
                rows[1 + len(MOVES) * index + at, index] = move
        return self._program(setting_points()[0].expand(len(rows), -1), list(rows.T[..., None]))

    @cached_property
    def screened(self) -> tuple[Tensor, Tensor, Tensor]:
        """At the initial parameters: value and slope, float32 [S], and the value in float64."""
        grid = screening_grid()
        value, slope = self.expression.values_and_slopes(grid)
        return value, slope, self.expression.values(grid.double())

    def _initial(self) -> list[Tensor]:
        return [torch.tensor(p.initial, dtype=torch.float64) for p in self.parameters]


class RootOperator:
    """The last operator: a template over x1 and x2, with parameters of its own."""

    def __init__(self, option: str) -> None:
        tree = template(option, 2)
        self.parameters = tree.parameters
        operands: dict[Expression, Expression] = {Variable("x1"): X, Variable("x2"): _SECOND}
        self._program = compile_program(substitute(tree, operands))
        self.order = tuple(dict.fromkeys(_parts(tree)))

    def __call__(self, first: Tensor, second: Tensor, parameters: Sequence[Tensor]) -> Tensor:
        """The value, given both operands' and one tensor for each parameter of the operator."""
        first, second = torch.broadcast_tensors(first, second)
        by_name = dict(zip(self.parameters, parameters, strict=True))
        values = [second if p == _SECOND else by_name[p] for p in self._program.parameters]
        return self._program(first, values).expand_as(first)

    def value_and_slope(
        self, first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """The value, and the slope by the chain rule from both operands' values and slopes."""
        both = torch.broadcast_tensors(first[0], second[0])
        leaves = [tensor.detach().requires_grad_() for tensor in both]
        parameters = [torch.tensor(p.initial, dtype=first[0].dtype) for p in self.parameters]
        value = self(leaves[0], leaves[1], parameters)
        partials: tuple[Tensor | None, ...] = (None, None)
        if value.requires_grad:
            partials = torch.autograd.grad(value.sum(), leaves, allow_unused=True)
        slopes = [
            partial * inner
            for partial, (_, inner) in zip(partials, (first, second), strict=True)
            if partial is not None
        ]
        return value.detach(), sum(slopes, torch.zeros(())).expand_as(value)


def _parts(tree: Expression) -> Iterator[str]:
    """The names of the operands and own parameters, in the order in which the text has them."""
    for node in tree.nodes():
        if isinstance(node, Variable | Parameter):
            yield node.name
