"""A formula of numpy as an expression of ours, to see whether it only repeats the catalog's.

The formula is called with a symbol instead of numbers, which writes down what is done to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from actsearch.space import Call, Constant, Expression, parse
from actsearch.space.analysis.canonical import canonical_form
from actsearch.space.expressions.expression import substitute

CALLS = {  # ufuncs of numpy and scipy, and what we call them
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "negative": "neg",
    "maximum": "max",
    "minimum": "min",
    "absolute": "abs",
    "arctan": "atan",
    "arcsinh": "asinh",
    "expit": "sigmoid",
} | {name: name for name in ("exp", "log", "sqrt", "sin", "cos", "sinh", "cosh", "tanh", "erf")}
CLAMP = 4  # exp(4) saturates what is around it


class Unwritable(Exception):
    """Something that has no counterpart among our primitives: a case, an integral, a series."""


class Symbol:
    """A formula's text so far, in our notation, which NumPy's functions extend."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **_: Any) -> Symbol:
        name = ufunc.__name__
        texts = [_text(operand) for operand in operands]
        if name == "power" and _is_number(operands[1]):
            return _power(texts[0], float(operands[1]))
        if name == "square":
            return _power(texts[0], 2)
        if name == "log1p":
            return Symbol(f"log(add(1, {texts[0]}))")
        if name == "expm1":
            return Symbol(f"sub(exp({texts[0]}), 1)")
        if method != "__call__" or name not in CALLS:
            raise Unwritable(name)
        return Symbol(f"{CALLS[name]}({', '.join(texts)})")

    def __array_function__(self, function: Any, _: Any, arguments: Any, named: Any) -> Symbol:
        if function is np.clip:
            value, low, high = map(_text, arguments)
            return Symbol(f"min(max({value}, {low}), {high})")
        raise Unwritable(function.__name__)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise Unwritable("an array")

    def __add__(self, other: Any) -> Any:
        return np.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return np.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return np.subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return np.subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return np.multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return np.multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return np.divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return np.divide(other, self)

    def __pow__(self, other: Any) -> Any:
        return np.power(self, other)

    def __neg__(self) -> Any:
        return np.negative(self)

    def _refused(self, _: object) -> bool:
        raise Unwritable("a comparison")

    __lt__ = __le__ = __gt__ = __ge__ = _refused


def repeats(expression: Expression, formula: Callable[[Any], Any]) -> bool:
    """Whether the formula is the expression at its initial parameters, but for the order of
    operands, factors of 1 and terms of 0."""
    try:
        written = formula(Symbol("x"))
    except Unwritable:
        return False
    fixed: dict[Expression, Expression] = {p: Constant(p.initial) for p in expression.parameters}
    ours = _plain(substitute(expression, fixed))
    theirs = _plain(parse(_text(written)))
    return canonical_form(ours) == canonical_form(theirs)


def _plain(tree: Expression) -> Expression:
    """Without what the first formula has for its own sake: factors of 1 and terms of 0, products
    instead of powers, relu instead of max, and a clamp inside exp that no float64 notices."""
    if not isinstance(tree, Call):
        return tree
    operands = [_plain(operand) for operand in tree.operands]
    if all(isinstance(operand, Constant) for operand in operands):
        return Constant(
            float(Call(tree.primitive, tuple(operands)).values(torch.zeros(1).double()))
        )
    match tree.primitive, operands:
        case ("mul", [Constant(1.0), other]) | ("mul" | "div", [other, Constant(1.0)]):
            return other
        case ("add", [Constant(0.0), other]) | ("add" | "sub", [other, Constant(0.0)]):
            return other
        case "relu", [other]:
            return Call("max", (other, Constant(0.0)))
        case "square", [other]:
            return Call("mul", (other, other))
        case "cube", [other]:
            return Call("mul", (other, Call("mul", (other, other))))
        case "exp", [inner]:
            return Call("exp", (_unclamped(inner),))
        case "div", [other, Constant(number)]:
            return Call("mul", (other, Constant(1 / number)))
    return Call(tree.primitive, tuple(operands))


def _unclamped(tree: Expression) -> Expression:
    match tree:
        case Call(primitive="neg", operands=(inner,)):
            return Call("neg", (_unclamped(inner),))
        case Call(primitive="min" | "max", operands=(inner, Constant(end))) if abs(end) >= CLAMP:
            return inner
    return tree


def _text(operand: Any) -> str:
    if isinstance(operand, Symbol):
        return operand.text
    if not _is_number(operand):
        raise Unwritable(type(operand).__name__)
    return f"({float(operand)!r})"


def _is_number(operand: Any) -> bool:
    return isinstance(operand, int | float | np.floating)


def _power(base: str, exponent: float) -> Symbol:
    if exponent not in (2, 3):
        raise Unwritable(f"the power {exponent}")
    return Symbol(f"{base} ** {exponent:g}")
