"""The contract of every primitive: what each new row of the table has to pass."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace

import pytest
import sympy
import torch
import torch.nn.functional as F
from torch import Tensor

from actsearch.space import (
    PRIMITIVES,
    Call,
    CandidateError,
    Primitive,
    Variable,
    parse,
)
from actsearch.space.expressions.notation import FOLDS, FORMS
from actsearch.space.expressions.primitives import (
    ALIASES,
    CONSTANTS,
    IF_ALL,
    IF_ANY,
    KEPT,
    NOT_NEGATIVE,
    UNKNOWN,
)
from actsearch.space.spaces.operator_sets import SWISH
from contracts.expressions import POWERS_OF_TWO
from contracts.golden import GOLDEN, PATH, extended, values

# No kink of any primitive is within 1e-3 of these, and no two are equal.
AWAY_FROM_KINKS = torch.tensor(
    [-9.7, -5.3, -2.61, -1.4, -0.83, -0.31, 0.27, 0.74, 1.6, 2.55, 4.9, 9.4], dtype=torch.float64
)

every_primitive = pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=PRIMITIVES)


def pairs(values: Tensor) -> tuple[Tensor, Tensor]:
    """Every ordered pair, as two tensors."""
    return values.repeat_interleave(len(values)), values.repeat(len(values))


def arguments(primitive: Primitive, values: Tensor) -> tuple[Tensor, ...]:
    """The values, or every pair of them."""
    return (values,) if primitive.arity == 1 else pairs(values)


def slopes(primitive: Primitive, *inputs: Tensor) -> tuple[Tensor, ...]:
    leaves = [tensor.detach().clone().requires_grad_() for tensor in inputs]
    return torch.autograd.grad(primitive.function(*leaves).sum(), leaves)


def every_bfloat16() -> Tensor:
    """Every number of bfloat16 in [-10, 10], both zeros and the subnormals among them."""
    values = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(torch.bfloat16)
    return values[values.abs() <= 10]


def hard_float32() -> Tensor:
    """A dense grid on [-10, 10] with 0 in it, and every power of two on both sides."""
    powers = torch.tensor(POWERS_OF_TWO)
    return torch.cat([torch.linspace(-10, 10, 20_001), powers, -powers, torch.tensor([-0.0])])


@every_primitive
def test_value_and_slope_are_finite_at_every_bfloat16_of_the_range(primitive: Primitive) -> None:
    values = every_bfloat16()
    values = values if primitive.arity == 1 else values[::67]
    inputs = arguments(primitive, values)
    for result in (primitive.function(*inputs), *slopes(primitive, *inputs)):
        assert result.dtype == torch.bfloat16
        assert result.isfinite().all()


@every_primitive
def test_value_and_slope_are_finite_in_float32_on_the_range(primitive: Primitive) -> None:
    values = hard_float32()
    if primitive.arity == 2:
        values = torch.cat([values[:20_001:100], values[20_001:]])
    inputs = arguments(primitive, values)
    for result in (primitive.function(*inputs), *slopes(primitive, *inputs)):
        assert result.isfinite().all()


@every_primitive
def test_slope_is_what_differences_of_values_say(primitive: Primitive) -> None:
    inputs = [tensor.clone().requires_grad_() for tensor in arguments(primitive, AWAY_FROM_KINKS)]
    if primitive.arity == 2:  # max and min have their kink where both are equal
        apart = inputs[0] != inputs[1]
        inputs = [tensor.detach()[apart].requires_grad_() for tensor in inputs]
    assert torch.autograd.gradcheck(primitive.function, inputs, fast_mode=True)


@every_primitive
def test_the_slope_can_be_differentiated(primitive: Primitive) -> None:
    inputs = [tensor.clone().requires_grad_() for tensor in arguments(primitive, AWAY_FROM_KINKS)]
    if primitive.arity == 2:
        apart = inputs[0] != inputs[1]
        inputs = [tensor.detach()[apart].requires_grad_() for tensor in inputs]
    assert torch.autograd.gradgradcheck(primitive.function, inputs, fast_mode=True)


def test_hard_sigmoid_has_the_bits_of_torchs() -> None:
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        x = torch.cat([hard_float32(), 3.1 * hard_float32()]).to(dtype)
        assert torch.equal(PRIMITIVES["hard_sigmoid"].function(x), F.hardsigmoid(x))


@every_primitive
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3, 4)])
def test_shape_and_dtype_are_kept(
    primitive: Primitive, dtype: torch.dtype, shape: tuple[int, ...]
) -> None:
    inputs = [torch.full(shape, 0.5, dtype=dtype) for _ in range(primitive.arity)]
    value = primitive.function(*inputs)
    assert (value.shape, value.dtype) == (shape, dtype)


@every_primitive
def test_the_value_at_a_point_depends_on_that_point_alone(primitive: Primitive) -> None:
    inputs = arguments(primitive, AWAY_FROM_KINKS)
    together = primitive.function(*inputs)
    alone = torch.stack([primitive.function(*point) for point in zip(*inputs, strict=True)])
    torch.testing.assert_close(together, alone, rtol=1e-14, atol=1e-300)
    square = [tensor.unflatten(0, (-1, 4)).t() for tensor in inputs]  # not contiguous
    torch.testing.assert_close(
        primitive.function(*square),
        together.unflatten(0, (-1, 4)).t(),
        rtol=1e-14,
        atol=1e-300,
    )


@every_primitive
def test_a_primitive_is_pure(primitive: Primitive) -> None:
    inputs = arguments(primitive, AWAY_FROM_KINKS)
    before, state = [tensor.clone() for tensor in inputs], torch.get_rng_state()
    first, second = primitive.function(*inputs), primitive.function(*inputs)
    assert torch.equal(first, second)
    assert all(map(torch.equal, before, inputs))
    assert torch.equal(state, torch.get_rng_state())


@every_primitive
def test_code_is_the_function(primitive: Primitive) -> None:
    for dtype in (torch.float64, torch.float32, torch.bfloat16):
        inputs = arguments(primitive, torch.cat([AWAY_FROM_KINKS, torch.zeros(1)]).to(dtype))
        names = {f"a{i}": tensor for i, tensor in enumerate(inputs)}
        value = eval(primitive.code.format(*names), {"torch": torch, "F": F}, names)
        assert value.dtype == dtype
        assert torch.equal(value, primitive.function(*inputs))


@every_primitive
def test_the_symbolic_form_is_the_function(primitive: Primitive) -> None:
    symbols = sympy.symbols("a b", real=True)[: primitive.arity]
    form = primitive.symbolic(sympy, *symbols)
    points = torch.cat([AWAY_FROM_KINKS, torch.zeros(1, dtype=torch.float64)])
    for point in itertools.product(points.tolist(), repeat=primitive.arity):
        tensors = [torch.tensor(value, dtype=torch.float64) for value in point]
        value = float(primitive.function(*tensors))
        exact = float(form.subs(dict(zip(symbols, map(sympy.Float, point), strict=True))))
        assert value == pytest.approx(exact, rel=1e-7, abs=1e-12)


@every_primitive
def test_the_plain_form_is_the_symbolic_one_but_for_the_floor(primitive: Primitive) -> None:
    symbols = sympy.symbols("a b", real=True)[: primitive.arity]
    forms = [form(sympy, *symbols) for form in (primitive.plain, primitive.symbolic)]
    for point in itertools.product((0.27, 1.6, 4.9), repeat=primitive.arity):
        at = dict(zip(symbols, map(sympy.Float, point), strict=True))
        plain, protected = (float(form.subs(at)) for form in forms)
        assert plain == pytest.approx(protected, rel=1e-4)


@every_primitive
def test_the_value_is_at_least_0_where_its_sign_says_so(primitive: Primitive) -> None:
    inputs = arguments(primitive, torch.linspace(-10, 10, 202, dtype=torch.float64))
    negative = torch.stack([tensor < 0 for tensor in inputs])
    promised = {
        NOT_NEGATIVE: torch.ones_like(negative[0]),
        IF_ALL: ~negative.any(0),
        IF_ANY: ~negative.all(0),
        UNKNOWN: torch.zeros_like(negative[0]),
    }[primitive.sign]
    assert not (primitive.function(*inputs)[promised] < 0).any()


@every_primitive
def test_writing_over_a_writable_value_changes_no_slope(primitive: Primitive) -> None:
    if primitive.value == KEPT:
        return
    inputs = arguments(primitive, AWAY_FROM_KINKS)
    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    value = primitive.function(*leaves)
    with torch.no_grad():
        value.fill_(math.nan)
    gradients = torch.autograd.grad(value, leaves, torch.ones_like(value))
    assert all(map(torch.equal, gradients, slopes(primitive, *inputs)))


@every_primitive
def test_the_calls_in_place_compute_the_same_bits_over_their_operand(primitive: Primitive) -> None:
    inputs = arguments(primitive, AWAY_FROM_KINKS)
    for at, call in enumerate(primitive.in_place):
        if call is not None:
            copies = [tensor.clone() for tensor in inputs]
            assert torch.equal(call(*copies), primitive.function(*inputs))
            assert torch.equal(copies[at], primitive.function(*inputs))


@every_primitive
@pytest.mark.parametrize("number", [-2.0, 0.0, 1.5])
def test_an_operand_may_be_a_number(primitive: Primitive, number: float) -> None:
    if primitive.arity == 1:
        return  # a number alone is folded
    x = AWAY_FROM_KINKS
    filled = torch.full_like(x, number)
    for operands, tensors in (((x, number), (x, filled)), ((number, x), (filled, x))):
        call = primitive.with_number and primitive.with_number(*operands)
        function, code, taken = call or (primitive.function, primitive.code, operands)
        expected = primitive.function(*tensors)
        torch.testing.assert_close(function(*taken), expected, rtol=1e-15, atol=0)
        names = {"torch": torch, "F": F, "x": x}
        texts = ["x" if operand is x else repr(operand) for operand in taken]
        assert torch.equal(eval(code.format(*texts), names), function(*taken))


@every_primitive
def test_a_wrong_number_of_operands_is_refused(primitive: Primitive) -> None:
    for count in {0, 1, 2, 3} - {primitive.arity}:
        with pytest.raises(CandidateError, match=f"{primitive.name} takes {primitive.arity} op"):
            Call(primitive.name, (Variable(),) * count)


@every_primitive
def test_values_are_those_that_stored_scores_were_computed_with(primitive: Primitive) -> None:
    pinned = torch.tensor(GOLDEN["primitives"][primitive.name], dtype=torch.float64)
    torch.testing.assert_close(values(primitive), pinned, rtol=1e-12, atol=1e-15)


def test_the_golden_file_has_every_primitive_and_alias_and_is_written_as_it_is() -> None:
    advice = "run python tests/contracts/golden.py"
    assert extended(GOLDEN, PRIMITIVES, ALIASES) == PATH.read_text(), advice


def test_a_new_primitive_is_added_to_the_golden_file_and_nothing_else_changes() -> None:
    new = replace(PRIMITIVES["sin"], name="wave", function=torch.cos)
    lines = extended(GOLDEN, {**PRIMITIVES, "wave": new}, ALIASES).splitlines()
    added = [line for line in lines if line.startswith('    "wave": [')]
    assert len(added) == 1
    lines.remove(added[0])
    assert "".join(lines).replace(",  }", "  }") == PATH.read_text().replace("\n", "")


def test_no_stored_name_was_dropped() -> None:
    assert set(GOLDEN["primitives"]) <= set(PRIMITIVES)
    assert GOLDEN["aliases"].items() <= dict(ALIASES).items()


def test_names_are_lower_case_and_mean_one_thing() -> None:
    names = [*PRIMITIVES, *ALIASES, *CONSTANTS, *FORMS, *FOLDS, "x"]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z_0-9]*", name) for name in names)
    assert all(name == primitive.name for name, primitive in PRIMITIVES.items())
    assert all(primitive.source for primitive in PRIMITIVES.values())


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_an_alias_is_read_as_the_primitive_and_written_as_it(alias: str, name: str) -> None:
    operands = ", ".join(["x"] * PRIMITIVES[name].arity)
    assert parse(f"{alias}({operands})") == parse(f"{name}({operands})")
    assert alias not in str(parse(f"{alias}({operands})")).split("(")[0]


def test_the_papers_unary_and_binary_functions_all_parse() -> None:
    assert (len(SWISH.unary), len(SWISH.binary)) == (25, 10)
    for text in (*SWISH.unary, *SWISH.binary):
        parse(text, ("x", "x1", "x2"))


def test_division_is_exact_but_for_a_sliver_around_zero() -> None:
    x = torch.tensor([-3.0, -1e-3, -1e-5, 1e-5, 1e-3, 3.0], dtype=torch.float64)
    divided = PRIMITIVES["div"].function(x, x)
    torch.testing.assert_close(divided, torch.ones_like(x), rtol=0, atol=1.1e-2)
    torch.testing.assert_close(divided[[0, 1, 4, 5]], torch.ones(4).double(), rtol=0, atol=1e-4)
    assert PRIMITIVES["div"].function(x[:1] * 0, x[:1] * 0) == 0


def test_sqrt_and_log_have_the_stated_floors_and_slopes() -> None:
    small = torch.tensor([-2.0, -1e-6, 0.0, 1e-6, 1e-3], dtype=torch.float64)
    sqrt, log = PRIMITIVES["sqrt"], PRIMITIVES["log"]
    assert torch.equal(sqrt.function(small), torch.full_like(small, 1e-3).sqrt())
    assert slopes(sqrt, torch.linspace(-1, 1, 20_001))[0].max() <= 15.9
    assert log.function(small)[2] == pytest.approx(-11.5129, abs=1e-4)
    assert slopes(log, torch.tensor(POWERS_OF_TWO))[0].max() <= 1e5


def test_pow_takes_the_size_of_its_base_with_the_stated_floor() -> None:
    power = PRIMITIVES["pow"].function
    base = torch.tensor([-3.0, -1e-4, 0.0, 1e-4, 3.0], dtype=torch.float64)
    two, minus = torch.full_like(base, 2.0), torch.full_like(base, -10.0)
    expected = torch.tensor([9.0, 1e-6, 1e-6, 1e-6, 9.0], dtype=torch.float64)
    torch.testing.assert_close(power(base, two), expected)
    assert power(base, minus).max() == pytest.approx(1e30)
    assert slopes(PRIMITIVES["pow"], base + 1.1e-3, minus)[0].abs().max() <= 1e34
    x = torch.tensor([-2.0, 1e-5, 3.0], dtype=torch.float64)
    for text in ("pow(2, x)", "pow(-2, x)", "pow(0, x)", "pow(x, 3)", "pow(x, -1.5)"):
        tree = parse(text)
        assert isinstance(tree, Call)
        operands = [
            x if o == Variable() else torch.full_like(x, float(str(o))) for o in tree.operands
        ]
        torch.testing.assert_close(tree.module()(x), power(*operands), rtol=1e-14, atol=0)
