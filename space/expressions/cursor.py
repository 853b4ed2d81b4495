"""A place in the tokens of a text: what comes next, and errors that point at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..errors import CandidateError, ExpressionError
from .expression import Call, Expression
from .lexer import Token, tokens

_Read = TypeVar("_Read")


class Cursor:
    """Goes through the tokens of a text, from left to right."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens = text, tokens(text)
        self._place, self._next = 0, self._tokens[0]

    def _take(self) -> Token:
        token = self._next
        if token.kind != "end":  # after the end comes the end
            self._place += 1
            self._next = self._tokens[self._place]
        return token

    def _ahead(self, count: int) -> Sequence[Token]:
        """The next tokens, so many, or as many as there are up to the end."""
        return self._tokens[self._place : self._place + count]

    def _is(self, *signs: str) -> bool:
        return self._next.text in signs  # no number or name is one

    def _error(self, rule: str, token: Token) -> ExpressionError:
        return ExpressionError(rule, self._text, token.position)

    def _expect(self, sign: str, where: str) -> None:
        if not self._is(sign):
            actual = f"'{self._next.text}'" if self._next.text else "the end"
            raise self._error(f"expected '{sign}' {where}, found {actual}", self._next)
        self._take()

    def _node(self, at: Token, function: Callable[..., _Read], *arguments: object) -> _Read:
        """The function's value; a CandidateError that it raises points at the token."""
        try:
            return function(*arguments)
        except CandidateError as error:
            raise self._error(str(error), at) from error

    def _call(self, primitive: str, operands: tuple[Expression, ...], at: Token) -> Call:
        return self._node(at, Call, primitive, operands)
