"""Expression to canonical text: infix, the fewest brackets, each parameter declared once."""

from __future__ import annotations

from .expression import (
    Call,
    Constant,
    Expression,
    Parameter,
    Variable,
)
from .keywords import KEYWORDS
from .left_side import names_result
from .notation import doubtful

# Binding strength as in Python: + and - loosest, then * and /, then unary minus, then **.
_INFIX = {"add": ("+", 1), "sub": ("-", 1), "mul": ("*", 2), "div": ("/", 2)}
_POWER = {"square": 2, "cube": 3}
_UNARY, _POWER_STRENGTH, _ATOM = 3, 4, 5


def to_text(expression: Expression) -> str:
    """Canonical text of the tree; a parameter carries what is not default, where it first is."""
    return _text(expression, set())[0]


def number_text(value: float) -> str:
    """Shortest text that reads back to the same float; whole numbers without a point."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _text(node: Expression, declared: set[str]) -> tuple[str, int]:
    """Text and binding strength of a node."""
    if isinstance(node, Variable):
        return node.name, _ATOM
    if isinstance(node, Constant):
        text = number_text(node.value)
        return text, _UNARY if text.startswith("-") else _ATOM
    if isinstance(node, Parameter):
        return _declaration(node, declared), _ATOM
    assert isinstance(node, Call)
    if node.primitive in _INFIX:
        sign, strength = _INFIX[node.primitive]
        left = _bracketed(node.operands[0], strength, declared)
        # The right operand binds tighter: a - (b - c) keeps its brackets, and so does a + (b + c),
        # because the text is the tree's identity.
        right = _bracketed(node.operands[1], strength + 1, declared)
        return f"{left} {sign} {right}", strength
    if node.primitive in _POWER:
        base = _bracketed(node.operands[0], _ATOM, declared)
        return f"{base} ** {_POWER[node.primitive]}", _POWER_STRENGTH
    if node.primitive == "neg":
        operand = node.operands[0]
        if isinstance(operand, Constant):  # -2 is a constant, -(2) the negation of one
            return f"-({_text(operand, declared)[0]})", _UNARY
        return f"-{_bracketed(operand, _UNARY, declared)}", _UNARY
    inner = ", ".join(_text(operand, declared)[0] for operand in node.operands)
    return f"{node.primitive}({inner})", _ATOM


def _bracketed(node: Expression, strength: int, declared: set[str]) -> str:
    text, inner = _text(node, declared)
    return text if inner >= strength else f"({text})"


def _declaration(parameter: Parameter, declared: set[str]) -> str:
    name = parameter.name
    if name in declared:
        return name
    declared.add(name)
    plain = parameter.initial == 1.0 and doubtful(name) is None
    initial = "" if plain else f"={number_text(parameter.initial)}"
    # dim=0 and y=0.5 alone would be read as a keyword and a left side.
    said = parameter.granularity != "layer" or (
        initial and (name in KEYWORDS or names_result(name))
    )
    granularity = f"[{parameter.granularity}]" if said else ""
    return f"{name}{granularity}{initial}"
