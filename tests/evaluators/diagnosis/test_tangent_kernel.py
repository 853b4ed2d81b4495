"""The tangent kernel of models whose kernel is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from actsearch.evaluators import tangent_kernel
from actsearch.evaluators.diagnosis.tangent_kernel import kernel_matrix
from actsearch.space import parse

X = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))


def test_the_kernel_of_a_linear_model_is_that_of_its_inputs() -> None:
    """f_c = w_c · x + b_c, so that every class has gradients x and 1: K = x x' + 1."""
    expected = X.double() @ X.double().t() + 1
    torch.testing.assert_close(kernel_matrix(nn.Linear(6, 3), X), expected)


def test_its_conditioning_is_that_of_the_gram_matrix() -> None:
    square = X[:6]
    kernel = tangent_kernel(nn.Linear(6, 3, bias=False), square)
    assert kernel.condition == pytest.approx(float(torch.linalg.cond(square.double()) ** 2))
    assert kernel.eigenvalues[0] > kernel.eigenvalues[-1] > 0


def test_more_images_than_parameters_have_an_infinite_condition() -> None:
    assert tangent_kernel(nn.Linear(6, 3, bias=False), X).condition == math.inf


def test_it_is_the_mean_over_classes_of_products_of_gradients() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 5), parse("x * sigmoid(beta * x)").module(), nn.Linear(5, 3))
    rows = []
    for x in X[:3]:
        for score in net(x.unsqueeze(0))[0]:
            pieces = torch.autograd.grad(score, list(net.parameters()), retain_graph=True)
            rows.append(torch.cat([piece.flatten() for piece in pieces]))
    jacobian = torch.stack(rows).view(3, 3, -1)  # images, classes, parameters
    expected = torch.einsum("icp,jcp->ij", jacobian, jacobian) / 3
    torch.testing.assert_close(kernel_matrix(net, X[:3]).float(), expected)
