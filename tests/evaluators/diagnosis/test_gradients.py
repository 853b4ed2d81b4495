"""Gradient norms and weight changes against formulas."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from actsearch.evaluators import RECIPES, ImageSpec, gradient_norms, weight_change, weight_matrices
from actsearch.space import parse

X = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(50) % 3


def test_the_norm_of_a_linear_classifier_is_that_of_its_formula() -> None:
    """Of the mean loss: weight (p - y)' x / B, bias the mean of p - y; one norm for both."""
    module = nn.Sequential(nn.Linear(6, 3))
    errors = (module(X).softmax(1) - nn.functional.one_hot(LABELS, 3)).detach()
    weight, bias = errors.t() @ X / 50, errors.mean(0)
    expected = math.sqrt(float(weight.square().sum() + bias.square().sum()))
    norms = gradient_norms(module, X, LABELS)
    assert norms.layers == ("0",)
    assert norms.norms[0] == pytest.approx(expected, rel=1e-5)
    assert norms.total == pytest.approx(expected, rel=1e-5)


def test_the_total_is_the_root_of_squares_and_holds_activation_parameters() -> None:
    swish = parse("beta * x * sigmoid(x)").module()
    module = nn.Sequential(nn.Linear(6, 5), swish, nn.Linear(5, 3))
    norms = gradient_norms(module, X, LABELS)
    nn.functional.cross_entropy(module(X), LABELS).backward()
    gradient = torch.cat([p.grad.flatten() for p in module.parameters() if p.grad is not None])
    assert norms.total == pytest.approx(float(gradient.norm()), rel=1e-5)
    assert sum(n**2 for n in norms.norms) < norms.total**2


def test_every_layer_with_weights_is_told_in_order_the_head_last() -> None:
    recipe = RECIPES["conv"]
    module = recipe.build(parse("relu(x)"), 0, ImageSpec())
    norms = gradient_norms(module, torch.rand(8, 784), torch.arange(8))
    shapes = [tuple(module.get_parameter(f"{name}.weight").shape) for name in norms.layers]
    assert [len(shape) for shape in shapes] == [4, 4, 2]
    assert shapes[-1][0] == 10


def test_weight_change_is_relative_to_the_start_and_leaves_biases_out() -> None:
    module = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
    start = weight_matrices(module)
    with torch.no_grad():
        module.get_parameter("0.weight").mul_(1.25)
        module.get_parameter("2.bias").add_(7)
    assert weight_change(start, module) == pytest.approx((0.25, 0.0), rel=1e-6)


def test_weights_that_started_at_zero_have_changed_infinitely() -> None:
    module = nn.Linear(2, 2)
    nn.init.zeros_(module.weight)
    start = weight_matrices(module)
    assert weight_change(start, module) == (0.0,)
    nn.init.ones_(module.weight)
    assert weight_change(start, module) == (math.inf,)
