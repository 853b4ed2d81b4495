"""An ensemble's linear layers give what autograd gives, the weights' gradient in pieces."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from actsearch.evaluators.training.factored_linear import (
    LINE,
    GradientFactors,
    linear,
    padded,
)

MEMBERS, INPUTS, BATCH = 5, 7, 16


def layer(fan_out: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    """Weights and biases, padded, and a signal."""
    generator = torch.Generator().manual_seed(fan_out)
    weights = torch.randn(MEMBERS, fan_out * INPUTS, generator=generator, dtype=dtype)
    biases = torch.randn(MEMBERS, fan_out, generator=generator, dtype=dtype)
    signal = torch.randn(MEMBERS, INPUTS, BATCH, generator=generator, dtype=dtype)
    tensors = (padded(weights), padded(biases), signal)
    return tuple(t.requires_grad_() for t in tensors)  # type: ignore[return-value]


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("fan_out", [3, 16])
def test_pieces_of_the_gradient_are_autograds(fan_out: int, first: bool) -> None:
    weights, biases, signal = layer(fan_out)
    weight = weights[:, : fan_out * INPUTS].view(MEMBERS, fan_out, INPUTS)
    bias = biases[:, :fan_out].unsqueeze(2)
    expected = weight @ signal + bias if first else torch.baddbmm(bias, weight, signal)
    upstream = torch.randn(expected.shape, generator=torch.Generator().manual_seed(0))
    of_autograd = torch.autograd.grad(expected, (weights, biases, signal), upstream)

    factors = GradientFactors()
    outputs = linear(weights, biases, signal, fan_out, factors, first=first)
    outputs.backward(upstream)
    assert torch.equal(outputs, expected)
    pieces = [factors.gradient(rows) for rows in (slice(0, 1), slice(1, 4), slice(4, 5))]
    assert torch.equal(torch.cat(pieces), of_autograd[0])
    assert weights.grad is None
    for tensor, gradient in zip((biases, signal), of_autograd[1:], strict=True):
        assert tensor.grad is not None
        assert torch.equal(tensor.grad, gradient)


@pytest.mark.parametrize("first", [False, True])
def test_gradients_are_right_in_float64(first: bool) -> None:
    weights, biases, signal = layer(3, torch.float64)

    def outputs(biases: Tensor, signal: Tensor) -> Tensor:
        return linear(weights, biases, signal, 3, GradientFactors(), first=first)

    assert torch.autograd.gradcheck(outputs, (biases, signal))


def test_under_autocast_the_gradient_is_made_in_bfloat16_and_given_in_float32() -> None:
    weights, biases, signal = layer(16)
    factors = GradientFactors()
    with torch.autocast("cpu", torch.bfloat16):
        outputs = linear(weights, biases, signal, 16, factors)
    outputs.sum().backward()
    gradient = factors.gradient(slice(None))
    assert (outputs.dtype, gradient.dtype) == (torch.bfloat16, torch.float32)
    assert torch.equal(gradient, gradient.bfloat16().float())


def test_rows_are_padded_to_whole_lines_with_zeros() -> None:
    rows = torch.ones(2, LINE + 1)
    assert padded(rows).shape == (2, 2 * LINE)
    assert padded(rows).sum() == rows.sum()
    assert padded(padded(rows)).shape == (2, 2 * LINE)
