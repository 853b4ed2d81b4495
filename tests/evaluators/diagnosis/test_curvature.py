"""Hessian products, Lanczos, spectral density and index against matrices formed exactly."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from actsearch.evaluators import (
    RECIPES,
    ImageSpec,
    LossHessian,
    instability,
    spectral_density,
    spectrum,
)
from actsearch.evaluators.diagnosis.curvature.instability_index import frobenius
from actsearch.evaluators.diagnosis.curvature.lanczos import lanczos
from actsearch.space import parse


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


X = torch.randn(60, 4, generator=generator())
LABELS = torch.arange(60) % 3


def tiny(text: str = "x * sigmoid(beta * x)") -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), parse(text).module(), nn.Linear(5, 3))


def exact(net: nn.Module, x: Tensor, labels: Tensor) -> Tensor:
    """The whole Hessian, by autograd's own function."""
    names, shapes = zip(*((n, p.shape) for n, p in net.named_parameters()), strict=True)
    flat = torch.cat([p.detach().flatten() for p in net.parameters()])

    def loss(values: Tensor) -> Tensor:
        pieces = values.split([shape.numel() for shape in shapes])
        parameters = {n: v.view(s) for n, v, s in zip(names, pieces, shapes, strict=True)}
        return F.cross_entropy(functional_call(net, parameters, (x,)), labels)

    hessian: Tensor = torch.autograd.functional.hessian(loss, flat)
    return hessian


@pytest.mark.parametrize("text", ["x * sigmoid(beta * x)", "relu(x)", "x"])
def test_a_product_is_that_with_the_whole_hessian(text: str) -> None:
    net = tiny(text)
    product, matrix = LossHessian(net, X, LABELS), exact(net, X, LABELS)
    assert product.size == len(matrix) == sum(p.numel() for p in net.parameters())
    vector = torch.randn(product.size, generator=generator())
    torch.testing.assert_close(product(vector), matrix @ vector, rtol=1e-4, atol=1e-5)
    assert product.loss == pytest.approx(F.cross_entropy(net(X), LABELS).item())


@pytest.mark.parametrize("name", ["conv", "resnet20", "vit"])
def test_products_of_every_shipped_network_are_symmetric(name: str) -> None:
    recipe = RECIPES[name]
    net = recipe.build(parse("mish(x)"), 0, ImageSpec())
    product = LossHessian(net, torch.rand(2, 784, generator=generator()), torch.arange(2))
    u, v = torch.randn(2, product.size, generator=generator())
    assert float(u @ product(v)) == pytest.approx(float(v @ product(u)), rel=1e-3)


def test_lanczos_finds_the_eigenvalues_of_a_diagonal() -> None:
    values = torch.tensor([-3.0, 0.5, 1.0, 2.0, 7.0], dtype=torch.float64)
    ritz = lanczos(lambda v: values * v, torch.ones(5, dtype=torch.float64), 5)
    torch.testing.assert_close(ritz.values, values)
    torch.testing.assert_close(ritz.weights, torch.full((5,), 0.2, dtype=torch.float64))


def test_no_eigenvalue_is_found_twice() -> None:
    """Without reorthogonalisation 100 steps show the 1000 several times over."""
    values = torch.cat([torch.linspace(0, 1, 299), torch.tensor([1000.0])]).double()
    start = torch.randn(300, generator=generator(), dtype=torch.float64)
    ritz = lanczos(lambda v: values * v, start, 100)
    assert int((ritz.values > 500).sum()) == 1
    assert float(ritz.values[-1]) == pytest.approx(1000, abs=1e-9)


def test_an_eigenvalue_lies_within_each_bound() -> None:
    values = torch.randn(200, generator=generator(), dtype=torch.float64)
    start = torch.randn(200, generator=generator(1), dtype=torch.float64)
    ritz = lanczos(lambda v: values * v, start, 30)
    nearest = (ritz.values.unsqueeze(1) - values).abs().min(1).values
    assert bool((nearest <= ritz.errors + 1e-12).all())
    assert float(ritz.errors[-1]) < 1e-2


def test_lanczos_ends_where_the_subspace_is_exhausted() -> None:
    ritz = lanczos(lambda v: 2 * v, torch.randn(50, generator=generator()), 20)
    assert ritz.values.tolist() == pytest.approx([2.0])
    assert lanczos(torch.zeros_like, torch.ones(9), 5).values.tolist() == [0.0]


def test_the_spectrum_of_a_tiny_net_is_that_of_its_whole_hessian() -> None:
    net = tiny()
    matrix = exact(net, X, LABELS).double()
    values = torch.linalg.eigvalsh(matrix).flip(0)
    product = LossHessian(net, X, LABELS)
    estimate = spectrum(product, product.size, generator(), probes=40, steps=product.size)
    assert estimate.largest == pytest.approx(values[:5].tolist(), rel=1e-3, abs=1e-6)
    assert estimate.lowest == pytest.approx(float(values[-1]), abs=1e-5)
    # 40 probes: four standard errors are exceeded by chance once in 10,000 generators
    assert abs(estimate.trace - float(values.sum())) < 4 * estimate.trace_error
    assert abs(estimate.frobenius - float(values.norm())) < 4 * estimate.frobenius_error


def test_the_density_of_a_diagonal_has_its_mass_where_its_values_are() -> None:
    """A quarter of the values around 5, the others at 0; random signs are exact on a diagonal."""
    values = torch.cat([torch.zeros(300), torch.full((100,), 5.0)])
    estimate = spectrum(lambda v: values * v, 400, generator(), probes=3, steps=10)
    assert estimate.trace == pytest.approx(500, rel=1e-5)
    assert estimate.frobenius == pytest.approx(50, rel=1e-5)
    axis = torch.linspace(-3, 8, 2001, dtype=torch.float64)
    heights = torch.tensor(spectral_density(estimate, axis.tolist(), 0.2), dtype=torch.float64)
    assert float(torch.trapezoid(heights, axis)) == pytest.approx(1, rel=1e-6)
    above = axis > 2.5
    assert float(torch.trapezoid(heights[above], axis[above])) == pytest.approx(0.25, rel=1e-5)


def test_one_probe_has_no_standard_error() -> None:
    estimate = spectrum(lambda v: 2 * v, 30, generator(), probes=1, steps=5)
    assert math.isnan(estimate.trace_error)
    assert estimate.trace == pytest.approx(60)


def test_the_frobenius_norm_of_a_quadratic_is_found() -> None:
    """On a diagonal every vector of signs gives the exact norm; on others their mean does."""
    diagonal = torch.tensor([3.0, -4.0, 12.0])
    assert frobenius(lambda v: diagonal * v, 3, generator(), 1, diagonal) == pytest.approx(13)
    root = torch.randn(20, 20, generator=generator())
    matrix = root + root.t()
    norm = frobenius(lambda v: matrix @ v, 20, generator(1), 4000, matrix[0])
    # relative deviation of one ||Av||^2 about 0.4, so of the root of 4000: 0.3 %; five of them
    assert norm == pytest.approx(float(matrix.norm()), rel=0.016)


def test_the_index_is_the_quotient_of_the_means_over_mini_batches() -> None:
    net = tiny()
    batches = list(zip(X.split(20), LABELS.split(20), strict=True))
    measured = instability(net, batches, generator(), probes=500)
    norms = [float(exact(net, *batch).norm()) for batch in batches]
    squares = []
    for x, labels in batches:
        gradient = torch.autograd.grad(F.cross_entropy(net(x), labels), list(net.parameters()))
        squares.append(sum(float(g.square().sum()) for g in gradient))
    expected = (sum(norms) / 3) / (sum(squares) / 3)
    # relative deviation of one ||Hv||^2 at most 1, so of the root of 3 * 500: 1.3 %; four of them
    assert measured.index == pytest.approx(expected, rel=0.052)
    assert measured.squared_gradient == pytest.approx(sum(squares) / 3, rel=1e-5)
    assert (measured.batches, measured.probes) == (3, 500)
