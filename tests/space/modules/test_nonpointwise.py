"""Modules that are not pointwise: their formulas, widths and errors."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from actsearch.space import NOT_POINTWISE, CandidateError
from actsearch.space.modules.nonpointwise import (
    GEGLU,
    GLU,
    CReLU,
    Maxout,
    MetaACON,
    PolyNorm,
    SwiGLU,
)


def sample(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", NOT_POINTWISE)
def test_the_width_factor_is_what_comes_out(name: str) -> None:
    row = NOT_POINTWISE[name]
    if name == "Meta-ACON":
        assert row.build(8)(sample(2, 8, 3, 3)).shape == (2, 8, 3, 3)
        assert row.width_factor == 1
    else:
        assert row.build(8)(sample(5, 8)).shape == (5, 8 * row.width_factor)
    assert row.formula
    assert row.source


@pytest.mark.parametrize("name", NOT_POINTWISE)
def test_gradients_reach_the_input_and_every_parameter(name: str) -> None:
    module, x = NOT_POINTWISE[name].build(8), sample(6, 8, 4, 4).requires_grad_()
    value = module(x)
    (value * sample(*value.shape[1:])).sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
    for key, parameter in module.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key


def test_operands_are_those_of_torchs_glu() -> None:
    x = sample(3, 10)
    torch.testing.assert_close(GLU()(x), F.glu(x))
    torch.testing.assert_close(GEGLU()(x), x[:, :5] * F.gelu(x[:, 5:]))
    torch.testing.assert_close(SwiGLU(dim=1)(x), x[:, :5] * F.silu(x[:, 5:]))


def test_crelu_keeps_both_signs() -> None:
    x = torch.tensor([[-1.0, 2.0]])
    assert CReLU()(x).tolist() == [[0.0, 2.0, 1.0, 0.0]]


def test_maxout_is_the_largest_of_its_pieces() -> None:
    x = sample(4, 6)
    torch.testing.assert_close(Maxout(3)(x), x.view(4, 3, 2).amax(1))


def test_polynorm_is_its_formula() -> None:
    x = sample(4, 16).double()
    expected = sum(p / p.square().mean(-1, keepdim=True).sqrt() for p in (x, x**2, x**3)) / 3
    torch.testing.assert_close(PolyNorm()(x), expected, rtol=1e-4, atol=1e-5)


def test_meta_acon_with_beta_fixed_is_acon_c() -> None:
    module, x = MetaACON(4).eval(), sample(2, 4, 3, 3)
    beta = module.beta(x.mean((2, 3), keepdim=True))
    torch.testing.assert_close(module(x), x * torch.sigmoid(beta * x))
    assert ((beta > 0) & (beta < 1)).all()


def test_a_width_that_cannot_be_split_says_so() -> None:
    with pytest.raises(CandidateError, match="size 7 cannot be split into 2 equal parts"):
        GLU()(sample(2, 7))
    with pytest.raises(CandidateError, match="make the layer before it a multiple of 3"):
        Maxout(3)(sample(2, 7))
