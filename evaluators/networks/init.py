"""Initial weights from a seed, scaled to the candidate where a recipe says so."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from ...space import Expression, second_moment


@contextmanager
def drawn_from(seed: int) -> Iterator[None]:
    """Modules built inside draw their initial weights, on the CPU, from this seed; the global
    generators are left as they were."""
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed: it would seed every GPU's generator too.
        torch.default_generator.manual_seed(seed)
        yield


def weight_gain(candidate: Expression) -> float:
    """Factor on weights of variance 1 / fan_in that keeps unit-variance signals at unit variance.

    1 / sqrt(E[f(z)^2]) under z ~ N(0, 1): the mean-field rule (Poole et al. 2016), which for ReLU
    is He initialisation. 1 where the moment is 0 or not finite.
    """
    moment = second_moment(candidate)
    return 1 / math.sqrt(moment) if math.isfinite(moment) and moment > 0 else 1.0


def initial_weights(
    candidates: Sequence[Expression],
    seeds: Sequence[int],
    sizes: Sequence[int],
    *,
    moment_init: bool,
) -> list[tuple[Tensor, Tensor]]:
    """Weights [K, out * in] and biases [K, out] of each layer of K MLPs, one draw per seed.

    sizes: inputs, widths, classes. moment_init: weights are normal, from the second layer on with
    the candidate's gain, and biases 0; else both are as nn.Linear draws them.
    """
    draws = {seed: _draw(seed, sizes, moment_init) for seed in set(seeds)}
    gains = [weight_gain(candidate) if moment_init else 1.0 for candidate in candidates]
    layers = []
    for layer, fan_in in enumerate(sizes[:-1]):
        scales = torch.full((len(seeds), 1), 1 / math.sqrt(fan_in))
        if layer:
            scales *= torch.tensor(gains).unsqueeze(1)
        weights = torch.stack([draws[seed][layer][0] for seed in seeds]) * scales
        biases = torch.stack([draws[seed][layer][1] for seed in seeds])
        layers.append((weights, biases))
    return layers


def _draw(seed: int, sizes: Sequence[int], moment_init: bool) -> list[tuple[Tensor, Tensor]]:
    """Weights [out * in] of each layer, still to be divided by sqrt(in), and biases [out]."""
    generator = torch.Generator().manual_seed(seed)
    layers = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        if moment_init:
            weight = torch.randn(fan_out * fan_in, generator=generator)
            bias = torch.zeros(fan_out)
        else:  # both uniform within 1 / sqrt(fan_in)
            weight = torch.rand(fan_out * fan_in, generator=generator) * 2 - 1
            bias = (torch.rand(fan_out, generator=generator) * 2 - 1) / math.sqrt(fan_in)
        layers.append((weight, bias))
    return layers
