"""Eigenvalues of a symmetric operator that is known by its products with vectors only.

Lanczos with full reorthogonalisation: in floating point the plain three-term recurrence loses
orthogonality and finds the same eigenvalue again and again. With one start vector, an eigenvalue
of several eigenvectors is found once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Product = Callable[[Tensor], Tensor]  # v [P] -> A v [P]
EXHAUSTED = 1e-6  # of the operator's size: a new direction below it is rounding


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ritz:
    """An operator as m steps know it, m at most the steps asked for.

    values: float64 [m], rising. weights: float64 [m], sum 1: the start vector's squared share in
    each; with the values they are the nodes of a Gauss quadrature. errors: float64 [m]: within so
    much of each value there lies an eigenvalue; not below the rounding of the products.
    """

    values: Tensor
    weights: Tensor
    errors: Tensor


def lanczos(product: Product, start: Tensor, steps: int) -> Ritz:
    """The Ritz values of a symmetric operator after some steps from a start vector [P], not 0.

    Keeps steps * P float64 numbers. Ends early where the start vector's invariant subspace is
    exhausted; then the values are eigenvalues.
    """
    steps = min(steps, len(start))
    basis = torch.zeros(steps, len(start), dtype=torch.float64, device=start.device)
    basis[0] = start.double() / start.double().norm()
    diagonal: list[float] = []
    beside: list[float] = []
    for step in range(steps):
        known = basis[: step + 1]
        # In the operator's own type: it is the network's, and rounds to that anyhow.
        image = product(basis[step].to(start)).double()
        diagonal.append(float(basis[step] @ image))
        for _ in range(2):  # twice is enough (Parlett 1998, section 6.9)
            image -= known.t() @ (known @ image)
        beside.append(float(image.norm()))
        scale = max(*map(abs, diagonal), *beside)
        if beside[-1] <= EXHAUSTED * scale or step + 1 == steps:
            break
        basis[step + 1] = image / beside[-1]
    matrix = torch.diag(torch.tensor(diagonal, dtype=torch.float64))
    off = torch.tensor(beside[:-1], dtype=torch.float64)
    matrix += torch.diag(off, 1) + torch.diag(off, -1)
    values, vectors = torch.linalg.eigh(matrix)
    rounding = torch.finfo(start.dtype).eps * values.abs().max()
    return Ritz(
        values=values,
        weights=vectors[0].square(),
        errors=beside[-1] * vectors[-1].abs() + rounding,
    )
