"""The primitives: every operator an expression may use, with its protection and source.

A new one is a row here, a mention in a set of operators (spaces/operator_sets.py), and its golden
values, `python tests/contracts/golden.py`. The contract of each, which
tests/contracts/test_primitives.py enforces:
- pointwise and pure: the value at a point depends on that point alone;
- value and derivative are finite for every input in [-10, 10], in float32 and bfloat16;
- the derivative can be differentiated, as curvature needs it;
- `function`, `code` and `symbolic` are the same function;
- `sign`, `value`, `in_place` and `with_number` are true of it.

Names are part of the stored format: never renamed, never reused. Protections are too, since
every stored score was computed with them.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from . import numerics
from .numerics import (
    DIVIDE_FLOOR,
    LOG_FLOOR,
    POWER_FLOOR,
    SQRT_FLOOR,
)

SWISH = "Ramachandran et al. 2017, table of unary and binary functions"
TORCH = "torch.nn"
AQUASURF = "Bingham & Miikkulainen 2023, operators of AQuaSurF and Act-Bench"

LARGEST_HALF = 65504.0  # float16's largest number
ELEMENTARY = 10  # operations that one exp, log, sine, … counts as, a usual convention

# Where a value is at least 0 or NaN: everywhere; where all operands are; where one is; unknown.
NOT_NEGATIVE: Literal["not negative"] = "not negative"
IF_ALL: Literal["if all"] = "if all"
IF_ANY: Literal["if any"] = "if any"
UNKNOWN: Literal["unknown"] = "unknown"
Sign = Literal["not negative", "if all", "if any", "unknown"]

# Whether autograd keeps the value itself for the slope, as tanh's, or a later step may write over
# it. KEPT is always safe.
KEPT: Literal["kept"] = "kept"
WRITABLE: Literal["writable"] = "writable"

# A torch call: the function, its source, and its operands, each a number or what a program has.
NumberCall = tuple[Callable[..., Any], str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Primitive:
    """One operator: `function` maps `arity` float tensors of one shape to one of that shape.

    `code` is the same in Python source over torch, with {0}, {1} for the arguments. `symbolic` is
    the same in sympy, given the sympy module first (so that nothing imports it here), and `plain`
    what it stands for without its floor. `flops`: operations on one element. `sign`: where the
    value is known not to be negative.

    For compiled programs: `value` says whether a later step may write over it; `in_place` are the
    calls that compute the same bits over the first and over the second operand, None where there
    is none; `with_number` gives the call where one of two operands is a Python number (None, or
    None returned: `function` takes it as it is).
    """

    name: str
    arity: int
    function: Callable[..., Tensor]
    code: str
    symbolic: Callable[..., Any]
    plain: Callable[..., Any]
    flops: int
    sign: Sign
    value: Literal["kept", "writable"]
    in_place: tuple[Callable[..., Any] | None, Callable[..., Any] | None]
    with_number: Callable[[Any, Any], NumberCall | None] | None
    source: str


def _unary(
    name: str,
    function: Callable[..., Tensor],
    code: str,
    symbolic: Callable[..., Any],
    flops: int,
    sign: Sign,
    value: Literal["kept", "writable"],
    source: str,
) -> Primitive:
    """The row of one operand and no floor: a number never reaches it, since constants fold."""
    return Primitive(
        name=name,
        arity=1,
        function=function,
        code=code,
        symbolic=symbolic,
        plain=symbolic,
        flops=flops,
        sign=sign,
        value=value,
        in_place=(None, None),
        with_number=None,
        source=source,
    )


def _divide_symbolic(s: Any, a: Any, b: Any) -> Any:
    return a / (b + s.Piecewise((-DIVIDE_FLOOR, b < 0), (DIVIDE_FLOOR, True)))


def _power_symbolic(s: Any, a: Any, b: Any) -> Any:
    """|a| ** b; where b is even, the bars would only be in the way."""
    return a**b if b.is_even else s.Abs(a) ** b


def _hard_symbolic(s: Any, a: Any, slope: Any) -> Any:
    return s.Min(s.Max(a * slope + s.Rational(1, 2), 0), 1)


def _leaky_symbolic(s: Any, a: Any, negative: Any) -> Any:
    return s.Piecewise((a, a > 0), (negative, True))


def _add_to_second(a: Tensor | float, b: Tensor) -> Tensor:
    return b.add_(a)


def _clamp_min(a: Tensor, low: float) -> Tensor:
    return a.clamp(min=low)


def _clamp_max(a: Tensor, high: float) -> Tensor:
    return a.clamp(max=high)


def _maximum_of_large(a: Tensor, low: float) -> Tensor:
    return torch.maximum(a, a.new_tensor(low))


def _minimum_of_large(a: Tensor, high: float) -> Tensor:
    return torch.minimum(a, a.new_tensor(high))


# torch refuses to clamp at a number that the dtype does not hold; a tensor of it is infinite.
def _larger_than_number(a: Any, b: Any) -> NumberCall:
    operands = (a, b) if isinstance(b, float) else (b, a)
    if abs(operands[1]) > LARGEST_HALF:
        return _maximum_of_large, "torch.maximum({0}, {0}.new_tensor({1}))", operands
    return _clamp_min, "{0}.clamp(min={1})", operands


def _smaller_than_number(a: Any, b: Any) -> NumberCall:
    operands = (a, b) if isinstance(b, float) else (b, a)
    if abs(operands[1]) > LARGEST_HALF:
        return _minimum_of_large, "torch.minimum({0}, {0}.new_tensor({1}))", operands
    return _clamp_max, "{0}.clamp(max={1})", operands


def _divided_by_number(a: Any, b: Any) -> NumberCall | None:
    if not isinstance(b, float):
        return None
    return operator.truediv, "{0} / {1}", (a, b + (-DIVIDE_FLOOR if b < 0 else DIVIDE_FLOOR))


def _power_of_number(a: Any, b: Any) -> NumberCall | None:
    if not isinstance(a, float):
        return None
    return torch.pow, "torch.pow({0}, {1})", (max(abs(a), POWER_FLOOR), b)


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017

# fmt: off
_TABLE = (
    # Arithmetic. Infix in text: -a, a + b, a - b, a * b, a / b, a ** 2, a ** 3.
    _unary("neg", operator.neg, "-{0}", lambda s, a: -a,
           1, UNKNOWN, WRITABLE, SWISH),
    Primitive("add", 2, operator.add, "{0} + {1}",
        symbolic=lambda s, a, b: a + b, plain=lambda s, a, b: a + b,
        flops=1, sign=IF_ALL, value=WRITABLE,
        in_place=(operator.iadd, _add_to_second), with_number=None, source=SWISH),
    Primitive("sub", 2, operator.sub, "{0} - {1}",
        symbolic=lambda s, a, b: a - b, plain=lambda s, a, b: a - b,
        flops=1, sign=UNKNOWN, value=WRITABLE,
        in_place=(operator.isub, None), with_number=None, source=SWISH),
    Primitive("mul", 2, operator.mul, "{0} * {1}",
        symbolic=lambda s, a, b: a * b, plain=lambda s, a, b: a * b,
        flops=1, sign=IF_ALL, value=WRITABLE,
        in_place=(None, None), with_number=None, source=SWISH),
    Primitive("div", 2, numerics.divide,
        "{0} / ({1} + torch.where({1} < 0, -(2.0**-24), 2.0**-24).to({1}.dtype))",
        symbolic=_divide_symbolic, plain=lambda s, a, b: a / b,
        flops=1, sign=IF_ALL, value=KEPT,
        in_place=(None, None), with_number=_divided_by_number, source=SWISH),
    _unary("square", torch.square, "torch.square({0})", lambda s, a: a**2,
           1, NOT_NEGATIVE, WRITABLE, SWISH),
    _unary("cube", numerics.cube, "{0} * {0} * {0}", lambda s, a: a**3,
           2, IF_ALL, WRITABLE, SWISH),
    Primitive("max", 2, torch.maximum, "torch.maximum({0}, {1})",
        symbolic=lambda s, a, b: s.Max(a, b), plain=lambda s, a, b: s.Max(a, b),
        flops=1, sign=IF_ANY, value=KEPT,
        in_place=(None, None), with_number=_larger_than_number, source=SWISH),
    Primitive("min", 2, torch.minimum, "torch.minimum({0}, {1})",
        symbolic=lambda s, a, b: s.Min(a, b), plain=lambda s, a, b: s.Min(a, b),
        flops=1, sign=IF_ALL, value=KEPT,
        in_place=(None, None), with_number=_smaller_than_number, source=SWISH),
    # Elementary functions.
    _unary("abs", torch.abs, "torch.abs({0})", lambda s, a: s.Abs(a),
           1, NOT_NEGATIVE, WRITABLE, SWISH),
    Primitive("sqrt", 1, numerics.sqrt, "torch.sqrt({0}.clamp(min=0.001))",
        symbolic=lambda s, a: s.sqrt(s.Max(a, SQRT_FLOOR)), plain=lambda s, a: s.sqrt(a),
        flops=ELEMENTARY, sign=NOT_NEGATIVE, value=KEPT,
        in_place=(None, None), with_number=None, source=SWISH),
    Primitive("log", 1, numerics.log, "torch.log(torch.abs({0}) + 1e-05)",
        symbolic=lambda s, a: s.log(s.Abs(a) + LOG_FLOOR), plain=lambda s, a: s.log(s.Abs(a)),
        flops=ELEMENTARY, sign=UNKNOWN, value=KEPT,
        in_place=(None, None), with_number=None, source=SWISH),
    _unary("exp", torch.exp, "torch.exp({0})", lambda s, a: s.exp(a),
           ELEMENTARY, NOT_NEGATIVE, KEPT, SWISH),
    _unary("sin", torch.sin, "torch.sin({0})", lambda s, a: s.sin(a),
           ELEMENTARY, UNKNOWN, WRITABLE, SWISH),
    _unary("cos", torch.cos, "torch.cos({0})", lambda s, a: s.cos(a),
           ELEMENTARY, UNKNOWN, WRITABLE, SWISH),
    _unary("sinh", torch.sinh, "torch.sinh({0})", lambda s, a: s.sinh(a),
           ELEMENTARY, UNKNOWN, KEPT, SWISH),
    _unary("cosh", torch.cosh, "torch.cosh({0})", lambda s, a: s.cosh(a),
           ELEMENTARY, NOT_NEGATIVE, KEPT, SWISH),
    _unary("tanh", torch.tanh, "torch.tanh({0})", lambda s, a: s.tanh(a),
           ELEMENTARY, UNKNOWN, KEPT, SWISH),
    _unary("asinh", torch.asinh, "torch.asinh({0})", lambda s, a: s.asinh(a),
           ELEMENTARY, UNKNOWN, KEPT, SWISH),
    _unary("atan", torch.atan, "torch.atan({0})", lambda s, a: s.atan(a),
           ELEMENTARY, UNKNOWN, KEPT, SWISH),
    # Normalised, sin(pi x) / (pi x): in the paper's figure 3, sinc(x) + x meets x at integers.
    _unary("sinc", torch.sinc, "torch.sinc({0})", lambda s, a: s.sinc(s.pi * a),
           ELEMENTARY + 2, UNKNOWN, KEPT, SWISH),
    _unary("erf", torch.erf, "torch.erf({0})", lambda s, a: s.erf(a),
           ELEMENTARY, UNKNOWN, KEPT, SWISH),
    _unary("erfc", torch.erfc, "torch.erfc({0})", lambda s, a: s.erfc(a),
           ELEMENTARY, UNKNOWN, KEPT, AQUASURF),
    _unary("expm1", torch.expm1, "torch.expm1({0})", lambda s, a: s.exp(a) - 1,
           ELEMENTARY, UNKNOWN, KEPT, AQUASURF),
    Primitive("pow", 2, numerics.power, "torch.pow(torch.abs({0}).clamp(min=0.001), {1})",
        symbolic=lambda s, a, b: s.Max(s.Abs(a), POWER_FLOOR) ** b, plain=_power_symbolic,
        flops=2 * ELEMENTARY + 1, sign=UNKNOWN, value=KEPT,
        in_place=(None, None), with_number=_power_of_number, source=AQUASURF),
    _unary("bessel_i0e", torch.special.i0e, "torch.special.i0e({0})",
           lambda s, a: s.exp(-s.Abs(a)) * s.besseli(0, a),
           ELEMENTARY, UNKNOWN, KEPT, AQUASURF),
    _unary("bessel_i1e", numerics.bessel_i1e,
        "torch.special.i1e({0}.to(torch.promote_types({0}.dtype, torch.float32))).to({0}.dtype)",
           lambda s, a: s.exp(-s.Abs(a)) * s.besseli(1, a),
           ELEMENTARY, UNKNOWN, KEPT, AQUASURF),
    # Activations with a fused kernel in torch.
    _unary("relu", torch.relu, "torch.relu({0})", lambda s, a: s.Max(a, 0),
           1, NOT_NEGATIVE, KEPT, SWISH),
    _unary("sigmoid", torch.sigmoid, "torch.sigmoid({0})", lambda s, a: 1 / (1 + s.exp(-a)),
           ELEMENTARY + 2, NOT_NEGATIVE, KEPT, SWISH),
    _unary("softplus", F.softplus, "F.softplus({0})", lambda s, a: s.log(1 + s.exp(a)),
           2 * ELEMENTARY + 1, NOT_NEGATIVE, KEPT, SWISH),
    _unary("silu", F.silu, "F.silu({0})", lambda s, a: a / (1 + s.exp(-a)),
           ELEMENTARY + 3, UNKNOWN, KEPT, TORCH),
    _unary("gelu", F.gelu, "F.gelu({0})", lambda s, a: a * (1 + s.erf(a / s.sqrt(2))) / 2,
           ELEMENTARY + 4, UNKNOWN, KEPT, TORCH),
    _unary("mish", F.mish, "F.mish({0})", lambda s, a: a * s.tanh(s.log(1 + s.exp(a))),
           3 * ELEMENTARY + 2, UNKNOWN, KEPT, TORCH),
    _unary("elu", F.elu, "F.elu({0})", lambda s, a: _leaky_symbolic(s, a, s.exp(a) - 1),
           ELEMENTARY + 2, UNKNOWN, KEPT, TORCH),
    _unary("selu", F.selu, "F.selu({0})",
           lambda s, a: _SELU_SCALE * _leaky_symbolic(s, a, _SELU_ALPHA * (s.exp(a) - 1)),
           ELEMENTARY + 4, UNKNOWN, KEPT, TORCH),
    _unary("elish", numerics.elish, "F.elu({0}) * torch.sigmoid({0})",
           lambda s, a: _leaky_symbolic(s, a, s.exp(a) - 1) / (1 + s.exp(-a)),
           2 * ELEMENTARY + 4, UNKNOWN, KEPT, AQUASURF),
    _unary("leaky_relu", F.leaky_relu, "F.leaky_relu({0})",
           lambda s, a: _leaky_symbolic(s, a, a / 100),
           1, UNKNOWN, KEPT, TORCH),
    _unary("softsign", F.softsign, "F.softsign({0})", lambda s, a: a / (1 + s.Abs(a)),
           3, UNKNOWN, KEPT, TORCH),
    _unary("log_sigmoid", F.logsigmoid, "F.logsigmoid({0})", lambda s, a: -s.log(1 + s.exp(-a)),
           2 * ELEMENTARY + 2, UNKNOWN, KEPT, TORCH),
    _unary("hard_sigmoid", numerics.hard_sigmoid,
        "(F.relu6({0}.to(torch.promote_types({0}.dtype, torch.float32)) + 3.0) / 6.0)"
        ".to({0}.dtype)",
           lambda s, a: _hard_symbolic(s, a, s.Rational(1, 6)),
           4, NOT_NEGATIVE, KEPT, TORCH),
    _unary("hard_swish", F.hardswish, "F.hardswish({0})",
           lambda s, a: a * _hard_symbolic(s, a, s.Rational(1, 6)),
           5, UNKNOWN, KEPT, TORCH),
)
# fmt: on

PRIMITIVES: Mapping[str, Primitive] = MappingProxyType({p.name: p for p in _TABLE})

# Other names the same operators go by, in the papers and in torch.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "arctan": "atan",
        "arcsinh": "asinh",
        "negative": "neg",
        "divide": "div",
        "multiply": "mul",
        "maximum": "max",
        "minimum": "min",
        "subtract": "sub",
        "power": "pow",
        "swish": "silu",
        "leakyrelu": "leaky_relu",
        "logsigmoid": "log_sigmoid",
        "hardsigmoid": "hard_sigmoid",
        "hardswish": "hard_swish",
    }
)

CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi})
