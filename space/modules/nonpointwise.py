"""Activations that look at more than one input: modules for use in a network, never searched.

A candidate maps each number by itself and keeps a layer's width. These do not: they pair, reduce
or normalise channels. `width_factor` says how many outputs there are per input, so that a network
can be sized to the same number of weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import CandidateError

EPSILON = 1e-6  # added to the mean square in PolyNorm, as its official code does


def _split(x: Tensor, pieces: int, dim: int) -> Tensor:
    """[…, n, …] as […, n / pieces, …] in a new last dimension of `pieces`, in blocks."""
    if x.shape[dim] % pieces:
        raise CandidateError(
            f"dimension {dim} of size {x.shape[dim]} cannot be split into {pieces} equal parts; "
            f"make the layer before it a multiple of {pieces} wide"
        )
    return torch.stack(x.chunk(pieces, dim), dim=-1)


class CReLU(nn.Module):
    """max(x, 0) and max(-x, 0) side by side: [.., n, ..] to [.., 2n, ..] along `dim`."""

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([F.relu(x), F.relu(-x)], self.dim)


class Gated(nn.Module):
    """a * phi(b), a and b the halves of the input along `dim`: [.., 2n, ..] to [.., n, ..].

    The halves come from one linear layer of twice the width; as in `nn.GLU` the second half is
    the gate.
    """

    phi: Callable[[Tensor], Tensor] = staticmethod(torch.sigmoid)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        value, gate = _split(x, 2, self.dim).unbind(-1)
        return value * type(self).phi(gate)


class GLU(Gated):
    """a * sigmoid(b)."""


class ReGLU(Gated):
    """a * relu(b)."""

    phi = staticmethod(F.relu)


class GEGLU(Gated):
    """a * gelu(b)."""

    phi = staticmethod(F.gelu)


class SwiGLU(Gated):
    """a * silu(b)."""

    phi = staticmethod(F.silu)


class Maxout(nn.Module):
    """The largest of `pieces` inputs: [.., pieces * n, ..] to [.., n, ..] along `dim`."""

    def __init__(self, pieces: int = 2, dim: int = 1) -> None:
        super().__init__()
        self.pieces, self.dim = pieces, dim

    def forward(self, x: Tensor) -> Tensor:
        return _split(x, self.pieces, self.dim).amax(-1)


class PolyNorm(nn.Module):
    """w1 N(x) + w2 N(x^2) + w3 N(x^3) + b, N(u) = u / sqrt(mean(u^2)) over the last dimension."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((3,), 1 / 3))
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.weight.to(x.dtype), self.bias.to(x.dtype)
        powers = (x, x.square(), x * x * x)
        return sum((w * _unit(p) for w, p in zip(weight, powers, strict=True)), bias)


def _unit(u: Tensor) -> Tensor:
    return u * torch.rsqrt(u.square().mean(-1, keepdim=True) + EPSILON)


class MetaACON(nn.Module):
    """(p1 - p2) x sigmoid(beta (p1 - p2) x) + p2 x on images [B, C, H, W]; beta is computed from
    each image's channel means by two small layers with batch norm.

    p1 = 1 and p2 = 0 at the start, where the official code draws both from N(0, 1).
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        inner = max(reduction, channels // reduction)
        self.p1 = nn.Parameter(torch.ones(channels, 1, 1))
        self.p2 = nn.Parameter(torch.zeros(channels, 1, 1))
        self.beta = nn.Sequential(
            nn.Conv2d(channels, inner, 1),
            nn.BatchNorm2d(inner),
            nn.Conv2d(inner, channels, 1),
            nn.BatchNorm2d(channels),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        apart = (self.p1 - self.p2) * x
        return apart * torch.sigmoid(self.beta(x.mean((2, 3), keepdim=True)) * apart) + self.p2 * x


@dataclass(frozen=True, slots=True)
class NotPointwise:
    """One row: `build(channels)` makes the module for an input of that many channels.

    width_factor: outputs per input.
    """

    name: str
    formula: str
    width_factor: Fraction
    source: str
    build: Callable[[int], nn.Module]


_ONE, _HALF = Fraction(1), Fraction(1, 2)
_GLU = "Shazeer 2020, arXiv 2002.05202"
_ROWS = (
    NotPointwise(
        "CReLU",
        "concat(max(x, 0), max(-x, 0))",
        Fraction(2),
        "Shang et al. 2016, arXiv 1603.05201",
        lambda channels: CReLU(),
    ),
    NotPointwise(
        "GLU",
        "a * sigmoid(b)",
        _HALF,
        "Dauphin et al. 2017, arXiv 1612.08083",
        lambda channels: GLU(),
    ),
    NotPointwise("ReGLU", "a * relu(b)", _HALF, _GLU, lambda channels: ReGLU()),
    NotPointwise("GEGLU", "a * gelu(b)", _HALF, _GLU, lambda channels: GEGLU()),
    NotPointwise("SwiGLU", "a * silu(b)", _HALF, _GLU, lambda channels: SwiGLU()),
    NotPointwise(
        "Maxout",
        "max_k x_k, two at a time",
        _HALF,
        "Goodfellow et al. 2013, arXiv 1302.4389",
        lambda channels: Maxout(),
    ),
    NotPointwise(
        "Softmax",
        "exp(x_k) / sum_j exp(x_j)",
        _ONE,
        "Bridle 1990",
        lambda channels: nn.Softmax(dim=-1),
    ),
    NotPointwise(
        "PolyNorm",
        "w1 N(x) + w2 N(x^2) + w3 N(x^3) + b, N(u) = u / rms(u)",
        _ONE,
        "Zhuo et al. 2024, arXiv 2411.03884",
        lambda channels: PolyNorm(),
    ),
    NotPointwise(
        "Meta-ACON",
        "(p1 - p2) x sigmoid(beta(x) (p1 - p2) x) + p2 x, beta from channel means",
        _ONE,
        "Ma et al. 2021, arXiv 2009.04759",
        MetaACON,
    ),
)

NOT_POINTWISE: Mapping[str, NotPointwise] = MappingProxyType({row.name: row for row in _ROWS})
CLASSES: tuple[type[nn.Module], ...] = (CReLU, Gated, Maxout, PolyNorm, MetaACON)
