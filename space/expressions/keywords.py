"""Operands that are passed by name, as in `torch.max(x, dim=0)`: refused, with how to write it.

`dim=0` is also how a learnable parameter is declared; these names are never meant so. A parameter
of such a name is declared with what shares it: `dim[layer]=0`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from .lexer import Token
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
        **dict.fromkeys(("default", "key"), _LEFT_OUT),
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


def keyword_rule(
    primitive: str, ahead: Sequence[Token], *, first: bool, prefixed: bool
) -> str | None:
    """Why an operand that begins with these five tokens cannot be passed by its name, and how to
    write it; None where it is not, and where it declares a parameter.

    first: whether it is the first operand, where softplus(beta=2) declares one; prefixed: whether
    the function is a library's, which knows no declarations.
    """
    if ahead[0].kind != "name" or ahead[1].text != "=":
        return None
    name, value = ahead[0].text, 2 + (ahead[2].text in ("-", "+"))
    number = ahead[value].kind == "number"
    if number and ahead[value + 1].text not in (",", ")"):  # as in a=0.25 * x
        return None
    declares = number and not prefixed
    unary = primitive in PRIMITIVES and PRIMITIVES[primitive].arity == 1
    advice = KEYWORDS.get(name)
    if not declares or (unary and not first):
        advice = _FORMS.get((primitive, name), advice)
    if advice is None and not declares:
        advice = f"write the operand alone; a learnable parameter is declared as {name}[layer]=1"
    return f"operands are not passed by name, as in {name}=: {advice}" if advice else None
