"""The part of a file whose backward pass gets x and the parameters alone.

What a composed formula keeps for it, up to a tensor per operator, is computed anew: by an
autograd.Function whose slopes are torch operations too, so that they can be differentiated again,
and which torch.func (vmap, jvp, hessian) takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..expressions.expression import Expression
from .slopes import slopes

RESERVED = "ctx|inputs|output|gradient|tangent"  # names that the source uses itself

_SOURCE = '''

def _value({names}):
{value}


def _slopes({names}):
    """The slopes by {by}, from sympy, with what they share computed once."""
{slopes}
{helpers}

class _OneTensor(torch.autograd.Function):
    """f, which keeps x and the parameters, and for the backward pass computes the rest anew."""

    generate_vmap_rule = True

    @staticmethod
    def forward({names}):
        return _value({names})

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, gradient):
        {names}{comma} = ctx.saved_tensors
        slopes = _slopes({names})
        return (
{gradients}
        )

    @staticmethod
    def jvp(ctx, *tangents):
        pairs = zip(tangents, _slopes(*ctx.saved_tensors))
        tangent = sum(t * slope for t, slope in pairs if t is not None)
        return tangent.expand_as(ctx.saved_tensors[0])

{summed}
def one_tensor({typed}) -> Tensor:
    """f(x), with one tensor kept for the backward pass."""
    value: Tensor = _OneTensor.apply({names})
    return value


# torch.fx takes the call as it is: an autograd.Function cannot be traced.
torch.fx.wrap("one_tensor")
'''

_SUMMED = '''
def _summed(gradient: Tensor, parameter: Tensor) -> Tensor:
    """The gradient of a parameter of shape [] or [1, .., n, .., 1], summed over the other dims."""
    if parameter.dim() == 0:
        return gradient.sum()
    dims = [i for i in range(gradient.dim()) if parameter.shape[i] == 1]
    return gradient.sum(dims, keepdim=True) if dims else gradient

'''


def one_tensor_source(expression: Expression, names: Sequence[str], value: Sequence[str]) -> str:
    """Source that defines `one_tensor(x, …)`, which a forward calls.

    names: of x and of the parameters, in order; value: the lines of a function of them.
    """
    parameters = dict(zip(expression.parameters, names[1:], strict=True))
    derived = slopes(expression, parameters)
    lines = [*derived.lines, "return (", *(f"    {r}," for r in derived.results), ")"]
    gradients = ["gradient * slopes[0]"]
    gradients += [f"_summed(gradient * slopes[{i}], {n})" for i, n in enumerate(names[1:], 1)]
    return _SOURCE.format(
        names=", ".join(names),
        comma="," if len(names) == 1 else "",
        typed=", ".join(f"{name}: Tensor" for name in names),
        value="\n".join(f"    {line}" for line in value),
        by=", ".join(names),
        slopes="\n".join(f"    {line}" for line in lines),
        helpers="".join(f"\n{code}" for code in derived.helpers),
        gradients="\n".join(f"            {line}," for line in gradients),
        summed=_SUMMED if parameters else "",
    )
