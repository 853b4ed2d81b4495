"""The empirical neural tangent kernel of a network, and how well it is conditioned.

K[i, j] is the mean over classes c of grad f_c(x_i) · grad f_c(x_j), gradients with respect to all
parameters (Jacot, Gabriel and Hongler 2018): under small steps the training of a wide network
follows it, and directions of small eigenvalues are learned last.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

CHUNK = 16  # images whose gradients are taken at once


@dataclass(frozen=True, slots=True, kw_only=True)
class TangentKernel:
    """eigenvalues: of K over some images, falling, at least 0 up to rounding. condition: largest
    over smallest; infinite where the smallest is lost in rounding."""

    images: int
    eigenvalues: tuple[float, ...]
    condition: float


def tangent_kernel(net: nn.Module, x: Tensor) -> TangentKernel:
    """The kernel's spectrum for images x [B, …], in eval mode and float64.

    Keeps B * P float64 numbers for P parameters. Batch norms: as `dead_units` has it.
    """
    kernel = kernel_matrix(net, x)
    values = torch.linalg.eigvalsh(kernel).flip(0)
    largest, smallest = float(values[0]), float(values[-1])
    rounding = len(kernel) * torch.finfo(torch.float64).eps * largest
    return TangentKernel(
        images=len(x),
        eigenvalues=tuple(values.tolist()),
        condition=largest / smallest if smallest > rounding else math.inf,
    )


def kernel_matrix(net: nn.Module, x: Tensor) -> Tensor:
    """K, float64 [B, B]."""
    # float64: condition numbers beyond 1e6 are common, and float32 ends there.
    exact = copy.deepcopy(net).eval().double()
    images = x.double()
    parameters = {name: p.detach() for name, p in exact.named_parameters()}
    with torch.no_grad():
        classes: int = exact(images[:1]).shape[1]

    def score(values: dict[str, Tensor], image: Tensor, label: int) -> Tensor:
        result: Tensor = functional_call(exact, values, (image.unsqueeze(0),))[0, label]
        return result

    total = torch.zeros(len(x), len(x), dtype=torch.float64, device=x.device)
    for label in range(classes):
        with sdpa_kernel(SDPBackend.MATH):
            gradients = vmap(grad(score), in_dims=(None, 0, None), chunk_size=CHUNK)(
                parameters, images, label
            )
        jacobian = torch.cat([g.reshape(len(x), -1) for g in gradients.values()], dim=1)
        total += jacobian @ jacobian.t()
    return total / classes
