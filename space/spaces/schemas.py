"""Spaces given by a schema: `binary(unary(x),binary(unary(x),unary(x)))`.

`unary`, `binary` and `nary` are places where an operator is chosen (`nary` takes two operands or
more and folds one binary operator over them, as AQuaSurF's sum_n does); a primitive in call
notation stands for itself, so `mul(x,unary(x))` is the space of all gates of x.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..errors import ExpressionError, SpaceError, nearest
from ..expressions.expression import Granularity
from ..expressions.primitives import ALIASES, PRIMITIVES
from .fixed_topology import ChoiceNode, FixedTopology
from .operator_sets import SWISH, Operators
from .patterns import places

MAX_PLACES = 16  # operators of a schema; the papers' largest has 7
_TOKEN = re.compile(r"\s*([A-Za-z_0-9]+|[(),])")
_ARITY = {"unary": 1, "binary": 2}


@dataclass(frozen=True, slots=True, repr=False)
class Schema(FixedTopology):
    """All candidates of a schema, over the Swish paper's operators unless told."""

    text: str
    granularity: Granularity = "layer"
    operators: Operators = SWISH
    _root: ChoiceNode = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", re.sub(r"\s", "", self.text))
        reader = _Reader(self.text, self.operators)
        root = reader.place("root")
        reader.end()
        if root is None or not any(place.path for place in root.every()):
            raise SpaceError(
                f"a schema needs a place to choose, such as unary(x), but got {self.text}"
            )
        object.__setattr__(self, "_root", root)

    @property
    def name(self) -> str:
        return f"{self.text}{self.suffix}{self.operators.beside_swish}"

    @property
    def root(self) -> ChoiceNode:
        return self._root


class _Reader:
    """Recursive descent over a schema; raises ExpressionError with the position."""

    def __init__(self, text: str, operators: Operators) -> None:
        self._text, self._operators, self._at, self._count = text, operators, 0, 0

    def _peek(self) -> str:
        match = _TOKEN.match(self._text, self._at)
        return match[1] if match else self._text[self._at : self._at + 1]

    def _take(self) -> str:
        token = self._peek()
        self._at += len(token)
        return token

    def _error(self, rule: str, position: int) -> ExpressionError:
        return ExpressionError(rule, self._text, position)

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            raise self._error(f"expected '{sign}' in the schema", self._at)
        self._take()

    def end(self) -> None:
        if self._at < len(self._text):
            raise self._error("expected the end of the schema", self._at)

    def place(self, path: str) -> ChoiceNode | None:
        """The place that begins here; None for x."""
        start, name = self._at, self._take()
        if name == "x":
            return None
        if not (name in (*_ARITY, "nary") or ALIASES.get(name, name) in PRIMITIVES):
            known = ["x", *_ARITY, "nary", *PRIMITIVES, *ALIASES]
            raise self._error(f"unknown part of a schema '{name}'{nearest(name, known)}", start)
        self._count += 1
        if self._count > MAX_PLACES:
            raise self._error(f"a schema may have at most {MAX_PLACES} operators", start)
        self._expect("(")
        below = [self.place(f"{path}.0")]
        while self._peek() == ",":
            self._take()
            below.append(self.place(f"{path}.{len(below)}"))
        self._expect(")")
        return self._made(name, path, tuple(below), start)

    def _made(
        self, name: str, path: str, below: tuple[ChoiceNode | None, ...], start: int
    ) -> ChoiceNode:
        primitive = ALIASES.get(name, name)
        arity = PRIMITIVES[primitive].arity if primitive in PRIMITIVES else _ARITY.get(name)
        wrong = len(below) != arity if arity else len(below) < 2
        if wrong:
            number = f"{arity}" if arity else "at least 2"
            raise self._error(f"{name} takes {number} operands, but got {len(below)}", start)
        if primitive in PRIMITIVES:
            return ChoiceNode("", (f"{primitive}({','.join(places(len(below)))})",), below)
        options = self._operators.options(name, len(below))
        return ChoiceNode(f"{path}.{name}", options, below)
