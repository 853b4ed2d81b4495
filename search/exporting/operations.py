"""A candidate as a list of operations by primitive, for languages other than torch.

Equal subtrees are one operation, and what has neither x nor a parameter in it is a number,
computed as the search computed it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ...space import Call, Constant, Expression, Parameter, Variable
from ...space.expressions.compile import compile_program
from ...space.modules.activation import attribute_name
from ..errors import FormatImpossible

Operand = str | float  # the name of a value, or a number


@dataclass(frozen=True, slots=True)
class Operation:
    """One primitive applied to operands; its value goes by `name`."""

    name: str
    primitive: str
    operands: tuple[Operand, ...]


@dataclass(slots=True)
class Operations:
    """The operations in order, and where the value of the whole ends up."""

    steps: list[Operation] = field(default_factory=list)
    result: Operand = "x"


def operations(expression: Expression) -> Operations:
    """The operations of an expression over `x` and the names of its parameters."""
    known: dict[Expression, Operand] = {}
    listed = Operations()

    def visit(node: Expression) -> Operand:
        if node not in known:
            known[node] = value_of(node)
        return known[node]

    def value_of(node: Expression) -> Operand:
        if isinstance(node, Variable):
            return "x"
        if isinstance(node, Parameter):
            return argument_name(node)
        if isinstance(node, Constant):
            return node.value
        assert isinstance(node, Call)
        if not any(isinstance(part, Variable | Parameter) for part in node.nodes()):
            number = compile_program(node).result
            assert isinstance(number, float)  # constants are folded
            return number
        operands = tuple(visit(operand) for operand in node.operands)
        listed.steps.append(Operation(f"v{len(listed.steps) + 1}", node.primitive, operands))
        return listed.steps[-1].name

    listed.result = visit(expression)
    return listed


def argument_name(parameter: Parameter) -> str:
    """The parameter's name as an argument; as the attribute of the torch file, but for the names
    that the other files use themselves."""
    taken = r"v[0-9]+|np|jnp|jax|special|activation|dtype|float"
    clashes = re.fullmatch(taken, parameter.name.rstrip("_"))
    return f"{parameter.name}_" if clashes else attribute_name(parameter)


def refuse_unknown(expression: Expression, language: str, known: frozenset[str]) -> None:
    """Raise FormatImpossible, naming them, for operators that a language does not have."""
    unknown = sorted({step.primitive for step in operations(expression).steps} - known)
    if unknown:
        raise FormatImpossible(
            f"{language} has no {', '.join(unknown)}, which {expression} needs: export it in "
            f"another format, for example --format torch"
        )
