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
    Call,
    CoreUnits,
    Expression,
    from_file,
    module_source,
    parse,
)
from actsearch.space.catalog.table import CATALOG

X = torch.linspace(-5.03, 5.11, 24, dtype=torch.float64).reshape(8, 3)
TEXTS = (
    "x * tanh(softplus(x))",
    "x * sigmoid(beta[channel]=0.5 * x) + a * log(x) / erf(x)",
    "max(tanh(max(x ** 2, x + beta)), cos(x)) / (1 + abs(x))",
    "pow(2, x) * sinc(x) * i / (j + x ** 2)",
)


def lean(expression: Expression, folder: Path) -> nn.Module:
    path = folder / "activation.py"
    path.write_text(module_source(expression, memory=True), encoding="utf-8")
    channel = any(p.granularity == "channel" for p in expression.parameters)
    return from_file(path)(**({"num_parameters": 3} if channel else {}))


def derivatives(module: nn.Module, twice: bool = True) -> list[Tensor]:
    """Value, gradients of x and of every parameter, and `twice` those of their squares."""
    x = X.clone().requires_grad_()
    module = copy.deepcopy(module).double()
    inputs = [x, *module.parameters()]
    value = module(x)
    weights = torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).reshape(value.shape)
    first = torch.autograd.grad((value * weights).sum(), inputs, create_graph=twice)
    if not twice:
        return [value, *first]
    again = sum((g**2).sum() for g in first)
    assert isinstance(again, Tensor)
    second = torch.autograd.grad(again, inputs, allow_unused=True, materialize_grads=True)
    return [value, *first, *second]


def agrees(expression: Expression, folder: Path) -> None:
    # torch has no second derivative of its hardsigmoid; ours has.
    calls = [node.primitive for node in expression.nodes() if isinstance(node, Call)]
    twice = "hard_sigmoid" not in calls
    forms = lean(expression, folder), expression.module(channels=3)
    pairs = zip(*(derivatives(form, twice) for form in forms), strict=True)
    for computed, expected in pairs:
        torch.testing.assert_close(computed, expected, rtol=1e-6, atol=1e-7, equal_nan=True)


@pytest.mark.parametrize("text", TEXTS)
def test_values_gradients_and_second_ones_are_the_modules(text: str, tmp_path: Path) -> None:
    agrees(parse(text), tmp_path)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_has_its_slope(name: str, tmp_path: Path) -> None:
    operands = ["beta * x - 1.53", "0.1 + a[channel] * x"][: PRIMITIVES[name].arity]
    expression = parse(f"{name}({', '.join(operands)}) * x + a[channel] * x ** 2")
    agrees(expression, tmp_path)


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
