"""An expression as Python source: one stand-alone `nn.Module` class that needs only torch."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..expressions.compile import Program, compile_program
from ..expressions.expression import Expression, Parameter, substitute
from ..expressions.inplace import Slot, StepArgument
from .activation import attribute_name
from .class_name import check_class_name
from .constructor import initialiser, named, usage
from .floor_comments import comments
from .kernels import PRELU, Kernel
from .one_tensor import RESERVED, one_tensor_source

_HEADER = '''"""{title}"""
{comment}
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class {name}(nn.Module):
    """{doc}"""

'''


# Stands in a file of its own too, so it raises what Python has.
_PER_CHANNEL = '''

def per_channel(values: Tensor, x: Tensor, dim: int) -> Tensor:
    """Values [n] in the shape that meets dimension `dim` of x; n is its size, or 1."""
    n = values.shape[0]
    if n == 1:
        return values.view([1] * x.dim())
    position = dim if dim >= 0 else x.dim() + dim
    if not 0 <= position < x.dim() or x.shape[position] != n:
        raise ValueError(
            f"made for num_parameters={n} channels in dimension {dim}, "
            f"but the input has shape {list(x.shape)}"
        )
    return values.view([1] * position + [-1] + [1] * (x.dim() - 1 - position))


# torch.fx takes the call as it is: the check is of the shapes that a traced net meets.
torch.fx.wrap("per_channel")
'''

_PRELU_PER_CHANNEL = '''

def prelu_per_channel(x: Tensor, weight: Tensor, dim: int) -> Tensor:
    """F.prelu, which has its channels in dimension 1, for channels in dimension `dim` of x."""
    n = weight.shape[0]
    if n == 1:
        return F.prelu(x, weight)
    position = dim if dim >= 0 else x.dim() + dim
    if not 0 <= position < x.dim() or x.shape[position] != n:
        raise ValueError(
            f"made for num_parameters={n} channels in dimension {dim}, "
            f"but the input has shape {list(x.shape)}"
        )
    if position == 1:
        return F.prelu(x, weight)
    turned = x.unsqueeze(0).transpose(1, position + 1)
    return F.prelu(turned, weight).transpose(1, position + 1).squeeze(0)


# torch.fx takes the call as it is: the check is of the shapes that a traced net meets.
torch.fx.wrap("prelu_per_channel")
'''


def module_source(
    expression: Expression,
    *,
    class_name: str = "Activation",
    notes: str = "",
    header: str = "",
    kernel: Kernel | None = None,
    memory: bool = False,
) -> str:
    """Source of a stand-alone module that computes what `expression.module()` computes.

    The class takes `num_parameters` and `channel_dim` where the expression has channel
    parameters, as `nn.PReLU` does, and `share` where it has some that a whole net shares: another
    instance, whose parameters of that kind it uses. `notes` goes into its docstring, `header`
    into comments at the top. `kernel`: the call of torch that computes the whole candidate, as
    `torch_kernel` finds it. `memory`: the backward pass gets x and the parameters alone, and
    computes the rest anew; TorchScript does not take such a file. Raises CandidateError where
    `class_name` is not allowed; see `check_class_name`.
    """
    check_class_name(class_name)
    program = compile_program(expression)
    formula = f"f(x) = {expression}"
    paragraphs = [formula, *usage(program.parameters, class_name), *([notes] if notes else [])]
    doc = formula
    if len(paragraphs) > 1:
        doc = "\n\n".join([formula, *map(_indented, paragraphs[1:])]) + "\n    "
    channel = bool(named(program.parameters, "channel"))
    if memory and program.steps and not program.spreads:
        names = ["x", *map(_local_name, program.parameters)]
        value = [f"return {kernel.code}"] if kernel else body_lines(expression, program, names)
        forward = _one_tensor_forward(program)
        helper = (_PER_CHANNEL if channel else "") + one_tensor_source(names, value)
    elif kernel is None:
        forward, helper = _forward(expression, program), _PER_CHANNEL if channel else ""
    else:
        forward = _kernel_forward(program, kernel)
        helper = _PRELU_PER_CHANNEL if channel and kernel.name == PRELU else ""
    start = _HEADER.format(
        title=_quoted(formula), comment=_comment(header), name=class_name, doc=_quoted(doc)
    )
    return "".join(
        [
            start,
            f"    _formula = {str(expression)!r}\n\n",
            initialiser(program.parameters, class_name),
            forward,
            "\n    def extra_repr(self) -> str:\n        return self._formula\n",
            helper,
        ]
    )


def with_initial(expression: Expression, values: Mapping[str, float]) -> Expression:
    """The expression with new initial values for the parameters named."""
    return substitute(
        expression,
        {p: replace(p, initial=values[p.name]) for p in expression.parameters if p.name in values},
    )


def _quoted(text: str) -> str:
    # Notes and names are ours, but a docstring must not be ended from inside all the same.
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').replace("\0", "")


def _comment(text: str) -> str:
    return "".join(f"\n# {line}".rstrip() for line in text.splitlines()) + "\n" * bool(text)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _forward(expression: Expression, program: Program) -> str:
    names, lines = _parameter_lines(program)
    lines = ["    def forward(self, x: Tensor) -> Tensor:", *lines]
    lines += [f"        {line}" for line in body_lines(expression, program, names)]
    return "\n".join(lines) + "\n"


def _parameter_lines(program: Program) -> tuple[list[str], list[str]]:
    """The names of x and of each parameter, and the lines that bind them in a method."""
    names, lines = ["x"], []
    for p in program.parameters:
        names.append(_local_name(p))
        value = f"self.{attribute_name(p)}.to(x.dtype)"
        if p.granularity == "channel":
            value = f"per_channel({value}, x, self.channel_dim)"
        lines.append(f"        {names[-1]} = {value}")
    return names, lines


def body_lines(expression: Expression, program: Program, names: Sequence[str]) -> list[str]:
    """The lines of a function of x and the parameters that go by these names."""
    names, lines = list(names), []

    def text(operand: StepArgument) -> str:
        if isinstance(operand, Slot):
            return names[operand.index]
        if not math.isfinite(operand):
            return f"float('{operand}')"
        return f"({operand!r})" if operand < 0 else repr(operand)

    why = comments(expression, program.steps)
    for number, step in enumerate(program.steps, 1):
        lines += [f"# {line}" for line in why[number - 1]]
        names.append(f"v{number}")
        code = step.code.format(*(text(operand) for operand in step.operands))
        lines.append(f"{names[-1]} = {code}")
    result = text(program.result)
    if program.spreads:
        if isinstance(program.result, Slot):
            result = f"{result}.to(x.dtype).expand_as(x)"
        else:
            result = f"torch.full_like(x, {result})"
    return [*lines, f"return {result}"]


def _one_tensor_forward(program: Program) -> str:
    names, lines = _parameter_lines(program)
    lines = ["    def forward(self, x: Tensor) -> Tensor:", *lines]
    return "\n".join([*lines, f"        return one_tensor({', '.join(names)})"]) + "\n"


def _kernel_forward(program: Program, kernel: Kernel) -> str:
    code = kernel.code
    for p in program.parameters:
        value = f"self.{attribute_name(p)}.to(x.dtype)"
        code = code.format(value)
        if p.granularity == "channel":
            code = f"prelu_per_channel(x, {value}, self.channel_dim)"
    start = "    def forward(self, x: Tensor) -> Tensor:"
    return f"{start}\n        # the same function, in one call\n        return {code}\n"


def _local_name(parameter: Parameter) -> str:
    """As `attribute_name`, for the names that the method uses itself; no two collide either."""
    taken = rf"v[0-9]+|per_channel|self|F|torch|{RESERVED}"
    clashes = re.fullmatch(taken, parameter.name.rstrip("_"))
    return f"{parameter.name}_" if clashes else attribute_name(parameter)
