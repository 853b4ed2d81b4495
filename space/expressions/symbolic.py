"""A candidate in symbols: sympy form, LaTeX, simplified form and derivative.

For reading, so protections are left out (`a / b` is the plain quotient) unless asked for. sympy
may take minutes over a formula; each step has a bound in CPU seconds, after which the plain
result stands. sympy is imported at first use: it costs half a second.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from .expression import (
    Call,
    Constant,
    Expression,
    Parameter,
    Variable,
)
from .primitives import PRIMITIVES

STEP_LIMIT = 2.0  # CPU seconds for one simplification


@dataclass(frozen=True, slots=True)
class Symbolic:
    """Texts of a candidate; `simplified` and `derivative` are in sympy's notation.

    `complete` is False where a bound ended a simplification, or none could be bounded.
    """

    latex: str
    simplified: str
    derivative: str
    derivative_latex: str
    complete: bool


class _TimeIsUp(BaseException):
    """Not an Exception: sympy catches those."""


def symbolic(expression: Expression, limit: float = STEP_LIMIT) -> Symbolic:
    """The candidate's texts. Simplification works in the main thread only, since only there a
    computation can be interrupted; elsewhere the plain forms are given."""
    import sympy

    x = sympy.Symbol("x", real=True)
    plain = to_sympy(expression)
    simplified = [bounded(lambda: sympy.simplify(plain), limit)]
    shorter = _shorter(sympy, plain, simplified[0])
    slope = sympy.diff(shorter, x)
    simplified.append(bounded(lambda: sympy.simplify(slope), limit))
    derivative = _shorter(sympy, slope, simplified[1])
    return Symbolic(
        latex=sympy.latex(plain),
        simplified=str(shorter),
        derivative=str(derivative),
        derivative_latex=sympy.latex(derivative),
        complete=None not in simplified,
    )


def to_sympy(expression: Expression, *, protected: bool = False) -> Any:
    """The expression in sympy, over real symbols; `protected` keeps the primitives' floors."""
    import sympy

    return _convert(sympy, expression, protected, {})


def _convert(s: Any, node: Expression, protected: bool, known: dict[Expression, Any]) -> Any:
    if node in known:
        return known[node]
    if isinstance(node, Call):
        operands = [_convert(s, operand, protected, known) for operand in node.operands]
        row = PRIMITIVES[node.primitive]
        result = (row.symbolic if protected else row.plain)(s, *operands)
    elif isinstance(node, Constant):
        result = s.nsimplify(node.value) if node.value.is_integer() else s.Float(node.value, 15)
    else:
        assert isinstance(node, Parameter | Variable)
        result = s.Symbol(node.name, real=True)
    known[node] = result
    return result


def bounded(compute: Callable[[], Any], limit: float) -> Any:
    """The result, or None where it takes more than `limit` CPU seconds or this is not the main
    thread. Uses the virtual timer, which neither the debugger nor pytest uses."""
    if threading.current_thread() is not threading.main_thread():
        return None

    def stop(number: int, frame: FrameType | None) -> None:
        raise _TimeIsUp

    before = signal.signal(signal.SIGVTALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, limit)
        return compute()
    except _TimeIsUp:
        return None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _shorter(s: Any, plain: Any, simplified: Any) -> Any:
    """sympy's simplification where it is one: it may return something longer."""
    if simplified is None or len(str(simplified)) >= len(str(plain)):
        return plain
    return simplified
