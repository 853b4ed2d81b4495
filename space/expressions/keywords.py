"""Operands that are passed by name, as in `torch.max(x, dim=0)`: refused, with how to write it.

`dim=0` is also how a learnable parameter is declared; these names are never meant so. A parameter
of such a name is declared with what shares it: `dim[layer]=0`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .primitives import PRIMITIVES

_LEFT_OUT = "leave it out"
_ALONG = "an activation maps each number by itself, along no axis; max(x, 0) is the larger of two"
_SLOPE = "write max(x, 0) + 0.1 * min(x, 0) for the slope 0.1"
_TANH_GELU = (
    "gelu(x) is the exact one, the tanh form is "
    "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x ** 3)))"
)

# A name that is a keyword with any function -> how to write it
KEYWORDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("dim", "axis", "keepdim", "keepdims"), _ALONG),
        **dict.fromkeys(("input", "features"), "write the operand alone, as in sigmoid(x)"),
        "other": "write the operand alone, as in max(x, 0)",
        **dict.fromkeys(("inplace", "out", "dtype", "name", "evaluate", "where"), _LEFT_OUT),
        "exponent": "write x ** 2, or pow(x, y) for |x| to any power",
        "approximate": _TANH_GELU,
        "negative_slope": _SLOPE,
    }
)

# A primitive and a keyword of it -> how to write it
_FORMS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("leaky_relu", "alpha"): _SLOPE,
        ("elu", "alpha"): "write max(x, 0) + 0.5 * (exp(min(x, 0)) - 1) for alpha = 0.5",
        ("softplus", "beta"): "write softplus(2 * x) / 2 for beta = 2",
        ("softplus", "threshold"): _LEFT_OUT,
        ("silu", "beta"): "write x * sigmoid(2 * x) for beta = 2",
        ("sub", "alpha"): "write x - 2 * y for alpha = 2",
        ("add", "alpha"): "write x + 2 * y for alpha = 2",
    }
)


def keyword_rule(primitive: str, name: str, *, first: bool, prefixed: bool) -> str | None:
    """Why `name=` cannot stand for a whole operand, and how to write it; None where it can.

    first: whether it would be the first operand, where softplus(beta=2) is a parameter; prefixed:
    whether the function is a library's, which knows no declarations.
    """
    advice = KEYWORDS.get(name)
    unary = primitive in PRIMITIVES and PRIMITIVES[primitive].arity == 1
    if prefixed or (unary and not first):
        advice = _FORMS.get((primitive, name), advice)
    if advice is None and prefixed:
        advice = f"write the operand alone; a learnable parameter is declared as {name}[layer]=1"
    return f"operands are not passed by name, as in {name}=: {advice}" if advice else None
