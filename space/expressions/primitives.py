"""The primitives: every operator an expression may use, with its protection and source.

The contract of each, which tests/contracts/test_primitives.py enforces:
- pointwise and pure: the value at a point depends on that point alone;
- value and derivative are finite for every input in [-10, 10], in float32 and bfloat16;
- `function`, `code` and `symbolic` are the same function.

Names are part of the stored format: never renamed, never reused. Protections are too, since
every stored score was computed with them.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from . import numerics as protected
from .numerics import (
    DIVIDE_FLOOR,
    LOG_FLOOR,
    POWER_FLOOR,
    SQRT_FLOOR,
)

SWISH = "Ramachandran et al. 2017, table of unary and binary functions"
TORCH = "torch.nn"
AQUASURF = "Bingham & Miikkulainen 2023, operators of AQuaSurF and Act-Bench"


@dataclass(frozen=True, slots=True)
class Primitive:
    """One operator: `function` maps `arity` float tensors of one shape to one of that shape.

    `neg`, `add`, `sub` and `mul` take Python numbers in place of tensors as well.
    `code` is the same in Python source over torch, with {0}, {1} for the arguments, and
    `symbolic` the same in sympy, given the sympy module first (so that nothing imports it here).
    """

    name: str
    arity: int
    function: Callable[..., Tensor]
    code: str
    symbolic: Callable[..., Any]
    source: str


def _hard_symbolic(s: Any, a: Any, slope: Any) -> Any:
    return s.Min(s.Max(a * slope + s.Rational(1, 2), 0), 1)


def _leaky_symbolic(s: Any, a: Any, negative: Any) -> Any:
    return s.Piecewise((a, a > 0), (negative, True))


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017

_TABLE = (
    # Arithmetic. Infix in text: -a, a + b, a - b, a * b, a / b, a ** 2, a ** 3.
    Primitive("neg", 1, operator.neg, "-{0}", lambda s, a: -a, SWISH),
    Primitive("add", 2, operator.add, "{0} + {1}", lambda s, a, b: a + b, SWISH),
    Primitive("sub", 2, operator.sub, "{0} - {1}", lambda s, a, b: a - b, SWISH),
    Primitive("mul", 2, operator.mul, "{0} * {1}", lambda s, a, b: a * b, SWISH),
    Primitive(
        "div",
        2,
        protected.divide,
        "{0} / ({1} + torch.where({1} < 0, -(2.0**-24), 2.0**-24).to({1}.dtype))",
        lambda s, a, b: a / (b + s.Piecewise((-DIVIDE_FLOOR, b < 0), (DIVIDE_FLOOR, True))),
        SWISH,
    ),
    Primitive("square", 1, torch.square, "torch.square({0})", lambda s, a: a**2, SWISH),
    Primitive("cube", 1, protected.cube, "{0} * {0} * {0}", lambda s, a: a**3, SWISH),
    Primitive(
        "max", 2, torch.maximum, "torch.maximum({0}, {1})", lambda s, a, b: s.Max(a, b), SWISH
    ),
    Primitive(
        "min", 2, torch.minimum, "torch.minimum({0}, {1})", lambda s, a, b: s.Min(a, b), SWISH
    ),
    # Elementary functions.
    Primitive("abs", 1, torch.abs, "torch.abs({0})", lambda s, a: s.Abs(a), SWISH),
    Primitive(
        "sqrt",
        1,
        protected.sqrt,
        "torch.sqrt({0}.clamp(min=0.001))",
        lambda s, a: s.sqrt(s.Max(a, SQRT_FLOOR)),
        SWISH,
    ),
    Primitive(
        "log",
        1,
        protected.log,
        "torch.log(torch.abs({0}) + 1e-05)",
        lambda s, a: s.log(s.Abs(a) + LOG_FLOOR),
        SWISH,
    ),
    Primitive("exp", 1, torch.exp, "torch.exp({0})", lambda s, a: s.exp(a), SWISH),
    Primitive("sin", 1, torch.sin, "torch.sin({0})", lambda s, a: s.sin(a), SWISH),
    Primitive("cos", 1, torch.cos, "torch.cos({0})", lambda s, a: s.cos(a), SWISH),
    Primitive("sinh", 1, torch.sinh, "torch.sinh({0})", lambda s, a: s.sinh(a), SWISH),
    Primitive("cosh", 1, torch.cosh, "torch.cosh({0})", lambda s, a: s.cosh(a), SWISH),
    Primitive("tanh", 1, torch.tanh, "torch.tanh({0})", lambda s, a: s.tanh(a), SWISH),
    Primitive("asinh", 1, torch.asinh, "torch.asinh({0})", lambda s, a: s.asinh(a), SWISH),
    Primitive("atan", 1, torch.atan, "torch.atan({0})", lambda s, a: s.atan(a), SWISH),
    # Normalised, sin(pi x) / (pi x): in the paper's figure 3, sinc(x) + x meets x at integers.
    Primitive("sinc", 1, torch.sinc, "torch.sinc({0})", lambda s, a: s.sinc(s.pi * a), SWISH),
    Primitive("erf", 1, torch.erf, "torch.erf({0})", lambda s, a: s.erf(a), SWISH),
    Primitive("erfc", 1, torch.erfc, "torch.erfc({0})", lambda s, a: s.erfc(a), AQUASURF),
    Primitive("expm1", 1, torch.expm1, "torch.expm1({0})", lambda s, a: s.exp(a) - 1, AQUASURF),
    Primitive(
        "pow",
        2,
        protected.power,
        "torch.pow(torch.abs({0}).clamp(min=0.001), {1})",
        lambda s, a, b: s.Max(s.Abs(a), POWER_FLOOR) ** b,
        AQUASURF,
    ),
    Primitive(
        "bessel_i0e",
        1,
        torch.special.i0e,
        "torch.special.i0e({0})",
        lambda s, a: s.exp(-s.Abs(a)) * s.besseli(0, a),
        AQUASURF,
    ),
    Primitive(
        "bessel_i1e",
        1,
        protected.bessel_i1e,
        "torch.special.i1e({0}.to(torch.promote_types({0}.dtype, torch.float32))).to({0}.dtype)",
        lambda s, a: s.exp(-s.Abs(a)) * s.besseli(1, a),
        AQUASURF,
    ),
    # Activations with a fused kernel in torch.
    Primitive("relu", 1, torch.relu, "torch.relu({0})", lambda s, a: s.Max(a, 0), SWISH),
    Primitive(
        "sigmoid", 1, torch.sigmoid, "torch.sigmoid({0})", lambda s, a: 1 / (1 + s.exp(-a)), SWISH
    ),
    Primitive(
        "softplus", 1, F.softplus, "F.softplus({0})", lambda s, a: s.log(1 + s.exp(a)), SWISH
    ),
    Primitive("silu", 1, F.silu, "F.silu({0})", lambda s, a: a / (1 + s.exp(-a)), TORCH),
    Primitive(
        "gelu", 1, F.gelu, "F.gelu({0})", lambda s, a: a * (1 + s.erf(a / s.sqrt(2))) / 2, TORCH
    ),
    Primitive(
        "mish", 1, F.mish, "F.mish({0})", lambda s, a: a * s.tanh(s.log(1 + s.exp(a))), TORCH
    ),
    Primitive(
        "elu", 1, F.elu, "F.elu({0})", lambda s, a: _leaky_symbolic(s, a, s.exp(a) - 1), TORCH
    ),
    Primitive(
        "selu",
        1,
        F.selu,
        "F.selu({0})",
        lambda s, a: _SELU_SCALE * _leaky_symbolic(s, a, _SELU_ALPHA * (s.exp(a) - 1)),
        TORCH,
    ),
    Primitive(
        "elish",
        1,
        protected.elish,
        "F.elu({0}) * torch.sigmoid({0})",
        lambda s, a: _leaky_symbolic(s, a, s.exp(a) - 1) / (1 + s.exp(-a)),
        AQUASURF,
    ),
    Primitive(
        "leaky_relu",
        1,
        F.leaky_relu,
        "F.leaky_relu({0})",
        lambda s, a: _leaky_symbolic(s, a, a / 100),
        TORCH,
    ),
    Primitive(
        "softsign", 1, F.softsign, "F.softsign({0})", lambda s, a: a / (1 + s.Abs(a)), TORCH
    ),
    Primitive(
        "log_sigmoid",
        1,
        F.logsigmoid,
        "F.logsigmoid({0})",
        lambda s, a: -s.log(1 + s.exp(-a)),
        TORCH,
    ),
    Primitive(
        "hard_sigmoid",
        1,
        F.hardsigmoid,
        "F.hardsigmoid({0})",
        lambda s, a: _hard_symbolic(s, a, s.Rational(1, 6)),
        TORCH,
    ),
    Primitive(
        "hard_swish",
        1,
        F.hardswish,
        "F.hardswish({0})",
        lambda s, a: a * _hard_symbolic(s, a, s.Rational(1, 6)),
        TORCH,
    ),
)

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
