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

from ..counted import counted
from ..errors import ExpressionError
from .declarations import Declarations
from .elsewhere import likely_typo, otherwise
from .expression import MAX_DEPTH, Constant, Expression, Variable, substitute
from .keywords import keyword_rule
from .left_side import refuse_left_side
from .lexer import Token
from .libraries import NUMBERS, library_call
from .notation import CALLED, EULER, FOLDS, FORMS, mistakable
from .powers import number_of, raised
from .primitives import ALIASES, CONSTANTS, PRIMITIVES

MAX_LENGTH = 4000  # characters; MLflow keeps parameter values up to 6,000
_LONGER = 18  # canonical text is shorter than this many times any other; the worst is π + π

_OPERATORS = (PRIMITIVES, ALIASES, FORMS, FOLDS)


def parse(text: str, variables: tuple[str, ...] = ("x",)) -> Expression:
    """The expression that a text stands for, in Python's notation or the papers' call notation.

    A name that is no primitive or constant is a learnable parameter; `variables` are those that
    stand for inputs. Raises ExpressionError with the position.
    """
    return _parsed(text, variables, pasted=True)


def parse_stored(text: str) -> Expression:
    """The expression of a text that this package wrote, as a search's or an exported file's.

    Mistakes of pasting, such as `sigmoid(ax)`, are not looked for: a text that was written before
    there was a rule against it stands for what it stood for. Raises ExpressionError as `parse`.
    """
    return _parsed(text, ("x",), pasted=False)


def _parsed(text: str, variables: tuple[str, ...], pasted: bool) -> Expression:
    _check_length(text, "an expression")
    parser = _Parser(text, variables, pasted)
    expression = parser.sum()
    parser.end()
    if len(text) * _LONGER > MAX_LENGTH:
        _check_length(str(expression), "the canonical text of an expression")
    return expression


def _check_length(text: str, name: str) -> None:
    if len(text) > MAX_LENGTH:
        rule = f"{name} may have at most {MAX_LENGTH} characters, but got {len(text)}"
        raise ExpressionError(rule, text, MAX_LENGTH)


class _Parser(Declarations):
    def __init__(self, text: str, variables: tuple[str, ...], pasted: bool) -> None:
        super().__init__(text, pasted)
        if pasted:
            refuse_left_side(text, self._tokens)
        self._variables, self._nesting = variables, 0

    def end(self) -> None:
        if self._next.kind == "end":
            return
        advice = ""
        if self._is("where", "with", "for") or (self._is(",") and self._declared):
            advice = " (a parameter is declared where it first stands, as in a=0.2 * x)"
        elif self._is(","):
            advice = " (a number has a point, as 0.5)"
        elif self._is("="):
            advice = " (an expression has no left side: write the formula alone)"
        elif self._next.kind != "sign" or self._is("("):
            advice = " (a product is written with *)"
        raise self._error(f"expected an operator, found '{self._next.text}'{advice}", self._next)

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
        self._take()
        at, negative = self._next, False
        while self._is("-", "+"):
            negative ^= self._take().text == "-"
        number = number_of(self._atom())
        exponent = -number if negative and number else number
        power = self._node(at, raised, base, exponent)
        if self._is("**"):
            raise self._error("powers of powers need brackets: (x ** 2) ** 2", self._next)
        self._refuse_implied("an exponent")
        return power

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

    def _application(self, token: Token) -> Expression:
        name = self._operator(token)
        primitive = ALIASES.get(name, name)
        operands = self._operands(primitive, token)
        if name in FORMS:
            return self._form(name, operands, token)
        if token.library or token.text == "Pow":  # sympy's, also without its prefix
            call = self._node(token, library_call, token.library, token.text, primitive, operands)
            if call is not None:
                return call
        if name in FOLDS or (primitive in ("max", "min") and len(operands) > 2):
            return self._fold(FOLDS.get(name, primitive), operands, token)
        return self._call(primitive, tuple(operands), token)

    def _operands(self, primitive: str, function: Token) -> list[Expression]:
        """The operands in a bracket; raises for one that is passed by a keyword."""
        operands: list[Expression] = []
        while not operands or self._is(","):
            self._take()
            first, prefixed = not operands, bool(function.library)
            rule = keyword_rule(primitive, self._ahead(5), first=first, prefixed=prefixed)
            if rule and self._pasted:
                raise self._error(rule, self._next)
            operands.append(self.sum())
        self._expect(")", f"after the operands of {function.text}")
        return operands

    def _operator(self, token: Token) -> str:
        """The operator that a name before a bracket calls; `Max` and `ReLU` are max and relu."""
        for name in (token.text, token.text.lower(), CALLED.get(token.text, "")):
            if any(name in names for names in _OPERATORS):
                return name
        if token.text in (*self._variables, *self._declared):
            raise self._error(
                f"'{token.text}' is no function; a product is written {token.text} * (…)", token
            )
        advice = otherwise(token.text)
        if advice is not None:
            raise self._error(f"there is no primitive '{token.text}': {advice}", token)
        known = [name for names in _OPERATORS for name in names]
        raise self._error(
            f"unknown primitive '{token.text}'{likely_typo(token.text, known)}", token
        )

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
        is_base = token.text in EULER and self._is("**")
        if is_base and (token.library or token.text not in self._declared):
            sign = self._take()
            exponent = self._unary()
            self._refuse_implied("an exponent")
            return self._call("exp", (exponent,), sign)
        if any(token.text in names for names in _OPERATORS):
            raise self._error(
                f"'{token.text}' is a primitive: write its operands, {token.text}(x)", token
            )
        if token.library:
            return self._library_number(token)
        if token.text in self._variables:
            return Variable(token.text)
        if token.text in CONSTANTS:
            return Constant(CONSTANTS[token.text])
        return self._parameter(token)

    def _library_number(self, token: Token) -> Constant:
        if token.text in NUMBERS and not self._is("[", "="):
            return Constant(NUMBERS[token.text])
        meaning = mistakable(token.text)
        advice = f"looks like {meaning}" if meaning else f"write {token.text} alone"
        raise self._error(
            f"'{token.text}' of {token.library} is no number that is read: {advice}", token
        )
