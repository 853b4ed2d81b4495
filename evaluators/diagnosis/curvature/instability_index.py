"""The instability index E||H||_F / E||g||^2: how much curvature there is per squared gradient.

E is the mean over mini-batches, H the Hessian and g the gradient of a mini-batch's mean loss. A
step of size s along -g lowers the loss by s ||g||^2 to first order, and the second order, at most
s^2 ||H|| ||g||^2 / 2, may take it back: where the index is large, curvature outgrows the gradient.
Its unit is 1 / nats. No source of the name is known to us; issue 4 of this project defines it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .hessian import LossHessian
from .lanczos import Product
from .spectral_density import signs


@dataclass(frozen=True, slots=True, kw_only=True)
class Instability:
    """index: the quotient of the two means over mini-batches."""

    index: float
    hessian_norm: float  # E||H||_F
    squared_gradient: float  # E||g||^2
    batches: int
    probes: int  # per mini-batch


def instability(
    net: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    generator: torch.Generator,
    *,
    probes: int = 8,
) -> Instability:
    """The index over mini-batches of images [B, …] and labels int64 [B], at least one batch."""
    norms, squares = [], []
    for x, labels in batches:
        hessian = LossHessian(net, x, labels)
        like = hessian.gradient
        norms.append(frobenius(hessian, hessian.size, generator, probes, like))
        squares.append(float(like.double().square().sum()))
    curvature, gradient = statistics.fmean(norms), statistics.fmean(squares)
    index = curvature / gradient if gradient else math.inf if curvature else math.nan
    return Instability(
        index=index,
        hessian_norm=curvature,
        squared_gradient=gradient,
        batches=len(norms),
        probes=probes,
    )


def frobenius(
    product: Product, size: int, generator: torch.Generator, probes: int, like: Tensor
) -> float:
    """||A||_F of a symmetric operator: the root of the mean of ||A v||^2 over random signs v
    (Hutchinson 1990, of A squared). Exact for a diagonal A. The root of a mean is biased low, by
    about 1 / (4 probes) of itself where one eigenvalue outweighs all others."""
    squares = [
        float(product(signs(size, generator).to(like)).double().square().sum())
        for _ in range(probes)
    ]
    return math.sqrt(statistics.fmean(squares))
