"""Learned values, one a channel, in the shape that meets an input's channels."""

from __future__ import annotations

from torch import Tensor

from ..errors import CandidateError


def per_channel(values: Tensor, x: Tensor, dim: int, name: str) -> Tensor:
    """Values [n] as [1, .., n, .., 1], for dimension `dim` of x, whose size n must be.

    In the part of Python that TorchScript reads. Raises CandidateError with both numbers.
    """
    position = dim if dim >= 0 else x.dim() + dim
    if not 0 <= position < x.dim() or x.shape[position] != values.shape[0]:
        raise CandidateError(
            f"'{name}' has {values.shape[0]} channels in dimension {dim}, "
            f"but the input has shape {list(x.shape)}"
        )
    return values.view([1] * position + [-1] + [1] * (x.dim() - 1 - position))
