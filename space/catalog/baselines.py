"""The torch activations every confirmation compares with, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..expressions.expression import Expression
from ..expressions.parser import parse

BASELINES: Mapping[str, str] = MappingProxyType(
    {
        "ReLU": "relu(x)",
        "SiLU": "silu(x)",
        "GELU": "gelu(x)",
        "Mish": "mish(x)",
        "Tanh": "tanh(x)",
        "PReLU": "max(x, 0) + a=0.25 * min(x, 0)",  # He et al. 2015; one slope per layer
    }
)


def baselines() -> dict[str, Expression]:
    """The expressions of BASELINES, by their names in torch.nn."""
    return {name: parse(text) for name, text in BASELINES.items()}
