"""A small vision transformer (Dosovitskiy et al. 2021; plain as in Beyer et al. 2022)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...space import ActsearchError, Expression, replace_activations
from ..data.datasets import ImageSpec
from .init import drawn_from, weight_gain
from .registry import HEAD

PATCH = 4  # pixels a side
EXPANSION = 4  # hidden features of a block's MLP, per feature
LONGEST = 10_000  # of the position waves, in patches; as Vaswani et al. 2017 have it


class ImagesDoNotFit(ActsearchError):
    """Raised when a network cannot take images of this size."""


class Patches(nn.Module):
    """Images [B, C * H * W] as tokens [B, H * W / 16, 16 C]: squares of 4 by 4 pixels."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = shape
        self._grid = (channels, height // PATCH, PATCH, width // PATCH, PATCH)

    def forward(self, x: Tensor) -> Tensor:
        squares: Tensor = x.unflatten(1, self._grid).permute(0, 2, 4, 1, 3, 5)
        return squares.flatten(3).flatten(1, 2)


class Embedding(nn.Module):
    """Tokens [B, T, P] to features [B, T, F], their positions added as waves (no parameters)."""

    positions: Tensor

    def __init__(self, pixels: int, features: int, rows: int, columns: int) -> None:
        super().__init__()
        self.linear = nn.Linear(pixels, features)
        self.register_buffer("positions", _waves(rows, columns, features))

    def forward(self, x: Tensor) -> Tensor:
        tokens: Tensor = self.linear(x)
        return tokens + self.positions


class Attention(nn.Module):
    """Self-attention over tokens [B, T, F], in heads of 16 features."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.inputs = nn.Linear(features, 3 * features)
        self.output = nn.Linear(features, features)

    def forward(self, x: Tensor) -> Tensor:
        heads = self.inputs(x).unflatten(-1, (3, -1, HEAD))  # [B, T, 3, heads, 16]
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind()  # [B, heads, T, 16] each
        mixed = F.scaled_dot_product_attention(query, key, value)
        result: Tensor = self.output(mixed.transpose(1, 2).flatten(2))
        return result


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)): [B, T, F] to the same."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.first_norm, self.second_norm = nn.LayerNorm(features), nn.LayerNorm(features)
        self.attention = Attention(features)
        self.rise = nn.Linear(features, EXPANSION * features)
        self.activation = nn.Identity()
        self.fall = nn.Linear(EXPANSION * features, features)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.first_norm(x))
        hidden = self.activation(self.rise(self.second_norm(x)))
        result: Tensor = x + self.fall(hidden)
        return result


class MeanOfTokens(nn.Module):
    """[B, T, F] to [B, F]."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(1)


def vit(
    widths: Sequence[int], candidate: Expression, seed: int, spec: ImageSpec, *, moment_init: bool
) -> nn.Module:
    """Patches of 4x4, a pre-norm block for every width, the mean of the tokens, a linear head.

    The candidate stands in each block's MLP; its channels are the last dimension. Positions are
    fixed sines and cosines and there is no class token. Takes float [B, inputs], gives
    [B, classes]. Linear layers start at variance 1 / fan_in with biases 0, drawn from `seed`.
    A layer norm precedes the candidate but none follows it, so with `moment_init` the matrix
    after it is scaled by `weight_gain`, as in the MLP.

    Raises ImagesDoNotFit where the sides are no multiples of 4 pixels.
    """
    channels, height, width = spec.shape
    if height % PATCH or width % PATCH:
        raise ImagesDoNotFit(
            f"vit cuts images into squares of {PATCH} by {PATCH} pixels, so their sides must be "
            f"multiples of {PATCH}, but they are {height} by {width}; choose another network"
        )
    features = widths[0]
    with drawn_from(seed):
        blocks = [Block(features) for _ in widths]
        net = nn.Sequential(
            Patches(spec.shape),
            Embedding(PATCH**2 * channels, features, height // PATCH, width // PATCH),
            *blocks,
            nn.LayerNorm(features),
            MeanOfTokens(),
            nn.Linear(features, spec.classes),
        )
        _initialise(net)
    if moment_init:
        with torch.no_grad():
            for block in blocks:
                block.fall.weight.mul_(weight_gain(candidate))
    example = torch.zeros(2, spec.inputs)
    replace_activations(net, nn.Identity, candidate, example=example, channel_dim=-1)
    return net


def _initialise(net: nn.Module) -> None:
    for module in net.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
            nn.init.zeros_(module.bias)


def _waves(rows: int, columns: int, features: int) -> Tensor:
    """Sines and cosines of row and column at rising wavelengths, [rows * columns, features]."""
    frequencies = LONGEST ** -(torch.arange(features // 4) / (features // 4))
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    angles = [axis.flatten().unsqueeze(1) * frequencies for axis in (row, column)]
    return torch.cat([wave(angle) for angle in angles for wave in (torch.sin, torch.cos)], dim=1)
