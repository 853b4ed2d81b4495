"""Text to expression, with a closed grammar: nothing is ever evaluated.

    sum      := product (("+" | "-") product)*
    product  := unary (("*" | "/") unary)*
    unary    := "-" unary | power
    power    := atom ("**" ("2" | "3"))?
    atom     := number | name | name "(" sum ("," sum)* ")" | "(" sum ")"
    name     := "x" | constant | operator | parameter
    operator := a primitive, one of its aliases, or a paper's own name (notation.py)
    parameter:= letter (letter | digit | "_")* ("[" granularity "]")? ("=" "-"? number)?

`-` directly before a number makes a negative constant. A parameter is declared where it first
appears; later it is its name alone, or the same declaration again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from ..errors import CandidateError, ExpressionError, nearest
from .expression import (
    GRANULARITIES,
    MAX_DEPTH,
    Call,
    Constant,
    Expression,
    Granularity,
    Parameter,
    Variable,
    substitute,
)
from .notation import FOLDS, FORMS
from .primitives import ALIASES, CONSTANTS, PRIMITIVES

MAX_LENGTH = 4000  # characters; MLflow keeps parameter values up to 6,000
_LONGER = 9  # canonical text is shorter than this many times any other; the worst is pi + pi

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z][A-Za-z_0-9]*)|(?P<sign>\*\*|[-+*/(),\[\]=]))"
)
_OPERATORS = (PRIMITIVES, ALIASES, FORMS, FOLDS)
_POWERS = {"2": "square", "3": "cube"}
_Node = TypeVar("_Node", bound=Expression)


def parse(text: str, variables: tuple[str, ...] = ("x",)) -> Expression:
    """The expression that a text stands for, in Python's notation or the papers' call notation.

    A name that is no primitive or constant is a learnable parameter; `variables` are those that
    stand for inputs. Raises ExpressionError with the position.
    """
    _check_length(text, "an expression")
    parser = _Parser(text, variables)
    expression = parser.sum()
    parser.end()
    if len(text) * _LONGER > MAX_LENGTH:
        _check_length(str(expression), "the canonical text of an expression")
    return expression


def _check_length(text: str, name: str) -> None:
    if len(text) > MAX_LENGTH:
        rule = f"{name} may have at most {MAX_LENGTH} characters, but got {len(text)}"
        raise ExpressionError(rule, text, MAX_LENGTH)


class _Token(NamedTuple):  # made in half the time of a dataclass, and a text has 30 of them
    kind: str  # "number", "name", "sign" or "end"
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    tokens, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            position += len(text[position:]) - len(text[position:].lstrip())
            raise ExpressionError(f"unexpected character '{text[position]}'", text, position)
        value = match[match.lastgroup]
        position = match.end()
        tokens.append(_Token(match.lastgroup, value, position - len(value)))
    return [*tokens, _Token("end", "", len(text))]


class _Parser:
    def __init__(self, text: str, variables: tuple[str, ...]) -> None:
        self._text, self._variables = text, variables
        self._tokens, self._nesting = iter(_tokens(text)), 0
        self._next = next(self._tokens)
        self._declared: dict[str, Parameter] = {}

    def _take(self) -> _Token:
        token = self._next
        self._next = next(self._tokens, token)  # after the end comes the end
        return token

    def _is(self, *signs: str) -> bool:
        return self._next.text in signs  # no number or name is one

    def _error(self, rule: str, token: _Token) -> ExpressionError:
        return ExpressionError(rule, self._text, token.position)

    def _expect(self, sign: str, where: str) -> None:
        if not self._is(sign):
            actual = f"'{self._next.text}'" if self._next.text else "the end"
            raise self._error(f"expected '{sign}' {where}, found {actual}", self._next)
        self._take()

    def _node(self, at: _Token, kind: Callable[..., _Node], *fields: object) -> _Node:
        try:
            return kind(*fields)
        except CandidateError as error:
            raise self._error(str(error), at) from error

    def _call(self, primitive: str, operands: tuple[Expression, ...], at: _Token) -> Call:
        return self._node(at, Call, primitive, operands)

    def end(self) -> None:
        if self._next.kind != "end":
            raise self._error(f"expected an operator, found '{self._next.text}'", self._next)

    def sum(self) -> Expression:
        self._nesting += 1
        if self._nesting > MAX_DEPTH + 1:  # an operator brackets at most once; the whole counts
            raise self._error(f"nested more than {MAX_DEPTH} deep", self._next)
        left: Expression = self._product()
        while self._is("+", "-"):
            sign = self._take()
            left = self._call("add" if sign.text == "+" else "sub", (left, self._product()), sign)
        self._nesting -= 1
        return left

    def _product(self) -> Expression:
        left = self._unary()
        while self._is("*", "/"):
            sign = self._take()
            left = self._call("mul" if sign.text == "*" else "div", (left, self._unary()), sign)
        return left

    def _unary(self) -> Expression:
        signs = []
        while self._is("-"):
            signs.append(self._take())
            if len(signs) > MAX_DEPTH:
                raise self._error(f"nested more than {MAX_DEPTH} deep", self._next)
        literal = signs and self._next.kind == "number"
        operand = self._power()
        if literal and isinstance(operand, Constant):
            operand = Constant(-operand.value)
            signs.pop()
        for sign in reversed(signs):
            operand = self._call("neg", (operand,), sign)
        return operand

    def _power(self) -> Expression:
        base = self._atom()
        if not self._is("**"):
            return base
        sign = self._take()
        exponent = self._take()
        if exponent.text not in _POWERS:
            raise self._error("the exponent after ** must be 2 or 3", exponent)
        if self._is("**"):
            raise self._error("powers of powers need brackets: (x ** 2) ** 2", self._next)
        return self._call(_POWERS[exponent.text], (base,), sign)

    def _atom(self) -> Expression:
        token = self._take()
        if token.kind == "number":
            return self._number(token)
        if token.kind == "name":
            if self._is("("):
                return self._application(token)
            return self._name(token)
        if token.kind == "sign" and token.text == "(":
            inner = self.sum()
            self._expect(")", "to close the bracket")
            return inner
        actual = f"'{token.text}'" if token.text else "the end"
        raise self._error(f"expected x, a number, a name or '(', found {actual}", token)

    def _number(self, token: _Token) -> Constant:
        return self._node(token, Constant, float(token.text))

    def _application(self, token: _Token) -> Expression:
        if not any(token.text in names for names in _OPERATORS):
            known = [name for names in _OPERATORS for name in names]
            raise self._error(
                f"unknown primitive '{token.text}'{nearest(token.text, known)}", token
            )
        self._take()
        operands = [self.sum()]
        while self._is(","):
            self._take()
            operands.append(self.sum())
        self._expect(")", f"after the operands of {token.text}")
        if token.text in FOLDS:
            return self._fold(operands, token)
        if token.text in FORMS:
            return self._form(operands, token)
        return self._call(ALIASES.get(token.text, token.text), tuple(operands), token)

    def _fold(self, operands: list[Expression], token: _Token) -> Expression:
        if len(operands) < 2:
            raise self._error(f"{token.text} takes at least 2 operands, but got 1", token)
        folded, *rest = operands
        for operand in rest:
            folded = self._call(FOLDS[token.text], (folded, operand), token)
        return folded

    def _form(self, operands: list[Expression], token: _Token) -> Expression:
        arity, text = FORMS[token.text]
        if len(operands) != arity:
            rule = f"{token.text} takes {arity} operand{'s' * (arity > 1)}, but got "
            raise self._error(f"{rule}{len(operands)}", token)
        names = ("x1", "x2")[:arity]
        places: dict[Expression, Expression] = dict(
            zip(map(Variable, names), operands, strict=True)
        )
        return self._node(token, substitute, parse(text, names), places)

    def _name(self, token: _Token) -> Expression:
        if token.text in self._variables:
            return Variable(token.text)
        if token.text in CONSTANTS:
            return Constant(CONSTANTS[token.text])
        if any(token.text in names for names in _OPERATORS):
            raise self._error(
                f"'{token.text}' is a primitive: write its operands, {token.text}(x)", token
            )
        return self._parameter(token)

    def _parameter(self, token: _Token) -> Parameter:
        granularity: Granularity = "layer"
        initial = 1.0
        bare = not self._is("[", "=")
        if self._is("["):
            self._take()
            word = self._take()
            granularities = [g for g in GRANULARITIES if g == word.text]
            if not granularities:
                advice = nearest(word.text, GRANULARITIES)
                raise self._error(f"unknown granularity '{word.text}'{advice}", word)
            granularity = granularities[0]
            self._expect("]", "after the granularity")
        if self._is("="):
            self._take()
            negative = self._is("-") and bool(self._take())
            value = self._take()
            if value.kind != "number":
                raise self._error("expected a number as the initial value", value)
            initial = self._number(value).value * (-1 if negative else 1)
        declared = self._declared.get(token.text)
        if declared is not None and bare:
            return declared
        parameter = self._node(token, Parameter, token.text, initial, granularity)
        if declared not in (None, parameter):
            raise self._error(f"parameter '{token.text}' is declared twice, differently", token)
        self._declared[token.text] = parameter
        return parameter
