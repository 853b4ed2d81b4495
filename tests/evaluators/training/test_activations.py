"""An ensemble's activations are each candidate's own module: values, gradients, what is shared."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from actsearch.evaluators.training.activations import EnsembleActivations, shared
from actsearch.space import parse
from contracts.expressions import gradients

CPU = torch.device("cpu")
WIDTHS, BATCH = (6, 5), 11
TEXTS = (
    "relu(x)",
    "x * sigmoid(beta * x)",
    "max(x, 0) + a[channel]=0.25 * min(x, 0)",
    "c[network]=0.5 * sin(x) + d * x",
    "a * x + b[channel]=2 * tanh(c[network]=3 * x)",
    "3",
)


def ensemble(*texts: str) -> EnsembleActivations:
    return EnsembleActivations([parse(text) for text in texts], WIDTHS, CPU)


def tensors(activations: EnsembleActivations) -> list[Tensor]:
    """Every learnable tensor, by member."""
    return [tensor for tensors in activations.parameters() for tensor in tensors]


def signal(members: int, layer: int = 0, batch: int = BATCH) -> Tensor:
    generator = torch.Generator().manual_seed(layer)
    drawn = torch.randn(members, WIDTHS[layer], batch, generator=generator)
    return drawn.requires_grad_()


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("layer", [0, 1])
def test_values_and_gradients_are_those_of_the_module(text: str, layer: int) -> None:
    activations, x = ensemble("tanh(x)", text, "relu(x)"), signal(3, layer)
    y = activations(layer, x)
    y.sum().backward()
    assert x.grad is not None
    module = parse(text).module(channels=WIDTHS[layer], channel_dim=0)
    value, of_module = gradients(module, x[1])
    torch.testing.assert_close(y[1].detach(), value)
    slope = of_module.pop("x")
    torch.testing.assert_close(x.grad[1], torch.zeros_like(x[1]) if slope is None else slope)
    computed = [t.grad.flatten().tolist() for t in tensors(activations) if t.grad is not None]
    reference = [g.flatten().tolist() for g in of_module.values() if g is not None]
    assert len(computed) == len(reference) == len(parse(text).parameters)
    for numbers, expected in zip(
        sorted(computed), sorted(reference), strict=True
    ):  # by their first value
        assert numbers == pytest.approx(expected, rel=1e-4)


def test_each_granularity_has_its_own_tensors() -> None:
    shapes = {
        text: [tuple(tensor.shape) for tensor in tensors(ensemble(text))]
        for text in ("a * x", "a[channel] * x", "a[network] * x", "relu(x)")
    }
    assert shapes == {
        "a * x": [(1,), (1,)],
        "a[channel] * x": [(6, 1), (5, 1)],
        "a[network] * x": [(1,)],
        "relu(x)": [],
    }


def test_a_parameter_of_the_network_gathers_the_gradients_of_all_layers() -> None:
    activations = ensemble("a[network]=2 * x")
    first, second = signal(1, 0), signal(1, 1)
    (activations(0, first).sum() + activations(1, second).sum()).backward()
    (shared,) = tensors(activations)
    assert shared.grad is not None
    assert shared.grad.item() == pytest.approx(
        float((first.sum() + second.sum()).detach()), rel=1e-5
    )
    assert activations.learned() == [{"a": (2.0,)}]


@pytest.mark.parametrize("batch", [BATCH, 128])
def test_equal_candidates_learn_apart(batch: int) -> None:
    activations = ensemble("a * x", "a * x")
    activations(0, signal(2, 0, batch))[0].sum().backward()
    first, second = tensors(activations)[0], tensors(activations)[2]
    assert first.grad is not None
    assert first.grad.item() != 0
    assert second.grad is not None
    assert second.grad.item() == 0


@pytest.mark.parametrize("text", ["mish(x)", "elu(x)", "silu(x)", "tanh(x)"])
@pytest.mark.parametrize("batch", [1, 11, 16, 97, 128])
def test_copies_side_by_side_are_equal_to_the_last_bit(text: str, batch: int) -> None:
    # Copies may share a call, and torch rounds the rest of a tensor otherwise than its bulk.
    x = signal(1, 0, batch).detach().repeat(5, 1, 1).requires_grad_()
    y = ensemble(*[text] * 5)(0, x)
    y.sum().backward()
    assert x.grad is not None
    assert all(torch.equal(y[0], row) for row in y)
    assert all(torch.equal(x.grad[0], row) for row in x.grad)


def test_what_is_kept_are_the_same_tensors_in_order() -> None:
    activations = ensemble("a * x", "relu(x)", "b[channel] * x", "c[network] * x")
    before = tensors(activations)
    activations.keep([2, 3])
    assert [id(t) for t in tensors(activations)] == [id(t) for t in before[2:]]
    assert activations.learned() == [{"b": (1.0, 1.0)}, {"c": (1.0,)}]


def test_learned_values_are_one_per_layer_and_means_over_channels() -> None:
    activations = ensemble("a * x + b[channel] * x ** 2 + c[network] * x ** 3", "relu(x)")
    with torch.no_grad():
        for number, tensor in enumerate(tensors(activations)):
            tensor.copy_(torch.arange(tensor.numel()).view_as(tensor) + 10.0 * number)
    learned, none = activations.learned()
    assert learned == {"a": (0.0, 30.0), "b": (12.5, 42.0), "c": (20.0,)}
    assert none == {}


def test_a_recipe_shares_only_what_the_text_leaves_to_the_layers() -> None:
    candidate = parse("a=2 * x + b[channel] * x ** 2 + c[network] * x ** 3")
    assert shared(candidate, "layer") is candidate
    assert str(shared(candidate, "network")) == str(
        parse("a[network]=2 * x + b[channel] * x ** 2 + c[network] * x ** 3")
    )
    assert str(shared(candidate, "channel")) == str(
        parse("a[channel]=2 * x + b[channel] * x ** 2 + c[network] * x ** 3")
    )
