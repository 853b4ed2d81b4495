"""A file of `--memory` keeps one tensor, computes the same, and can be differentiated again."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, hessian, jvp, vmap

from actsearch.search.exporting.torch_file import tensors_kept
from actsearch.space import (
    PRIMITIVES,
    CoreUnits,
    Expression,
    family,
    from_file,
    module_source,
    parse,
)
from actsearch.space.analysis.finite_range import finite_points, finite_range
from actsearch.space.catalog.table import CATALOG

X = torch.linspace(-5.03, 5.11, 24, dtype=torch.float64).reshape(8, 3)
TEXTS = (
    "x * tanh(softplus(x))",
    "x * sigmoid(beta[channel]=0.5 * x) + a * log(x) / erf(x)",
    "max(tanh(max(x ** 2, x + beta)), cos(x)) / (1 + abs(x))",
    "pow(2, x) * sinc(x) * i / (j + x ** 2)",
    "max(beta * x, x) + min(x, a[channel] * x) + max(0, c * x)",  # ties everywhere
    "hard_sigmoid(beta * x) + hard_swish(x + 3)",
    "one_tensor * x + float * min(x, exp(exp(9))) + slopes * sin(x) + pull * cos(x)",
)


def lean(expression: Expression, folder: Path) -> nn.Module:
    path = folder / "activation.py"
    path.write_text(module_source(expression, memory=True), encoding="utf-8")
    channel = any(p.granularity == "channel" for p in expression.parameters)
    return from_file(path)(**({"num_parameters": 3} if channel else {}))


def derivatives(module: nn.Module) -> list[Tensor]:
    """Value, gradients of x and of every parameter, and those of their squares."""
    x = X.clone().requires_grad_()
    module = copy.deepcopy(module).double()
    inputs = [x, *module.parameters()]
    value = module(x)
    weights = torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).reshape(value.shape)
    first = torch.autograd.grad((value * weights).sum(), inputs, create_graph=True)
    again = sum((g**2).sum() for g in first)
    assert isinstance(again, Tensor)
    second = torch.autograd.grad(again, inputs, allow_unused=True, materialize_grads=True)
    return [value, *first, *second]


def agrees(expression: Expression, folder: Path) -> None:
    forms = lean(expression, folder), expression.module(channels=3)
    pairs = zip(*map(derivatives, forms), strict=True)
    for computed, expected in pairs:
        torch.testing.assert_close(computed, expected, rtol=1e-12, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("text", TEXTS)
def test_values_gradients_and_second_ones_are_the_modules(text: str, tmp_path: Path) -> None:
    agrees(parse(text), tmp_path)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_has_its_slope(name: str, tmp_path: Path) -> None:
    operands = ["beta * x - 1.53", "0.1 + a[channel] * x"][: PRIMITIVES[name].arity]
    expression = parse(f"{name}({', '.join(operands)}) * x + a[channel] * x ** 2")
    agrees(expression, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "cosh(x) * sinc(x)",  # x ** 2 becomes 0 in the slope of sinc
        "x ** 2 * log(x)",  # 1 / (|x| + 1e-05) is infinite in float16
        "x * sinc(x) * exp(-x ** 2 / 2)",  # 0 * infinity far out
        *(str(family(name)) for name in ("sgt", "crrelu", "telu", "nipuna")),
        str(CATALOG["GELU-Sinc"].expression),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_gradients_have_the_modules_bits_wherever_those_are_finite(
    text: str, dtype: torch.dtype, tmp_path: Path
) -> None:
    expression = parse(text)
    points = finite_points(finite_range(expression, dtype))
    results = []
    for form in (lean(expression, tmp_path), expression.module()):
        x = torch.tensor(points, dtype=dtype).requires_grad_()
        inputs = [x, *form.to(dtype).parameters()]
        results.append(torch.autograd.grad(form(x).sum(), inputs))
    assert len(points) > 1
    assert results[0][0].isfinite().all()
    for computed, expected in zip(*results, strict=True):
        assert torch.equal(computed.nan_to_num(), expected.nan_to_num())


@pytest.mark.parametrize("text", ["max(beta * x, x)", "max(x, beta * x)", "min(x, beta * x)"])
def test_operands_that_tie_everywhere_learn_as_the_module_does(text: str, tmp_path: Path) -> None:
    expression = parse(text)
    forms = lean(expression, tmp_path).double(), expression.module().double()
    for form in forms:
        form(X).square().sum().backward()
    computed, expected = (next(form.parameters()).grad for form in forms)
    assert computed is not None
    assert computed != 0
    assert computed == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", CATALOG)
def test_every_named_function_has_its_slopes(name: str, tmp_path: Path) -> None:
    expression = parse(f"({CATALOG[name].expression}) * x ** 2 * c * sin(c * x)")
    agrees(expression, tmp_path)


@pytest.mark.parametrize("text", TEXTS)
def test_one_tensor_is_kept_where_the_plain_module_keeps_more(text: str, tmp_path: Path) -> None:
    expression = parse(text)
    module = lean(expression, tmp_path)
    assert tensors_kept(module if "channel" not in text else _wide(module)) == 1
    assert tensors_kept(expression.module(channels=8)) > 1


def _wide(module: nn.Module) -> nn.Module:
    return type(module)(num_parameters=8)


def test_candidates_of_core_1_keep_one_tensor_at_most(tmp_path: Path) -> None:
    space, rng = CoreUnits(1), np.random.default_rng(0)
    for _ in range(12):
        assert tensors_kept(lean(space.decode(space.sample(rng)), tmp_path)) <= 1


def test_torch_func_takes_it(tmp_path: Path) -> None:
    expression = parse("x * sigmoid(beta * x)")
    module, plain = lean(expression, tmp_path).double(), expression.module().double()
    x = torch.linspace(-2, 2, 6, dtype=torch.float64)
    betas = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)

    def over(net: nn.Module, beta: Tensor) -> Tensor:
        value: Tensor = functional_call(net, {"beta": beta}, (x,))
        return value

    for net in (module, plain):
        assert vmap(lambda b, net=net: over(net, b))(betas).shape == (3, 6)
    stacked = [vmap(lambda b, net=net: over(net, b))(betas) for net in (module, plain)]
    torch.testing.assert_close(*stacked)
    pushed = [jvp(net, (x,), (torch.ones_like(x),)) for net in (module, plain)]
    torch.testing.assert_close(*pushed)
    bent = [hessian(lambda x, net=net: net(x).sum())(x) for net in (module, plain)]
    torch.testing.assert_close(*bent)


def test_what_keeps_nothing_is_left_as_it_is() -> None:
    assert module_source(parse("x"), memory=True) == module_source(parse("x"))
    assert module_source(parse("beta"), memory=True) == module_source(parse("beta"))
