"""Numbers and learnable parameters as they are read from a text."""

from __future__ import annotations

from ..errors import nearest
from .cursor import Cursor
from .expression import GRANULARITIES, Constant, Granularity, Parameter
from .lexer import Token
from .notation import doubtful


class Declarations(Cursor):
    """Reads numbers, and parameters where they are declared and where they stand again."""

    def __init__(self, text: str, pasted: bool) -> None:
        super().__init__(text)
        self._pasted = pasted  # by a person, who may have meant another formula
        self._declared: dict[str, Parameter] = {}

    def _number(self, token: Token) -> Constant:
        constant = self._node(token, Constant, float(token.text))
        if constant.value == 0 and token.text.lower().split("e")[0].strip("0."):
            rule = f"'{token.text}' is so small that it would be read as 0: write 0 for it"
            raise self._error(rule, token)
        return constant

    def _parameter(self, token: Token) -> Parameter:
        bare = not self._is("[", "=")
        meaning = doubtful(token.text)
        if self._pasted and bare and meaning and token.text not in self._declared:
            raise self._error(
                f"'{token.text}' would be read as a learnable parameter, but looks like {meaning} "
                f"(a parameter of this name is declared with its initial value, {token.text}=1)",
                token,
            )
        granularity = self._granularity() if self._is("[") else "layer"
        initial = self._initial(token) if self._is("=") else 1.0
        declared = self._declared.get(token.text)
        if declared is not None and bare:
            return declared
        parameter = self._node(token, Parameter, token.text, initial, granularity)
        if declared not in (None, parameter):
            raise self._error(f"parameter '{token.text}' is declared twice, differently", token)
        self._declared[token.text] = parameter
        return parameter

    def _granularity(self) -> Granularity:
        self._take()
        word = self._take()
        granularities = [g for g in GRANULARITIES if g == word.text]
        if not granularities:
            advice = nearest(word.text, GRANULARITIES)
            raise self._error(f"unknown granularity '{word.text}'{advice}", word)
        self._expect("]", "after the granularity")
        return granularities[0]

    def _initial(self, name: Token) -> float:
        self._take()
        negative = self._is("-") and bool(self._take())
        value = self._take()
        if value.kind != "number":
            raise self._error(
                f"expected a number as the initial value of {name.text}, found "
                f"'{value.text}'; an expression has no left side, as in y = x",
                value,
            )
        return self._number(value).value * (-1 if negative else 1)
