"""The spectral density of a symmetric operator by stochastic Lanczos quadrature.

Of random start vectors v, v' f(A) v has the mean trace f(A) / P, and Lanczos turns each into a
Gauss quadrature (Lin, Saad and Yang 2016; for networks Ghorbani, Krishnan and Xiao 2019).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .lanczos import Product, Ritz, lanczos

SHOWN = 5  # largest eigenvalues that are told


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """Estimates over `probes` start vectors; *_error are standard errors, NaN of one probe.

    largest: the largest eigenvalues, falling, each with how far an eigenvalue may lie from it
    (`bounds`); lowest: the least. nodes, weights: the quadrature, weights of sum 1; a weight is a
    share of the size. trace, frobenius: the sum of all eigenvalues, and the root of the sum of
    their squares.
    """

    size: int
    probes: int
    steps: int
    largest: tuple[float, ...]
    bounds: tuple[float, ...]
    lowest: float
    lowest_bound: float
    trace: float
    trace_error: float
    frobenius: float
    frobenius_error: float
    nodes: tuple[float, ...]
    weights: tuple[float, ...]


def spectrum(
    product: Product,
    size: int,
    generator: torch.Generator,
    *,
    probes: int = 5,
    steps: int = 50,
    like: Tensor | None = None,
) -> Spectrum:
    """The spectrum of a symmetric operator of a size, from probes * steps products.

    probes, steps: at least 1. Start vectors are random signs drawn from `generator` on the CPU,
    in the type and on the device of `like` (default float32, CPU). The eigenvalues told are those
    of the first vector.
    """
    target = torch.zeros(()) if like is None else like
    runs = [lanczos(product, signs(size, generator).to(target), steps) for _ in range(probes)]
    first = runs[0]
    top = first.values.flip(0)[:SHOWN]
    squares = [_moment(ritz, 2) * size for ritz in runs]
    frobenius = math.sqrt(statistics.fmean(squares))
    return Spectrum(
        size=size,
        probes=len(runs),
        steps=steps,
        largest=tuple(top.tolist()),
        bounds=tuple(first.errors.flip(0)[:SHOWN].tolist()),
        lowest=float(first.values[0]),
        lowest_bound=float(first.errors[0]),
        trace=statistics.fmean(_moment(ritz, 1) * size for ritz in runs),
        trace_error=_error([_moment(ritz, 1) * size for ritz in runs]),
        frobenius=frobenius,
        # of the root, to first order
        frobenius_error=_error(squares) / (2 * frobenius) if frobenius else 0.0,
        nodes=tuple(v for ritz in runs for v in ritz.values.tolist()),
        weights=tuple(w / len(runs) for ritz in runs for w in ritz.weights.tolist()),
    )


def spectral_density(
    eigenvalues: Spectrum, at: Sequence[float], width: float
) -> tuple[float, ...]:
    """The density at some eigenvalues: each node as a Gaussian of standard deviation `width`.

    Its integral is 1.
    """
    points = torch.tensor(at, dtype=torch.float64).unsqueeze(1)
    nodes = torch.tensor(eigenvalues.nodes, dtype=torch.float64)
    weights = torch.tensor(eigenvalues.weights, dtype=torch.float64)
    bells = torch.exp(-((points - nodes) / width).square() / 2) / (width * math.sqrt(2 * math.pi))
    return tuple((bells @ weights).tolist())


def signs(size: int, generator: torch.Generator) -> Tensor:
    """Random signs, float32 [size] (Rademacher): v' A v then has the mean trace A, and the least
    variance among independent entries."""
    return torch.randint(0, 2, (size,), generator=generator).float() * 2 - 1


def _moment(ritz: Ritz, power: int) -> float:
    return float((ritz.values**power * ritz.weights).sum())


def _error(values: Sequence[float]) -> float:
    """The standard error of their mean."""
    if len(values) < 2:
        return math.nan
    return statistics.stdev(values) / math.sqrt(len(values))
