"""A sympy form back to an expression, so that what is derived in symbols can be trained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any

from ..errors import CandidateError
from .expression import Call, Constant, Expression

# sympy's function class -> our primitive of one operand
_UNARY = {
    "exp": "exp",
    "log": "log",
    "sin": "sin",
    "cos": "cos",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "asinh": "asinh",
    "atan": "atan",
    "erf": "erf",
    "Abs": "abs",
}
_FOLDED = {"Max": "max", "Min": "min"}


def from_sympy(form: Any, symbols: Mapping[Any, Expression]) -> Expression:
    """The expression of a sympy form over these symbols.

    Raises CandidateError where a function in it has no primitive, such as a Piecewise.
    """

    def convert(node: Any) -> Expression:
        return from_sympy(node, symbols)

    if form in symbols:
        return symbols[form]
    if form.is_number:
        return Constant(float(form))
    kind = type(form).__name__
    if kind in _UNARY:
        return Call(_UNARY[kind], (convert(form.args[0]),))
    if kind in _FOLDED:
        return _folded(_FOLDED[kind], map(convert, form.args))
    if form.is_Add:
        return _sum(form, convert)
    if form.is_Mul:
        return _product(form, convert)
    if form.is_Pow:
        return _power(form.base, form.exp, convert)
    raise CandidateError(f"{kind} has no primitive, so {form} cannot be an expression")


def _folded(primitive: str, operands: Iterable[Expression]) -> Expression:
    def both(a: Expression, b: Expression) -> Expression:
        return Call(primitive, (a, b))

    return reduce(both, operands)


def _sum(form: Any, convert: Callable[[Any], Expression]) -> Expression:
    """Left to right, a negative term subtracted."""
    terms = sorted(form.args, key=lambda t: t.could_extract_minus_sign())
    value = convert(terms[0])
    for term in terms[1:]:
        if term.could_extract_minus_sign():
            value = Call("sub", (value, convert(-term)))
        else:
            value = Call("add", (value, convert(term)))
    return value


def _product(form: Any, convert: Callable[[Any], Expression]) -> Expression:
    """One quotient of products, so that there is one protected division."""
    above, below = form.as_numer_denom()
    if below != 1:
        return Call("div", (convert(above), convert(below)))
    number, rest = form.as_coeff_Mul()
    if number == -1:
        return Call("neg", (convert(rest),))
    return _folded("mul", map(convert, form.args))


def _power(base: Any, exponent: Any, convert: Callable[[Any], Expression]) -> Expression:
    inner = convert(base)
    if exponent.is_Rational and exponent.q == 2 and abs(exponent.p) == 1:
        inner, exponent = Call("sqrt", (inner,)), exponent * 2
    if not exponent.is_Integer or abs(exponent) > 9:
        raise CandidateError(f"the power {exponent} has no primitive")
    count = abs(int(exponent))
    if count in (2, 3):
        raised: Expression = Call({2: "square", 3: "cube"}[count], (inner,))
    else:
        raised = _folded("mul", [inner] * count)
    return raised if exponent > 0 else Call("div", (Constant(1.0), raised))
