"""The activations for which torch has one kernel: how each is called, and how it is told apart.

A composed formula runs one kernel per operator; a single one reads and writes memory once. Which
candidates are one of these is found by analysis/torch_kernel.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor

Curve = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Kernel:
    """One call of torch that computes a whole candidate.

    `name`: of the function in torch.nn.functional or torch; `code`: its source on `x`, which may
    name the candidate's only parameter; `compute`: what it calls, without that parameter.
    """

    name: str
    code: str
    compute: Callable[[Tensor], Tensor] | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """A torch function of x and numbers: `guess` reads the numbers off a curve f, None where f
    cannot be this one; they may be left out of the call where they are `default`."""

    name: str
    function: Callable[..., Tensor]
    guess: Callable[[Curve], tuple[float, ...] | None]
    default: tuple[float, ...] = ()
    keywords: str = ""

    def kernel(self, numbers: tuple[float, ...]) -> Kernel:
        """The call with these numbers."""
        shown = "" if numbers == self.default else "".join(f", {n!r}" for n in numbers)
        return Kernel(
            name=self.name,
            code=f"{self.name}(x{shown}{self.keywords})",
            compute=lambda x: self.function(x, *numbers),
        )


FAR = 1e6  # where the tails are looked at
PRELU = "F.prelu"  # the one kernel whose number is a tensor, so that it can be learned


def _none(f: Curve) -> tuple[float, ...]:
    return ()


def _bounds(f: Curve) -> tuple[float, ...] | None:
    low, high = f(-FAR), f(FAR)
    return (low, high) if -FAR < low < high < FAR else None


def _left_slope(f: Curve) -> tuple[float, ...] | None:
    slope = f(-FAR) / -FAR
    return (slope,) if abs(slope) < 1 else None  # 1 is the identity


def _left_level(f: Curve) -> tuple[float, ...] | None:
    return (-f(-FAR),) if -FAR < f(-FAR) < 0 else None


def _softplus_beta(f: Curve) -> tuple[float, ...] | None:
    return (math.log(2) / f(0.0),) if f(0.0) > 0 else None


def _dead_half_width(f: Curve) -> tuple[float, ...] | None:
    return (1e3 - f(1e3),) if 0 < 1e3 - f(1e3) < 1e3 else None


def _gelu_tanh(x: Tensor) -> Tensor:
    return F.gelu(x, approximate="tanh")


# In the order in which they are tried: the plainest call of a function first. F.hardsigmoid is not
# among them: it has no second derivative.
OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        f"{row.name}{row.keywords}": row
        for row in (
            Operator("F.relu", F.relu, _none),
            Operator("torch.sigmoid", torch.sigmoid, _none),
            Operator("torch.tanh", torch.tanh, _none),
            Operator("F.silu", F.silu, _none),
            Operator("F.gelu", F.gelu, _none),
            Operator("F.gelu", _gelu_tanh, _none, keywords=', approximate="tanh"'),
            Operator("F.mish", F.mish, _none),
            Operator("F.selu", F.selu, _none),
            Operator("F.relu6", F.relu6, _none),
            Operator("F.hardswish", F.hardswish, _none),
            Operator("F.logsigmoid", F.logsigmoid, _none),
            Operator("F.softsign", F.softsign, _none),
            Operator("F.tanhshrink", F.tanhshrink, _none),
            Operator("F.hardtanh", F.hardtanh, _bounds, (-1.0, 1.0)),
            Operator("F.elu", F.elu, _left_level, (1.0,)),
            Operator("F.celu", F.celu, _left_level, (1.0,)),
            Operator("F.softplus", F.softplus, _softplus_beta, (1.0,)),
            Operator("F.softshrink", F.softshrink, _dead_half_width, (0.5,)),
            Operator("F.leaky_relu", F.leaky_relu, _left_slope, (0.01,)),
        )
    }
)
