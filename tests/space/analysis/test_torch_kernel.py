"""Where torch has an operator the exported file calls it, however the candidate is written."""

from __future__ import annotations

import pytest
import torch

from actsearch.space import module_source, parse
from actsearch.space.analysis.torch_kernel import CLOSE, torch_kernel
from actsearch.space.modules.kernels import OPERATORS, Operator

KERNELS = {
    "max(x, 0) + a=0.25 * min(x, 0)": "F.prelu(x, {0})",
    "relu(x) - a[channel] * relu(-x)": "F.prelu(x, {0})",
    "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x ** 3)))": (
        'F.gelu(x, approximate="tanh")'
    ),
    "x * (1 + erf(x / 1.4142135623730951)) / 2": "F.gelu(x)",
    "min(max(x, -1), 1)": "F.hardtanh(x)",
    "max(min(x, 3), -2)": "F.hardtanh(x, -2.0, 3.0)",
    "max(x, 0) + 1.5 * (exp(min(x, 0) / 1.5) - 1)": "F.celu(x, 1.5)",
    "max(x, 0) + exp(min(x, 0)) - 1": "F.elu(x)",
    "min(relu(x), 6)": "F.relu6(x)",
    "x / (1 + exp(-x))": "F.silu(x)",
    "x * sigmoid(x)": "F.silu(x)",
    "x * tanh(softplus(x))": "F.mish(x)",
    "softplus(2 * x) / 2": "F.softplus(x, 2.0)",
    "max(x, 0.1 * x)": "F.leaky_relu(x, 0.1)",
    "x * min(max(x + 3, 0), 6) / 6": "F.hardswish(x)",
    "max(x - 0.5, 0) + min(x + 0.5, 0)": "F.softshrink(x)",
    "-softplus(-x)": "F.logsigmoid(x)",
    "x - tanh(x)": "F.tanhshrink(x)",
    "(x + abs(x)) / 2": "F.relu(x)",
    "1 / (1 + exp(-x))": "torch.sigmoid(x)",
    "2 * sigmoid(2 * x) - 1": "torch.tanh(x)",
}


@pytest.mark.parametrize("row", OPERATORS.values(), ids=OPERATORS)
def test_a_call_of_torch_can_be_differentiated_twice(row: Operator) -> None:
    numbers = {"F.hardtanh": (-1.0, 1.0), "F.leaky_relu": (0.01,), "F.softshrink": (0.5,)}
    x = torch.linspace(-7.03, 7.11, 101, dtype=torch.float64).requires_grad_()
    value = row.function(x, *numbers.get(row.name, ()))
    (slope,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    (bend,) = torch.autograd.grad((slope * x).sum(), x)
    assert bend.isfinite().all()


@pytest.mark.parametrize("text", KERNELS)
def test_the_operator_is_called(text: str) -> None:
    expression = parse(text)
    kernel = torch_kernel(expression)
    assert kernel is not None
    assert kernel.code == KERNELS[text]
    if kernel.compute is not None:
        x = torch.linspace(-7.03, 7.11, 101, dtype=torch.float64)
        difference = (kernel.compute(x) - expression.values(x)).abs()
        assert float(difference.max()) <= 8 * CLOSE
    source = module_source(expression, kernel=kernel)
    assert kernel.name in source
    assert "v1" not in source, "one call and nothing else"


@pytest.mark.parametrize(
    "text",
    [
        "x",  # nothing to call
        "silu(x)",  # the call already
        "min(max(x + 3, 0), 6) / 6",  # F.hardsigmoid has no second derivative
        "max(x, a * x)",  # a PReLU up to a = 1 only
        "x * tanh(log(1 + exp(x)))",  # Mish but for the floor of log, 1e-05
        "x * sigmoid(1.01 * x)",
        "max(x, 0) + a * min(x, 0) + b",
        "relu(x) + 100 * relu(1 - abs(x - 10))",  # ReLU but for a hat at 10
        "relu(x) + relu(1 - abs(5 * (x - 60.3)))",  # a hat between the points
        "silu(x) + 1e-3 * exp(-(1000 * (x - 2.50205)) ** 2)",
        "tanh(x) + max(0, 1 - 1000000000 * abs(x - 0.0012345))",  # 18 numbers of float32 wide
        "relu(x) + relu(1 - abs(x - 10050))",
        "max(x, 0) + a * min(x, 0) + relu(1 - abs(5 * (x - 60.3)))",
        "exp(exp(exp(x)))",
    ],
)
def test_what_is_nearly_an_operator_is_composed(text: str) -> None:
    assert torch_kernel(parse(text)) is None


def test_channels_in_any_dimension_are_a_prelu() -> None:
    expression = parse("max(x, 0) + a[channel]=0.25 * min(x, 0)")
    source = module_source(expression, kernel=torch_kernel(expression))
    names: dict[str, object] = {}
    exec(source, names)
    prelu = names["prelu_per_channel"]
    weight = torch.tensor([0.1, 0.2, 0.3])
    for shape, dim in (((4, 3, 2), 1), ((4, 2, 3), -1), ((3, 5), 0), ((3,), 0), ((3,), -1)):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        slopes = weight.view([-1 if i == dim % len(shape) else 1 for i in range(len(shape))])
        expected = torch.where(x > 0, x, slopes * x)
        torch.testing.assert_close(prelu(x, weight, dim), expected)  # type: ignore[operator]
    with pytest.raises(ValueError, match="num_parameters=3"):
        prelu(torch.ones(2, 4), weight, 1)  # type: ignore[operator]
