"""Small builders, so that families read as their formulas: sums, Horner forms, powers."""

from __future__ import annotations

from collections.abc import Sequence

from .expression import Call, Constant, Expression

Term = Expression | float


def node(term: Term) -> Expression:
    """A number as a constant; an expression as it is."""
    return term if isinstance(term, Expression) else Constant(float(term))


def call(primitive: str, *operands: Term) -> Expression:
    """A primitive applied to expressions and numbers."""
    return Call(primitive, tuple(node(o) for o in operands))


def add(a: Term, b: Term) -> Expression:
    return call("add", a, b)


def sub(a: Term, b: Term) -> Expression:
    return call("sub", a, b)


def mul(a: Term, b: Term) -> Expression:
    return call("mul", a, b)


def div(a: Term, b: Term) -> Expression:
    return call("div", a, b)


def larger(a: Term, b: Term) -> Expression:
    return call("max", a, b)


def smaller(a: Term, b: Term) -> Expression:
    return call("min", a, b)


def total(terms: Sequence[Term]) -> Expression:
    """The sum, left to right up to 16 terms and of such sums beyond, so that depth stays low."""
    chunks = [terms[i : i + 16] for i in range(0, len(terms), 16)]
    sums = [_chain(chunk) for chunk in chunks]
    return _chain(sums)


def combination(coefficients: Sequence[Term], basis: Sequence[Expression]) -> Expression:
    """sum c_k basis_k; a basis of 1 leaves its coefficient alone."""
    unit = Constant(1.0)
    return total([c if b == unit else mul(c, b) for c, b in zip(coefficients, basis, strict=True)])


def horner(coefficients: Sequence[Term], x: Expression) -> Expression:
    """c_0 + x (c_1 + x (c_2 + …)): a polynomial whose powers never overflow by themselves."""
    value = node(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = add(coefficient, mul(x, value))
    return value


def scaled(x: Expression, factor: float) -> Expression:
    """factor * x, or x itself."""
    return x if factor == 1 else mul(factor, x)


def shifted(x: Expression, offset: float) -> Expression:
    """x - offset, written without a double sign."""
    if offset == 0:
        return x
    return sub(x, offset) if offset > 0 else add(x, -offset)


def _chain(terms: Sequence[Term]) -> Expression:
    value = node(terms[0])
    for term in terms[1:]:
        value = add(value, term)
    return value
