"""The networks a recipe can name, one entry each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from torch import nn

    from ...space import Expression
    from ..data.datasets import ImageSpec

HEAD = 16  # features of one attention head of a vit


class Build(Protocol):
    """Makes a network with the candidate in every layer, its weights drawn from the seed."""

    def __call__(
        self,
        widths: Sequence[int],
        candidate: Expression,
        seed: int,
        spec: ImageSpec,
        *,
        moment_init: bool,
    ) -> nn.Module:
        """float [B, spec.inputs] -> [B, spec.classes]; moment_init: initial weights follow the
        activation's second moment, where no norm makes up for it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How a network is built, and how candidates train in it.

    widths_rule, fits: what a recipe's widths have to be, as text after "has" and as a predicate.
    stacking: how candidates train together: `matrices`, layers as batched matrix products, on any
    device (mlp_ensemble.py), or `vmap`, on a GPU only (vmap_ensemble.py).
    confirmed_together: candidates in a job of a confirmation; few, so that workers end together.
    epoch_cost: seconds of an epoch of one candidate over the MLP's, for a first estimate of the
    time left: one thread of an Intel Xeon (AVX-512), 60,000 images; 1.15 s is 1.
    mirrors_alike: whether a function f trains as its mirror images -f(x), f(-x) and -f(-x) do:
    right before and after each activation stand weights (or a norm behind them) whose first draw
    is as likely with the other sign.
    """

    build: Build
    widths_rule: str
    fits: Callable[[Sequence[int]], bool]
    stacking: Literal["matrices", "vmap"] = "vmap"
    confirmed_together: int = 1
    epoch_cost: float = 100.0
    mirrors_alike: bool = False


def _when_built(module: str, name: str) -> Build:
    """A builder, loaded when a network is built: with torch, for which a table of recipes need not
    wait."""

    def build(*arguments: Any, **options: Any) -> nn.Module:
        builder: Build = getattr(import_module(f".{module}", __package__), name)
        return builder(*arguments, **options)

    return build


NETWORKS: Mapping[str, Network] = MappingProxyType(
    {
        "mlp": Network(
            build=_when_built("mlp", "mlp"),
            widths_rule="1 width or more",
            fits=lambda widths: len(widths) >= 1,
            stacking="matrices",
            confirmed_together=5,
            epoch_cost=1.0,
            mirrors_alike=True,
        ),
        "conv": Network(
            build=_when_built("conv", "conv_net"),
            widths_rule="exactly 2 widths",
            fits=lambda widths: len(widths) == 2,
            confirmed_together=3,
            epoch_cost=2.0,
            mirrors_alike=True,
        ),
        "resnet20": Network(
            build=_when_built("resnet", "resnet20"),
            widths_rule="exactly 3 widths",
            fits=lambda widths: len(widths) == 3,
            epoch_cost=135.0,
        ),
        "vit": Network(
            build=_when_built("vit", "vit"),
            widths_rule=f"one width per block, all of one multiple of {HEAD}",
            fits=lambda widths: len(set(widths)) == 1 and widths[0] % HEAD == 0,
            epoch_cost=87.0,
            mirrors_alike=True,
        ),
    }
)
