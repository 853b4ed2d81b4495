"""The derivatives of a candidate as torch source: by sympy, with shared subexpressions.

Each primitive is a function of sympy's with a rule for its slope in terms of primitives, so that
sympy neither rewrites nor overflows what was protected: the slope of sigmoid is s (1 - s), and not
exp(-x) / (1 + exp(-x))^2. Where two operands of max or min are equal, the second one's slope is
taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..expressions.compile import compile_program, never_negative
from ..expressions.expression import Call, Constant, Expression, Parameter, Variable
from ..expressions.numerics import DIVIDE_FLOOR, LOG_FLOOR, POWER_FLOOR, SQRT_FLOOR
from ..expressions.primitives import PRIMITIVES

_SCALE, _ALPHA = 1.0507009873554805, 1.6732632423543772  # of SELU
_ROOT = 1 / math.sqrt(2 * math.pi)

# Source of what is no primitive, on texts of operands.
_CODES: Mapping[str, str] = {
    "quotient": "{0} / {1}",
    "away": "_away_from_zero({0})",
    "sign": "torch.sign({0})",
    "rsqrt": "torch.rsqrt({0})",
    "ln": "torch.log({0})",
    "least": "{0}.clamp(min={1})",
    "most": "{0}.clamp(max={1})",
    "sinc_slope": "_sinc_slope({0})",
    "i1e_slope": "_i1e_slope({0})",
}

# What a file has to define where it is called.
HELPERS: Mapping[str, str] = {
    "_away_from_zero": '''
def _away_from_zero(a: Tensor) -> Tensor:
    """a, moved 2**-24 away from 0 on its own side, as divisors are in the search."""
    return a + torch.where(a < 0, -(2.0**-24), 2.0**-24).to(a.dtype)
''',
    "_sinc_slope": '''
def _sinc_slope(a: Tensor) -> Tensor:
    """The slope of sin(pi a) / (pi a), 0 at 0."""
    zero = a == 0
    turned = torch.where(zero, torch.ones_like(a), torch.pi * a)
    slope = torch.pi * (turned * torch.cos(turned) - torch.sin(turned)) / torch.square(turned)
    return torch.where(zero, torch.zeros_like(a), slope)
''',
    "_i1e_slope": '''
def _i1e_slope(a: Tensor) -> Tensor:
    """The slope of exp(-|a|) I1(a), 1/2 at 0."""
    wide = a.to(torch.promote_types(a.dtype, torch.float32))
    zero = torch.abs(wide) < torch.finfo(wide.dtype).eps
    safe = torch.where(zero, torch.ones_like(wide), wide)
    slope = torch.special.i0e(safe) - torch.special.i1e(safe) * (torch.sign(safe) + 1 / safe)
    return torch.where(zero, 0.5 * torch.ones_like(wide), slope).to(a.dtype)
''',
}


@dataclass(frozen=True, slots=True)
class Slopes:
    """`lines` compute what is shared; `results` are the slopes by x and by each parameter, in
    order, as source."""

    lines: tuple[str, ...]
    results: tuple[str, ...]

    @property
    def helpers(self) -> tuple[str, ...]:
        """The definitions that the source calls."""
        text = "\n".join([*self.lines, *self.results])
        return tuple(code for name, code in HELPERS.items() if f"{name}(" in text)


def slopes(expression: Expression, names: Mapping[Parameter, str]) -> Slopes:
    """The slopes of an expression in torch source over `x` and the names of its parameters."""
    import sympy as s

    x = s.Symbol("x", real=True)
    symbols = {p: s.Symbol(name, real=True) for p, name in names.items()}
    places: dict[Expression, Any] = {Variable(): x, **dict(symbols.items())}
    whole = _converted(expression, places)
    derivatives = [s.diff(whole, symbol) for symbol in (x, *symbols.values())]
    shared, reduced = s.cse(derivatives, symbols=s.numbered_symbols("v", start=1), order="none")
    lines = tuple(f"{symbol.name} = {_text(value)[0]}" for symbol, value in shared)
    return Slopes(lines, tuple(_text(value)[0] for value in reduced))


@cache
def _functions() -> Any:
    """The functions of sympy, by name, as attributes."""
    import sympy as s

    class Of:
        """f.sigmoid(a) and the like."""

        def __getattr__(self, name: str) -> Any:
            made = _function(s, name, _RULES.get(name, ()), self)
            setattr(self, name, made)
            return made

    return Of()


def _function(s: Any, name: str, rules: tuple[Callable[..., Any], ...], f: Any) -> Any:
    """A function of sympy's whose slopes are `rules` of its operands."""

    def fdiff(self: Any, argindex: int = 1) -> Any:
        return rules[argindex - 1](f, *self.args)

    def picked(self: Any, symbol: Any) -> Any:
        """The slope of the operand that max or min takes."""
        a, b = self.args
        larger, smaller = (a, b) if name == "max" else (b, a)
        return f.pick(larger, smaller, a.diff(symbol), b.diff(symbol))

    methods = {"_eval_derivative": picked} if name in ("max", "min") else {"fdiff": fdiff}
    return type(name, (s.Function,), {**methods, "is_real": True})


def _n(value: float) -> Any:
    """A number of sympy's that is the same float."""
    import sympy as s

    if not math.isfinite(value):
        return s.Float(value)
    return s.Integer(int(value)) if float(value).is_integer() else s.Float(value, 17)


def _log_of_base(f: Any, a: Any) -> Any:
    if a.is_Number:
        return _n(math.log(max(abs(float(a)), POWER_FLOOR)))
    return f.ln(f.least(f.abs(a), _n(POWER_FLOOR)))


# By primitive, the slope by each operand; f.NAME is a primitive or a key of _CODES, and
# f.pick(a, b, p, q) is p where a > b, else q.
_RULES: Mapping[str, tuple[Callable[..., Any], ...]] = {
    "exp": (lambda f, a: f.exp(a),),
    "expm1": (lambda f, a: f.exp(a),),
    "sin": (lambda f, a: f.cos(a),),
    "cos": (lambda f, a: -f.sin(a),),
    "sinh": (lambda f, a: f.cosh(a),),
    "cosh": (lambda f, a: f.sinh(a),),
    "tanh": (lambda f, a: 1 - f.tanh(a) ** 2,),
    "asinh": (lambda f, a: f.rsqrt(a**2 + 1),),
    "atan": (lambda f, a: f.quotient(1, a**2 + 1),),
    "sinc": (lambda f, a: f.sinc_slope(a),),
    "erf": (lambda f, a: _n(2 / math.sqrt(math.pi)) * f.exp(-(a**2)),),
    "erfc": (lambda f, a: _n(-2 / math.sqrt(math.pi)) * f.exp(-(a**2)),),
    "abs": (lambda f, a: f.sign(a),),
    "log": (lambda f, a: f.quotient(f.sign(a), f.abs(a) + _n(LOG_FLOOR)),),
    "sqrt": (lambda f, a: f.pick(a, _n(SQRT_FLOOR), f.quotient(_n(0.5), f.sqrt(a)), 0),),
    "pow": (
        lambda f, a, b: f.pick(f.abs(a), _n(POWER_FLOOR), b * f.pow(a, b - 1) * f.sign(a), 0),
        lambda f, a, b: f.pow(a, b) * _log_of_base(f, a),
    ),
    "bessel_i0e": (lambda f, a: f.bessel_i1e(a) - f.sign(a) * f.bessel_i0e(a),),
    "bessel_i1e": (lambda f, a: f.i1e_slope(a),),
    "relu": (lambda f, a: f.pick(a, 0, 1, 0),),
    "sigmoid": (lambda f, a: f.sigmoid(a) * (1 - f.sigmoid(a)),),
    "softplus": (lambda f, a: f.sigmoid(a),),
    "log_sigmoid": (lambda f, a: f.sigmoid(-a),),
    "silu": (lambda f, a: f.sigmoid(a) * (1 + a * (1 - f.sigmoid(a))),),
    "gelu": (
        lambda f, a: f.erfc(_n(-math.sqrt(0.5)) * a) / 2 + _n(_ROOT) * a * f.exp(-(a**2) / 2),
    ),
    "mish": (
        lambda f, a: f.tanh(f.softplus(a)) + a * f.sigmoid(a) * (1 - f.tanh(f.softplus(a)) ** 2),
    ),
    "elu": (lambda f, a: f.exp(f.most(a, 0)),),
    "selu": (lambda f, a: f.pick(a, 0, _n(_SCALE), _n(_SCALE * _ALPHA) * f.exp(f.most(a, 0))),),
    "elish": (lambda f, a: f.sigmoid(a) * (f.exp(f.most(a, 0)) + f.elu(a) * (1 - f.sigmoid(a))),),
    "leaky_relu": (lambda f, a: f.pick(a, 0, 1, _n(0.01)),),
    "softsign": (lambda f, a: f.quotient(1, (f.abs(a) + 1) ** 2),),
    "hard_sigmoid": (lambda f, a: f.pick(3, f.abs(a), _n(1 / 6), 0),),
    "hard_swish": (lambda f, a: f.pick(a, 3, 1, f.pick(a, -3, a / 3 + _n(0.5), 0)),),
    "quotient": (
        lambda f, a, b: 1 / b if b.is_Number else f.quotient(1, b),
        lambda f, a, b: -f.quotient(f.quotient(a, b), b),
    ),
    "away": (lambda f, a: 1,),
}

_ARITHMETIC: Mapping[str, Callable[..., Any]] = {
    "neg": lambda a: -a, "add": lambda a, b: a + b, "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b, "square": lambda a: a**2, "cube": lambda a: a**3,
}  # fmt: skip


def _converted(node: Expression, known: dict[Expression, Any]) -> Any:
    """The expression over these functions."""
    if node not in known:
        known[node] = _convert(node, known)
    return known[node]


def _convert(node: Expression, known: dict[Expression, Any]) -> Any:
    if isinstance(node, Constant):
        return _n(node.value)
    assert isinstance(node, Call)
    f, name = _functions(), node.primitive
    operands = [_converted(operand, known) for operand in node.operands]
    if all(operand.is_Number for operand in operands):  # also sinc(x - x)
        constants = tuple(Constant(float(operand)) for operand in operands)
        number = compile_program(Call(name, constants)).result
        assert isinstance(number, float)  # constants are folded
        return _n(number)
    if name in _ARITHMETIC:
        return _ARITHMETIC[name](*operands)
    if name == "div":
        a, b = operands
        if b.is_Number:
            return f.quotient(a, _n(float(b) + math.copysign(DIVIDE_FLOOR, float(b))))
        divisor = b + _n(DIVIDE_FLOOR) if never_negative(node.operands[1]) else f.away(b)
        return f.quotient(a, divisor)
    return getattr(f, name)(*operands)


_SUM, _PRODUCT, _ATOM = 1, 2, 4  # how tightly a text binds


def _text(value: Any) -> tuple[str, int]:
    """Source and binding strength."""
    if value.is_Symbol:
        return value.name, _ATOM
    if value.is_Number:
        number = float(value)
        return (f"({number!r})" if number < 0 else repr(number)), _ATOM
    if value.is_Add:
        return _sum(value), _SUM
    if value.is_Mul:
        return _product(value), _PRODUCT
    if value.is_Pow:
        return _power(value), _ATOM
    name, operands = value.func.__name__, value.args
    if name == "pick":
        return _pick(*operands), _ATOM
    if name in ("max", "min") and any(o.is_Number for o in operands):
        number, other = sorted(operands, key=lambda o: not o.is_Number)
        bound = "min" if name == "max" else "max"
        return f"{_atom(other)}.clamp({bound}={_text(number)[0]})", _ATOM
    if name == "pow" and operands[0].is_Number:
        base = max(abs(float(operands[0])), POWER_FLOOR)
        return f"torch.pow({base!r}, {_text(operands[1])[0]})", _ATOM
    code = _CODES.get(name) or PRIMITIVES[name].code
    if name == "quotient":
        return code.format(_bound(operands[0], _PRODUCT), _atom(operands[1])), _PRODUCT
    return code.format(*map(_atom, operands)), _PRODUCT if " * " in code else _ATOM


def _bound(value: Any, strength: int) -> str:
    text, binding = _text(value)
    return text if binding >= strength else f"({text})"


def _atom(value: Any) -> str:
    return _bound(value, _ATOM)


def _sum(value: Any) -> str:
    text = ""
    # 1.0 - x and x + 1.0: what is taken away last, numbers behind the rest.
    order = sorted(
        value.as_ordered_terms(), key=lambda t: (t.could_extract_minus_sign(), t.is_Number)
    )
    for term in order:
        negative = term.could_extract_minus_sign()
        part = _bound(-term if negative else term, _PRODUCT)
        text += (" - " if negative else " + ") + part if text else ("-" if negative else "") + part
    return text


def _product(value: Any) -> str:
    coefficient, factors = value.as_coeff_mul()
    # exp(-x**2) * x * x in this order: x * x may be infinite where the exponential is 0.
    order = sorted(factors, key=lambda factor: (not factor.is_Function, factor.is_Pow))
    parts = [_bound(factor, _PRODUCT + 1) for factor in order]
    for factor in order:
        if factor.is_Pow and factor.base.is_Symbol and factor.exp == 2 and len(order) > 1:
            parts[order.index(factor)] = f"{factor.base.name} * {factor.base.name}"
    if coefficient == -1:
        return "-" + " * ".join(parts)
    if coefficient != 1:
        parts.insert(0, _text(coefficient)[0])
    return " * ".join(parts)


def _power(value: Any) -> str:
    base, exponent = value.as_base_exp()
    if exponent == 2:
        return f"torch.square({_text(base)[0]})"
    return f"torch.pow({_text(base)[0]}, {float(exponent)!r})"


def _pick(a: Any, b: Any, p: Any, q: Any) -> str:
    condition = f"{_bound(a, _PRODUCT)} > {_bound(b, _PRODUCT)}"
    if (p, q) == (1, 0):
        return f"({condition}).to(x.dtype)"
    chosen = f"torch.where({condition}, {_text(p)[0]}, {_text(q)[0]})"
    return f"{chosen}.to(x.dtype)" if p.is_Number and q.is_Number else chosen
