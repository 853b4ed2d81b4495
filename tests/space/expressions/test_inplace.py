"""Steps share memory where nothing else looks at it, and compute the same bits as without."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from actsearch.space import Expression, family, parse
from actsearch.space.expressions import compile as programs
from actsearch.space.expressions.compile import Program, compile_program
from contracts.expressions import expressions

X = torch.linspace(-4, 4, 130)
IN_PLACE = {torch.Tensor.add_, torch.Tensor.sub_}


def plain(expression: Expression) -> Program:
    """Its program with every step in memory of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "overwriting", lambda steps, first, result: list(steps))
        return compile_program.__wrapped__(expression)


def value_and_gradients(program: Program) -> list[Tensor]:
    leaves = [X.clone(), *(torch.tensor(p.initial) for p in program.parameters)]
    for leaf in leaves:
        leaf.requires_grad_()
    value = program(leaves[0], leaves[1:])
    if not value.requires_grad:
        return [value]
    gradients = torch.autograd.grad(value.sum(), leaves, allow_unused=True, materialize_grads=True)
    return [value, *gradients]


def same(expression: Expression) -> bool:
    pairs = zip(
        value_and_gradients(compile_program(expression)),
        value_and_gradients(plain(expression)),
        strict=True,
    )
    return all(torch.equal(a.nan_to_num(7.0), b.nan_to_num(7.0)) for a, b in pairs)


@pytest.mark.heavy
@settings(max_examples=300)
@given(expressions(largest=10.0))
def test_writing_over_an_operand_changes_no_bit_of_value_or_slope(expression: Expression) -> None:
    assert same(expression)


@pytest.mark.parametrize("name", ["rational", "b-spline", "hermite", "pelu", "snake", "mixture"])
def test_nor_does_it_in_a_family(name: str) -> None:
    assert same(family(name))


@pytest.mark.parametrize(
    "text",
    [
        "tanh(x) + 1",  # autograd keeps a tanh's value for its slope
        "x + 1",  # x is the caller's
        "a + x",
        "a * b + x",  # has the shape of a and b, which may be smaller than x's
        "sin(x) * x + cos(sin(x) * x)",  # read twice
        "1 - x * x",
        "x * x + a",  # as large as x only, and vmap may have many a for it
    ],
)
def test_a_value_that_something_else_needs_is_never_written_over(text: str) -> None:
    functions = {step.function for step in compile_program(parse(text)).steps}
    assert not functions & IN_PLACE
    assert same(parse(text))


def test_the_sums_of_a_horner_form_are_all_written_over_their_products() -> None:
    before, after = (
        p.steps for p in (plain(family("rational")), compile_program(family("rational")))
    )
    assert sum(a.function is not b.function for a, b in zip(before, after, strict=True)) == 10
    assert [step.code for step in before] == [step.code for step in after], "prints the same"


def test_neither_input_nor_parameters_are_written_to() -> None:
    for text in ("a * x + b - x", "x * x - 2", "a / (1 + x ** 2)", "-x + a"):
        x, parameters = X.clone(), [torch.tensor(1.5), torch.tensor(-0.5)]
        program = compile_program(parse(text))
        program(x, parameters[: len(program.parameters)])
        assert torch.equal(x, X)
        assert [float(p) for p in parameters] == [1.5, -0.5]


def test_a_parameter_per_channel_fits_into_what_is_written_over() -> None:
    module = parse("a[channel]=2 * x + b[channel]=3").module(channels=5)
    assert torch.equal(module(torch.ones(4, 5, 2)), torch.full((4, 5, 2), 5.0))


@pytest.mark.parametrize("text", ["a * x + b", "x * x + a", "sin(x) - a / (1 + abs(x))"])
def test_vmap_over_the_parameters_is_each_one_alone(text: str) -> None:
    module = parse(text).module()
    many = {name: torch.tensor([0.5, 1.0, -2.0]) for name, _ in module.named_parameters()}

    def value(state: dict[str, Tensor]) -> Tensor:
        result: Tensor = torch.func.functional_call(module, state, (X,))
        return result

    rows = torch.func.vmap(value)(many)
    for i, row in enumerate(rows):
        torch.testing.assert_close(row, value({name: v[i] for name, v in many.items()}))
