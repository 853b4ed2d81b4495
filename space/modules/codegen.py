"""An expression as Python source: one stand-alone `nn.Module` class that needs only torch."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from keyword import iskeyword

from ..errors import CandidateError
from ..expressions.compile import Program, compile_program
from ..expressions.expression import Expression, Parameter, substitute
from ..expressions.inplace import Slot, StepArgument
from .activation import attribute_name

_HEADER = '''"""{title}"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class {name}(nn.Module):
    """{doc}"""

'''


def module_source(
    expression: Expression, *, class_name: str = "Activation", notes: str = ""
) -> str:
    """Source of a stand-alone module that computes what `expression.module()` computes.

    The class takes `num_parameters` and `channel_dim` where the expression has channel
    parameters, as `nn.PReLU` does, else nothing. `notes` goes into its docstring. Raises
    CandidateError where `class_name` is no Python name or one that the file uses.
    """
    taken = iskeyword(class_name) or class_name in ("F", "Tensor", "nn", "torch")
    if taken or not class_name.isidentifier():
        raise CandidateError(
            f"a class needs a Python name that its file has no other use for, "
            f"but got '{class_name}'; try 'Activation'"
        )
    program = compile_program(expression)
    formula = f"f(x) = {expression}"
    doc = formula if not notes else f"{formula}\n\n{_indented(notes)}\n    "
    header = _HEADER.format(title=_quoted(formula), name=class_name, doc=_quoted(doc))
    return header + _initialiser(program.parameters) + _forward(program)


def with_initial(expression: Expression, values: Mapping[str, float]) -> Expression:
    """The expression with new initial values for the parameters named."""
    return substitute(
        expression,
        {p: replace(p, initial=values[p.name]) for p in expression.parameters if p.name in values},
    )


def _quoted(text: str) -> str:
    # Notes and names are ours, but a docstring must not be ended from inside all the same.
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').replace("\0", "")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _initialiser(parameters: tuple[Parameter, ...]) -> str:
    if not parameters:
        return ""
    channel = any(p.granularity == "channel" for p in parameters)
    arguments = ", num_parameters: int = 1, channel_dim: int = 1" if channel else ""
    lines = [f"    def __init__(self{arguments}) -> None:", "        super().__init__()"]
    if channel:
        lines.append("        self.channel_dim = channel_dim")
    for p in parameters:
        start = (
            f"torch.full((num_parameters,), {p.initial!r})"
            if p.granularity == "channel"
            else f"torch.tensor({p.initial!r})"
        )
        lines.append(f"        self.{attribute_name(p)} = nn.Parameter({start})")
    return "\n".join(lines) + "\n\n"


def _forward(program: Program) -> str:
    lines = ["    def forward(self, x: Tensor) -> Tensor:"]
    if any(p.granularity == "channel" for p in program.parameters):
        lines += ["        shape = [1] * x.dim()", "        shape[self.channel_dim] = -1"]
    names = ["x"]
    for p in program.parameters:
        names.append(_local_name(p))
        view = ".view(shape)" if p.granularity == "channel" else ""
        lines.append(f"        {names[-1]} = self.{attribute_name(p)}.to(x.dtype){view}")

    def text(operand: StepArgument) -> str:
        if isinstance(operand, Slot):
            return names[operand.index]
        if not math.isfinite(operand):
            return f"float('{operand}')"
        return f"({operand!r})" if operand < 0 else repr(operand)

    for number, step in enumerate(program.steps, 1):
        names.append(f"v{number}")
        code = step.code.format(*(text(operand) for operand in step.operands))
        lines.append(f"        {names[-1]} = {code}")
    result = text(program.result)
    if program.spreads:
        if isinstance(program.result, Slot):
            result = f"{result}.to(x.dtype).expand_as(x)"
        else:
            result = f"torch.full_like(x, {result})"
    return "\n".join([*lines, f"        return {result}"]) + "\n"


def _local_name(parameter: Parameter) -> str:
    """As `attribute_name`, for the names that the method uses itself; no two collide either."""
    clashes = re.fullmatch(r"v[0-9]+|shape|self|F|torch", parameter.name.rstrip("_"))
    return f"{parameter.name}_" if clashes else attribute_name(parameter)
