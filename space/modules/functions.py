"""The functions that networks call or hold in place of an activation's module."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# By function, the module that does the same.
FUNCTIONS: Mapping[Callable[..., Any], type[nn.Module]] = MappingProxyType(
    {
        **dict.fromkeys((F.relu, F.relu_, torch.relu, torch.relu_, Tensor.relu), nn.ReLU),
        Tensor.relu_: nn.ReLU,
        **dict.fromkeys((F.sigmoid, torch.sigmoid, Tensor.sigmoid, Tensor.sigmoid_), nn.Sigmoid),
        **dict.fromkeys((F.tanh, torch.tanh, Tensor.tanh, Tensor.tanh_), nn.Tanh),
        F.gelu: nn.GELU, F.silu: nn.SiLU, F.mish: nn.Mish, F.relu6: nn.ReLU6, F.elu: nn.ELU,
        F.celu: nn.CELU, F.selu: nn.SELU, torch.selu: nn.SELU, F.leaky_relu: nn.LeakyReLU,
        F.softplus: nn.Softplus, F.softsign: nn.Softsign, F.hardswish: nn.Hardswish,
        F.hardsigmoid: nn.Hardsigmoid, F.hardtanh: nn.Hardtanh, F.logsigmoid: nn.LogSigmoid,
        F.tanhshrink: nn.Tanhshrink, F.prelu: nn.PReLU, F.rrelu: nn.RReLU,
    }
)  # fmt: skip


def is_function(value: object) -> bool:
    """Whether a value is one of `FUNCTIONS`; any value may be asked about."""
    return (
        callable(value)
        and not isinstance(value, nn.Module)
        and isinstance(value, Hashable)
        and value in FUNCTIONS
    )
