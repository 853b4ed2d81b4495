"""The published MLP as a plain module, with the weights that its ensemble starts from."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn

from ...space import Expression, replace_activations
from ..data.datasets import ImageSpec
from .init import initial_weights


def mlp(
    widths: Sequence[int], candidate: Expression, seed: int, spec: ImageSpec, *, moment_init: bool
) -> nn.Module:
    """Linear layers of these widths, each with the candidate, then a linear head.

    Takes float [B, inputs], gives [B, classes]. Initial weights and biases are, bit for bit, those
    of `MlpEnsemble` for this seed.
    """
    sizes = (spec.inputs, *widths, spec.classes)
    initial = initial_weights([candidate], [seed], sizes, moment_init=moment_init)
    layers: list[nn.Module] = []
    for (fan_in, fan_out), (weights, biases) in zip(
        itertools.pairwise(sizes), initial, strict=True
    ):
        linear = nn.utils.skip_init(nn.Linear, fan_in, fan_out)
        with torch.no_grad():
            linear.weight.copy_(weights.view(fan_out, fan_in))
            linear.bias.copy_(biases[0])
        layers += [linear, nn.Identity()]
    net = nn.Sequential(*layers[:-1])
    replace_activations(net, nn.Identity, candidate, example=torch.zeros(2, spec.inputs))
    return net
