"""The results of a diagnosis, as plain frozen data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...space.json_safe import plain
from .curvature.instability_index import Instability
from .curvature.spectral_density import Spectrum
from .dead_units import DeadUnits
from .gradients import GradientNorms
from .loss_surface import Surface
from .signals import LayerSignals
from .tangent_kernel import TangentKernel

# Parts that can be asked for, in order of importance; names of the command line and `seconds`.
PARTS = ("signals", "dead", "gradients", "change", "hessian", "surface", "instability", "kernel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The network at one moment; what was not asked for is empty or None."""

    signals: tuple[LayerSignals, ...] = ()
    dead: tuple[DeadUnits, ...] = ()
    gradients: GradientNorms | None = None
    hessian: Spectrum | None = None
    instability: Instability | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """After so many epochs of training, 0 before it.

    accuracy: on validation images, a fraction. losses: mean nats; the training loss is the mean
    over the epoch's batches, while the weights move. change: per layer of `Diagnosis.layers`.
    learned: activation parameter -> value per hidden layer (mean over channels), one value if
    the network shares it.
    """

    number: int
    accuracy: float | None = None
    loss: float | None = None
    train_loss: float | None = None
    gradients: GradientNorms | None = None
    change: tuple[float, ...] = ()
    learned: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One training, looked into. `recipe` is its label.

    images: training images that everything is measured on, but dead units, which are counted over
    all `train_images`. layers: those with weights, the last being the head. before, after: at
    initialisation and when training ended; `after` is None where it diverged (`reason`).
    kernel: at initialisation. surface: after training. seconds: per part, and for the training.
    """

    expression: str
    recipe: str
    network: str
    seed: int
    parameters: int
    train_images: int
    images: int
    layers: tuple[str, ...]
    before: Look
    after: Look | None
    epochs: tuple[Epoch, ...]
    surface: Surface | None
    kernel: TangentKernel | None
    reason: str | None
    seconds: Mapping[str, float]
    torch: str

    @property
    def accuracy(self) -> float | None:
        """On validation images after the last epoch, a fraction; None where it diverged."""
        return None if self.reason else self.epochs[-1].accuracy

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; what is infinite or not a number is None."""
        document: dict[str, Any] = plain(dataclasses.asdict(self))
        return document
