"""Modules agree with torch's own functions, keep shape and dtype, and take a network's places."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from torch import Tensor, nn

from actsearch.space import (
    PRIMITIVES,
    CandidateError,
    Expression,
    parse,
)
from contracts.expressions import NAMES, expressions, gradients

# Away from every kink of the functions below.
X = torch.linspace(-7.03, 7.11, 200, dtype=torch.float64)
FLOOR = 3e-7  # what the divisor's floor of 1e-7 may change, relatively

REFERENCES: list[tuple[str, Callable[[Tensor], Tensor], float]] = [
    ("relu(x)", F.relu, 0),
    ("max(x, 0)", F.relu, 0),
    ("(x + abs(x)) / 2", F.relu, FLOOR),
    ("x * sigmoid(x)", F.silu, 0),
    ("x / (1 + exp(-x))", F.silu, FLOOR),
    ("0.5 * x * (1 + erf(x * 0.7071067811865476))", F.gelu, 0),
    (
        "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x ** 3)))",
        lambda x: F.gelu(x, approximate="tanh"),
        0,
    ),
    ("x * tanh(softplus(x))", F.mish, 0),
    ("max(x, 0) + min(exp(x) - 1, 0)", F.elu, 0),
    ("max(x, 0.01 * x)", F.leaky_relu, 0),
    ("x / (1 + abs(x))", F.softsign, FLOOR),
    ("(exp(x) - exp(-x)) / (exp(x) + exp(-x))", F.tanh, FLOOR),
    ("x - tanh(x)", F.tanhshrink, 0),
    ("-softplus(-x)", F.logsigmoid, 0),
    ("x * min(max(x + 3, 0), 6) / 6", F.hardswish, FLOOR),
    ("max(-1, min(1, x))", F.hardtanh, 0),
    ("min(max(x, 0), 6)", F.relu6, 0),
    ("relu(x) ** 2", lambda x: F.relu(x).square(), 0),
    ("x", lambda x: x * 1, 0),
]


@pytest.mark.parametrize(("text", "reference", "loose"), REFERENCES)
def test_compositions_are_torchs_functions_in_value_and_slope(
    text: str, reference: Callable[[Tensor], Tensor], loose: float
) -> None:
    x = X.clone().requires_grad_()
    expected = reference(x)
    (slope,) = torch.autograd.grad(expected.sum(), x)
    value, slopes = gradients(parse(text).module(), X)
    for actual, torchs in ((value, expected.detach()), (slopes["x"], slope)):
        torch.testing.assert_close(actual, torchs, rtol=max(loose, 1e-11), atol=max(loose, 1e-13))


@pytest.mark.parametrize("channel", [False, True])
def test_prelu_is_torchs_prelu_with_its_learnable_slope(channel: bool) -> None:
    expression = parse(f"max(x, 0) + a{'[channel]' * channel}=0.25 * min(x, 0)")
    module = expression.module(channels=4 if channel else None).double()
    reference = nn.PReLU(4 if channel else 1).double()
    x = X.reshape(5, 4, 10)
    value, slopes = gradients(module, x)
    expected, expected_slopes = gradients(reference, x)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(slopes["x"], expected_slopes["x"])
    assert slopes["a"] is not None
    assert expected_slopes["weight"] is not None
    torch.testing.assert_close(slopes["a"].reshape(-1), expected_slopes["weight"])


def test_swish_learns_its_beta() -> None:
    module = parse("x * sigmoid(beta=0.7 * x)").module().double()
    assert torch.autograd.gradcheck(module, X[::20].clone().requires_grad_())
    _, slopes = gradients(module, X)
    beta = torch.tensor(0.7).double().requires_grad_()
    (expected,) = torch.autograd.grad((X * torch.sigmoid(beta * X)).sum(), beta)
    torch.testing.assert_close(slopes["beta"], expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", PRIMITIVES)
def test_dtype_is_kept_with_parameters_in_float32(name: str, dtype: torch.dtype) -> None:
    operands = ["beta * x - 1.5", "0.1 + a[channel] / x"][: PRIMITIVES[name].arity]
    module = parse(f"{name}({', '.join(operands)})").module(channels=6)
    value, slopes = gradients(module, torch.linspace(0.5, 2, 6, dtype=dtype)[None])
    assert value.dtype == dtype
    assert slopes["x"] is not None
    assert slopes["x"].dtype == dtype
    assert {p.dtype for p in module.parameters()} == {torch.float32}


@pytest.mark.parametrize("text", ["2", "-1e-3", "pi", "beta", "beta[channel] + 1", "sin(2) / a"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_what_does_not_depend_on_x_still_has_its_shape_and_dtype(
    text: str, dtype: torch.dtype
) -> None:
    x = torch.zeros(2, 3, 4, dtype=dtype)
    value = parse(text).module(channels=3)(x)
    assert (value.shape, value.dtype) == (x.shape, dtype)
    assert value.unique().numel() == 1


@given(expressions())
def test_shape_and_dtype_are_kept_whatever_the_expression(tree: Expression) -> None:
    for dtype in (torch.float32, torch.bfloat16):
        value = tree.module(channels=3)(torch.ones(2, 3, 1, dtype=dtype))
        assert (value.shape, value.dtype) == ((2, 3, 1), dtype)


@pytest.mark.parametrize(("channel_dim", "shape"), [(1, (2, 3, 4, 4)), (-1, (2, 5, 3)), (0, (3,))])
def test_channel_parameters_act_along_the_stated_dimension(
    channel_dim: int, shape: tuple[int, ...]
) -> None:
    module = parse("a[channel] * x").module(channels=3, channel_dim=channel_dim)
    with torch.no_grad():
        module.get_parameter("a").copy_(torch.tensor([1.0, 2.0, 3.0]))
    value = module(torch.ones(shape)).movedim(channel_dim, 0)
    assert [channel.unique().tolist() for channel in value] == [[1.0], [2.0], [3.0]]


@pytest.mark.parametrize("shape", [(2, 4), (3,), ()])
def test_an_input_with_other_channels_is_refused_with_both_numbers(shape: tuple[int, ...]) -> None:
    module = parse("a[channel] * x").module(channels=3)
    with pytest.raises(CandidateError, match=r"'a' has 3 channels in dimension 1, but .* shape"):
        module(torch.ones(shape))


@pytest.mark.parametrize("channels", [None, 0, -1])
def test_channel_parameters_need_a_channel_count(channels: int | None) -> None:
    with pytest.raises(CandidateError, match=r"say how many, module\(channels=…\), at least 1"):
        parse("a[channel] * x").module(channels=channels)


def test_parameters_start_where_the_text_says() -> None:
    state = parse("a=0.25 * x + b[channel]=-2 + c[network]").module(channels=2).state_dict()
    assert {name: value.tolist() for name, value in state.items()} == {
        "a": 0.25,
        "b": [-2.0, -2.0],
        "c": 1.0,
    }


@pytest.mark.heavy
@given(expressions(largest=10.0))
def test_state_deepcopy_and_pickle_keep_the_function(tree: Expression) -> None:
    module = tree.module(channels=2)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.5)
    loaded = tree.module(channels=2)
    loaded.load_state_dict(module.state_dict())
    x = torch.linspace(-2, 2, 6).reshape(3, 2)
    for other in (loaded, copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        torch.testing.assert_close(other(x), module(x), rtol=0, atol=0, equal_nan=True)
        assert other.expression == tree


def test_a_whole_module_can_be_saved_by_torch() -> None:
    file = io.BytesIO()
    torch.save(parse("x / softplus(beta * x)").module(), file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    assert repr(loaded) == "Activation(x / softplus(beta * x))"


@pytest.mark.parametrize(
    "name", [*NAMES, "training", "parameters", "expression", "channels", "class", "None", "T_"]
)
def test_every_parameter_name_works_and_no_two_collide(name: str) -> None:
    module = parse(f"{name}[layer]=1 * x + {name}_=2 + {name}__=3").module()
    assert sorted(p.item() for p in module.parameters()) == [1.0, 2.0, 3.0]
    assert module.train().eval().training is False
    assert module(torch.ones(2)).tolist() == [6.0, 6.0]


@pytest.mark.parametrize("text", ["a=2 * x + b=-1", "beta[channel]=0.5 * x", "a[network]=3 * x"])
def test_parameters_made_on_meta_start_where_the_expression_says(text: str) -> None:
    expression = parse(text)
    with torch.device("meta"):
        module = expression.module(channels=4)
    module.to_empty(device="cpu")
    for value in module.parameters():
        nn.init.constant_(value, 7)
    module.reset_parameters()
    for parameter in expression.parameters:
        start = module.parameter_of(parameter)
        assert torch.equal(start, torch.full_like(start, parameter.initial))
        assert start.requires_grad


def test_a_parameter_may_have_the_name_of_a_method() -> None:
    module = parse("reset_parameters * x").module()
    assert dict(module.named_parameters()).keys() == {"reset_parameters_"}
    module.reset_parameters()
