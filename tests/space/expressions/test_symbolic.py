"""The symbols say what the module computes, and never take long."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator

import pytest
import sympy
import torch
from hypothesis import given, settings

from actsearch.space import PRIMITIVES, Expression, parse
from actsearch.space.analysis.smoothness import derivative
from actsearch.space.expressions.symbolic import (
    Symbolic,
    bounded,
    symbolic,
    to_sympy,
)
from contracts.expressions import expressions

X = sympy.Symbol("x", real=True)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_the_protected_form_of_a_primitive_is_its_value(name: str) -> None:
    expression = parse(f"{name}({'x' if PRIMITIVES[name].arity == 1 else 'x, 0.5 * x + 1'})")
    form = to_sympy(expression, protected=True)
    for point in (-2.3, -0.4, 0.7, 3.1):
        value = expression.module()(torch.tensor(point, dtype=torch.float64))
        assert float(form.subs(X, point)) == pytest.approx(float(value), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        *("x * sigmoid(x)", "mish(x)", "x / (1 + x ** 2)", "gelu(x) + 0.1 * sin(x)", "sinc(x)"),
        *("pow(x, 3)", "pow(x, 2)", "pow(x, -1.5)"),  # |x| is what is raised
    ],
)
def test_the_derivative_in_symbols_is_the_one_of_autograd(text: str) -> None:
    forms = symbolic(parse(text))
    formula = sympy.parse_expr(forms.derivative, local_dict={"x": X})
    points = torch.tensor([-2.3, -0.4, 0.7, 3.1], dtype=torch.float64)
    slopes = derivative(parse(text), points, 1)
    for point, slope in zip(points.tolist(), slopes.tolist(), strict=True):
        assert float(formula.subs(X, point)) == pytest.approx(slope, rel=1e-6)


def test_a_formula_reads_as_mathematics_without_protections() -> None:
    forms = symbolic(parse("x / sqrt(1 + x ** 2)"))
    assert forms.simplified == "x/sqrt(x**2 + 1)"
    assert forms.derivative == "(x**2 + 1)**(-3/2)"
    assert forms.latex == r"\frac{x}{\sqrt{x^{2} + 1}}"
    assert forms.complete


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Hypothesis has Python call it at every collection of garbage, where what a signal raises is
    lost, and the end of a computation with it."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
def test_what_takes_long_is_ended_and_said_so() -> None:
    def forever() -> None:
        while True:
            pass

    start = time.process_time()
    assert bounded(forever, 0.1) is None
    assert time.process_time() - start < 1.0
    long = symbolic(parse("gelu(tanh(x) * x) * mish(sin(x)) + elu(x) / cosh(gelu(x))"), 0.05)
    assert not long.complete
    assert long.derivative


def test_outside_the_main_thread_the_plain_forms_are_given() -> None:
    forms: list[Symbolic] = []
    thread = threading.Thread(target=lambda: forms.append(symbolic(parse("x * sigmoid(x)"))))
    thread.start()
    thread.join()
    assert forms[0].simplified == "x/(1 + exp(-x))"
    assert not forms[0].complete


@settings(max_examples=15)
@given(expressions(largest=10.0, leaves=4))
def test_every_candidate_has_symbols(expression: Expression) -> None:
    assert symbolic(expression, 0.1).latex
