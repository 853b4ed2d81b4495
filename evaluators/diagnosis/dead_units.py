"""Dead units: those whose output says nothing about the image, or that no gradient passes.

Three definitions, counted side by side over the same images:

    silent    the output is exactly 0 on every image: the published definition (dldna, chapter 4),
              which sees only functions that are exactly 0 on an interval
    flat      the activation's derivative is exactly 0 on every image
    constant  the output's standard deviation is at most 1e-3 of the layer's root mean square

A unit is dead in general if it is flat or constant. With convolutions a unit is a channel, and
"every image" is every position of every image.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...space.modules.activation import ACTIVATIONS
from .activation_hooks import (
    ActivationSite,
    Kinds,
    watch,
)
from .snapshot import evaluating

CONSTANT = 1e-3  # of the layer's root mean square output; 1e-6 of its mean square as a variance


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadUnits:
    """How many of a layer's units are dead, by each definition."""

    layer: str
    units: int
    silent: int
    flat: int
    constant: int
    dead: int  # flat or constant, each unit once


def dead_units(
    net: nn.Module, batches: Iterable[Tensor], kinds: Kinds = ACTIVATIONS
) -> tuple[DeadUnits, ...]:
    """The dead units of every hidden layer over all images of the batches, in eval mode.

    Put batch norms on the statistics that are meant (`calibrated`) where the net is untrained.
    """
    layers: list[_Layer] = []
    for x in batches:
        with torch.no_grad(), evaluating(net):
            _, sites = watch(net, x, kinds)
            layers = layers or [_Layer(site) for site in sites]
            for layer, site in zip(layers, sites, strict=True):
                layer.add(site)
    return tuple(layer.counts() for layer in layers)


class _Layer:
    """Counts of one layer's units after some batches."""

    def __init__(self, site: ActivationSite) -> None:
        units = site.units
        device = site.after.device
        self._name = site.name
        self._silent = torch.ones(units, dtype=torch.bool, device=device)
        self._flat = torch.ones(units, dtype=torch.bool, device=device)
        self._count = 0
        self._mean = torch.zeros(units, dtype=torch.float64, device=device)
        self._spread = torch.zeros(units, dtype=torch.float64, device=device)  # around the mean

    def add(self, site: ActivationSite) -> None:
        after = site.by_unit(site.after)
        self._silent &= (after == 0).all(0)
        self._flat &= (site.by_unit(site.slope()) == 0).all(0)
        values, count = after.double(), len(after)
        mean = values.mean(0)
        # Chan, Golub and LeVeque 1979: moments of two sets together, without cancellation.
        total, apart = self._count + count, mean - self._mean
        self._spread += (values - mean).square().sum(0)
        self._spread += apart.square() * (self._count * count / total)
        self._mean += apart * (count / total)
        self._count = total

    def counts(self) -> DeadUnits:
        variance = self._spread / self._count
        size = (variance + self._mean.square()).mean()  # the layer's mean square output
        constant = variance <= CONSTANT**2 * size
        return DeadUnits(
            layer=self._name,
            units=len(variance),
            silent=int(self._silent.sum()),
            flat=int(self._flat.sum()),
            constant=int(constant.sum()),
            dead=int((self._flat | constant).sum()),
        )
