"""The part of a file whose backward pass gets x and the parameters alone.

What a composed formula keeps for it, up to a tensor per operator, is computed anew, and torch
derives it as it does without: the same gradients bit for bit, at ties of max and min, where a
number leaves the dtype, and for the parameters. Where gradients are to be differentiated again,
also by torch.func (jvp, hessian), `torch.func.vjp` does it.
"""

from __future__ import annotations

from collections.abc import Sequence

RESERVED = "one_tensor|float"  # names that the source calls where parameters have theirs

_SOURCE = '''

def _value({names}):
{value}


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
        if torch.is_grad_enabled():  # to be differentiated again
            value, pull = torch.func.vjp(_value, *ctx.saved_tensors)
            return pull(gradient.to(value.dtype))
        with torch.enable_grad():  # the same, 0.1 ms sooner
            needed = zip(ctx.saved_tensors, ctx.needs_input_grad)
            inputs = [t.detach().requires_grad_(needs) for t, needs in needed]
            value = _value(*inputs)
            learning = [t for t in inputs if t.requires_grad]
            gradients = iter(torch.autograd.grad(value, learning, gradient.to(value.dtype)))
        return tuple(next(gradients) if t.requires_grad else None for t in inputs)

    @staticmethod
    def jvp(ctx, *tangents):
        x, *parameters = ctx.saved_tensors
        value, pull = torch.func.vjp(_value, x, *(p.expand_as(x) for p in parameters))
        pairs = zip(tangents, pull(torch.ones_like(value)))
        return sum(tangent * slope for tangent, slope in pairs if tangent is not None)


def one_tensor({typed}) -> Tensor:
    """f(x), with one tensor kept for the backward pass."""
    value: Tensor = _OneTensor.apply({names})
    return value


# torch.fx takes the call as it is: an autograd.Function cannot be traced.
torch.fx.wrap("one_tensor")
'''


def one_tensor_source(names: Sequence[str], value: Sequence[str]) -> str:
    """Source that defines `one_tensor(x, …)`, which a forward calls.

    names: of x and of the parameters, in order; value: the lines of a function of them.
    """
    return _SOURCE.format(
        names=", ".join(names),
        typed=", ".join(f"{name}: Tensor" for name in names),
        value="\n".join(f"    {line}" for line in value),
    )
