"""Text to expression, with a closed grammar: nothing is ever evaluated.

    sum      := product (("+" | "-") product)*
    product  := unary (("*" | "/") unary)*
    unary    := ("-" | "+") unary | power
    power    := atom ("**" exponent)? | "e" "**" unary
    exponent := 1, 2, 3, 4, 6, 8, 9 or 0.5, or minus one of them
    atom     := number | name | name "(" sum ("," sum)* ")" | "(" sum ")"
    name     := "x" | constant | operator | parameter
    operator := a primitive, one of its aliases, or a paper's own name (notation.py)
    parameter:= letter (letter | digit | "_")* ("[" granularity "]")? ("=" "-"? number)?

`-` directly before a number makes a negative constant. A parameter is declared where it first
appears; later it is its name alone, or the same declaration again. The signs and names that a
formula is pasted with, such as ^ and torch., are read by lexer.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from ..counted import counted
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
from .lexer import Token, tokens
from .notation import CALLED, EULER, FOLDS, FORMS, OTHERWISE, mistakable
from .primitives import ALIASES, CONSTANTS, PRIMITIVES

MAX_LENGTH = 4000  # characters; MLflow keeps parameter values up to 6,000
_LONGER = 18  # canonical text is shorter than this many times any other; the worst is π + π

_OPERATORS = (PRIMITIVES, ALIASES, FORMS, FOLDS)
# exponent -> the primitives that raise to it, one after the other
_POWERS: Mapping[float, tuple[str, ...]] = MappingProxyType(
    {
        0.5: ("sqrt",),
        1.0: (),
        2.0: ("square",),
        3.0: ("cube",),
        4.0: ("square", "square"),
        6.0: ("cube", "square"),
        8.0: ("square", "square", "square"),
        9.0: ("cube", "cube"),
    }
)
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


class _Parser:
    def __init__(self, text: str, variables: tuple[str, ...]) -> None:
        self._text, self._variables = text, variables
        self._tokens, self._nesting = iter(tokens(text)), 0
        self._next = next(self._tokens)
        self._declared: dict[str, Parameter] = {}

    def _take(self) -> Token:
        token = self._next
        self._next = next(self._tokens, token)  # after the end comes the end
        return token

    def _is(self, *signs: str) -> bool:
        return self._next.text in signs  # no number or name is one

    def _error(self, rule: str, token: Token) -> ExpressionError:
        return ExpressionError(rule, self._text, token.position)

    def _expect(self, sign: str, where: str) -> None:
        if not self._is(sign):
            actual = f"'{self._next.text}'" if self._next.text else "the end"
            raise self._error(f"expected '{sign}' {where}, found {actual}", self._next)
        self._take()

    def _node(self, at: Token, kind: Callable[..., _Node], *fields: object) -> _Node:
        try:
            return kind(*fields)
        except CandidateError as error:
            raise self._error(str(error), at) from error

    def _call(self, primitive: str, operands: tuple[Expression, ...], at: Token) -> Call:
        return self._node(at, Call, primitive, operands)

    def end(self) -> None:
        if self._next.kind != "end":
            factor = self._next.kind != "sign" or self._is("(")
            advice = " (a product is written with *)" if factor else ""
            raise self._error(
                f"expected an operator, found '{self._next.text}'{advice}", self._next
            )

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
            right = self._unary()
            if sign.text == "/":
                self._refuse_implied("a quotient")
            left = self._call("mul" if sign.text == "*" else "div", (left, right), sign)
        return left

    def _refuse_implied(self, where: str) -> None:
        """1 / 2x and e^2x are read in two ways."""
        if self._next.kind == "implied":
            raise self._error(f"a product without * after {where} needs brackets", self._next)

    def _unary(self) -> Expression:
        signs = []
        while self._is("-", "+"):
            sign = self._take()
            signs += [sign] * (sign.text == "-")
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
        sign, at = self._take(), self._next
        exponent = self._exponent()
        primitives = None if exponent is None else _POWERS.get(abs(exponent))
        if exponent is None or primitives is None:
            known = ", ".join(f"{known:g}" for known in sorted(_POWERS))
            rule = f"the exponent after ** must be one of {known}, or minus one of them"
            raise self._error(f"{rule}; pow(x, y) is |x| to any power", at)
        if self._is("**"):
            raise self._error("powers of powers need brackets: (x ** 2) ** 2", self._next)
        self._refuse_implied("an exponent")
        for primitive in primitives:
            base = self._call(primitive, (base,), sign)
        return base if exponent > 0 else self._call("div", (Constant(1.0), base), sign)

    def _exponent(self) -> float | None:
        """The number that stands after `**`, as 2, -1, (2) or (1/2); None for any other."""
        negative = False
        while self._is("-", "+"):
            negative ^= self._take().text == "-"
        match self._atom():
            case Constant(value):
                return -value if negative else value
            case Call("div", (Constant(above), Constant(below))) if below:
                return -above / below if negative else above / below
        return None

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

    def _number(self, token: Token) -> Constant:
        return self._node(token, Constant, float(token.text))

    def _application(self, token: Token) -> Expression:
        name = self._operator(token)
        self._take()
        operands = [self.sum()]
        while self._is(","):
            self._take()
            operands.append(self.sum())
        self._expect(")", f"after the operands of {token.text}")
        if name in FORMS:
            return self._form(name, operands, token)
        primitive = ALIASES.get(name, name)
        if name in FOLDS or (primitive in ("max", "min") and len(operands) > 2):
            return self._fold(FOLDS.get(name, primitive), operands, token)
        return self._call(primitive, tuple(operands), token)

    def _operator(self, token: Token) -> str:
        """The operator that a name before a bracket calls; `Max` and `ReLU` are max and relu."""
        for name in (token.text, token.text.lower(), CALLED.get(token.text, "")):
            if any(name in names for names in _OPERATORS):
                return name
        if token.text.lower() in OTHERWISE:
            raise self._error(
                f"there is no primitive '{token.text}': {OTHERWISE[token.text.lower()]}", token
            )
        if token.text in (*self._variables, *self._declared):
            raise self._error(
                f"'{token.text}' is no function; a product is written {token.text} * (…)", token
            )
        known = [name for names in _OPERATORS for name in names]
        raise self._error(f"unknown primitive '{token.text}'{nearest(token.text, known)}", token)

    def _fold(self, primitive: str, operands: list[Expression], token: Token) -> Expression:
        if len(operands) < 2:
            raise self._error(f"{token.text} takes at least 2 operands, but got 1", token)
        folded, *rest = operands
        for operand in rest:
            folded = self._call(primitive, (folded, operand), token)
        return folded

    def _form(self, name: str, operands: list[Expression], token: Token) -> Expression:
        arity, text = FORMS[name]
        if len(operands) != arity:
            rule = f"{token.text} takes {counted(arity, 'operand')}, but got "
            raise self._error(f"{rule}{len(operands)}", token)
        names = ("x1", "x2")[:arity]
        places: dict[Expression, Expression] = dict(
            zip(map(Variable, names), operands, strict=True)
        )
        return self._node(token, substitute, parse(text, names), places)

    def _name(self, token: Token) -> Expression:
        if token.text in self._variables:
            return Variable(token.text)
        if token.text in CONSTANTS:
            return Constant(CONSTANTS[token.text])
        if any(token.text in names for names in _OPERATORS):
            raise self._error(
                f"'{token.text}' is a primitive: write its operands, {token.text}(x)", token
            )
        if token.text in EULER and self._is("**") and token.text not in self._declared:
            sign = self._take()
            exponent = self._unary()
            self._refuse_implied("an exponent")
            return self._call("exp", (exponent,), sign)
        return self._parameter(token)

    def _parameter(self, token: Token) -> Parameter:
        granularity: Granularity = "layer"
        initial = 1.0
        bare = not self._is("[", "=")
        meaning = mistakable(token.text)
        if bare and meaning and token.text not in self._declared:
            raise self._error(
                f"'{token.text}' would be read as a learnable parameter, but looks like {meaning} "
                f"(a parameter of this name is declared with its initial value, {token.text}=1)",
                token,
            )
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
                raise self._error(
                    f"expected a number as the initial value of {token.text}, found "
                    f"'{value.text}'; an expression has no left side, as in y = x",
                    value,
                )
            initial = self._number(value).value * (-1 if negative else 1)
        declared = self._declared.get(token.text)
        if declared is not None and bare:
            return declared
        parameter = self._node(token, Parameter, token.text, initial, granularity)
        if declared not in (None, parameter):
            raise self._error(f"parameter '{token.text}' is declared twice, differently", token)
        self._declared[token.text] = parameter
        return parameter
