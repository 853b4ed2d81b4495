"""A recipe: every number that decides a score, on one page, with a hash so none are mixed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...space.errors import ActsearchError, nearest
from ...space.printable import shown
from ..data.datasets import ImageSpec
from ..networks.registry import NETWORKS
from .rules import TRAIN_IMAGES, broken_rules

if TYPE_CHECKING:
    from torch import nn

    from ...space import Expression

# Fields that are stored, hashed and read under the names of the first release.
FIRST_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "lr_multipliers": "steps",
        "seeds_per_score": "repeats",
        "granularity": "sharing",
        "moment_init": "gain",
    }
)


_LISTED = 12  # unknown fields in a message
_LONGEST = 60  # characters of a field's name in it


class RecipeError(ActsearchError):
    """Raised when a recipe's number breaks its rule; names every broken rule at once."""


def _later(default: Any) -> Any:
    """A field that came after the first release: it enters the digest only where it differs from
    its default, so that scores stored before keep their digest."""
    return field(default=default, metadata={"later": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a candidate is scored: data, network, optimiser, epochs.

    The default is the published MLP (784-256-192-128-64-10) with a sound optimiser: AdamW at
    1e-3, 100 steps of warm-up, then a linear decay to 0 at the last rung's end. The schedule has
    the full horizon from the start, so a rung is a true prefix of the final run.

    Raises RecipeError naming every rule that is broken (rules.py).
    """

    name: str = "quick"
    dataset: str = _later("fashion-mnist")
    network: str = "mlp"
    widths: tuple[int, ...] = (256, 192, 128, 64)  # neurons per hidden layer; channels; features
    # What has a copy of each learnable parameter whose text does not say.
    granularity: str = _later("layer")
    rungs: tuple[int, ...] = (1, 3, 9)  # epochs after which a bracket is cut; the last ends it
    eta: int = 3  # one in eta goes on after each rung; 1: all
    batch_size: int = 128
    optimizer: str = _later("adamw")
    learning_rate: float = 1e-3
    momentum: float = _later(0.0)  # of sgd
    schedule: str = _later("linear")  # after the warm-up: to 0 at the end, or constant
    warmup: int = 100  # optimiser steps
    weight_decay: float = 0.0  # of weights; activation parameters and biases have none
    # Initial weights follow the activation's second moment; else they are torch's own.
    moment_init: bool = True
    lr_multipliers: tuple[float, ...] = _later((1.0,))  # of the learning rate; each is tried
    seeds_per_score: int = _later(1)  # seeds a score is the mean of
    precision: str = _later("float32")  # of matrix products and convolutions; bfloat16: autocast
    pixels: str = _later("standardised")  # by the training images' mean and deviation
    validation: int = 10_000  # training images held out, the only ones selection sees
    split_seed: int = 0  # which images those are
    limit: int | None = None  # use this many of the training images in all; None: every one
    # Of an evaluator of one's own: its name, and a hash of its network and data. Data set and
    # network are then names for reports; widths, pixels and limit say nothing.
    evaluator: str = _later("")

    def __post_init__(self) -> None:
        broken = broken_rules(dataclasses.asdict(self))
        if broken:
            raise RecipeError(f"recipe {_quoted(self.name)}: {'; '.join(broken)}")
        # 1 and 1.0 are one number, and equal recipes have one digest.
        for f in dataclasses.fields(self):
            if isinstance(f.default, float):
                object.__setattr__(self, f.name, float(getattr(self, f.name)))
        object.__setattr__(self, "lr_multipliers", tuple(map(float, self.lr_multipliers)))

    @property
    def epochs(self) -> int:
        """The full horizon, epochs."""
        return self.rungs[-1]

    @property
    def selects(self) -> bool:
        """Whether it holds images out, so that a search may choose by its scores."""
        return self.validation > 0

    @property
    def digest(self) -> str:
        """Eight hex digits of every number but the name: scores compare only where it is equal."""
        numbers = {
            FIRST_NAMES.get(f.name, f.name): getattr(self, f.name)
            for f in dataclasses.fields(self)
            if f.name != "name"
            and not (f.metadata.get("later") and getattr(self, f.name) == f.default)
        }
        return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()[:8]

    @property
    def label(self) -> str:
        """Name and digest, as shown beside every score."""
        return f"{self.name}-{self.digest}"

    def build(self, candidate: Expression, seed: int, spec: ImageSpec) -> nn.Module:
        """The recipe's network with the candidate in every layer, its weights drawn from the
        seed: float [B, spec.inputs] -> [B, spec.classes]."""
        build = NETWORKS[self.network].build
        return build(self.widths, candidate, seed, spec, moment_init=self.moment_init)

    def limited(self, images: int | None) -> Recipe:
        """This recipe on fewer training images, the same share of them held out."""
        if images is None:
            return self
        share = self.validation / (self.limit or TRAIN_IMAGES[self.dataset])
        held = max(1, int(images * share)) if self.selects else 0
        return dataclasses.replace(self, limit=images, validation=held)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON, under the names of the first release."""
        return {FIRST_NAMES.get(k, k): v for k, v in dataclasses.asdict(self).items()}

    @staticmethod
    def from_dict(stored: Mapping[str, Any], start: Recipe | None = None) -> Recipe:
        """The recipe of plain data, as from `to_dict`, JSON or TOML; other fields as in `start`
        (default: quick). A field may go by its name or its first one.

        Raises RecipeError naming every unknown field and broken rule.
        """
        known = [field.name for field in dataclasses.fields(Recipe)]
        renamed = {first: name for name, first in FIRST_NAMES.items()}
        changes = {
            renamed.get(k, k): tuple(v) if isinstance(v, list) else v for k, v in stored.items()
        }
        unknown = sorted(set(changes) - set(known))
        values: dict[str, Any] = {
            **dataclasses.asdict(start or Recipe()),
            **{k: changes[k] for k in known if k in changes},
        }
        mistakes = [_unknown(name, stored, known) for name in unknown[:_LISTED]]
        if len(unknown) > _LISTED:
            mistakes.append(f"and no {len(unknown) - _LISTED} more")
        mistakes += [
            f"{name} and {first} are two names of one number: give it once"
            for name, first in FIRST_NAMES.items()
            if name in stored and first in stored
        ]
        mistakes += broken_rules(values)
        if mistakes:
            raise RecipeError(f"recipe {_quoted(values['name'])}: {'; '.join(mistakes)}")
        return Recipe(**values)


def _unknown(name: str, stored: Mapping[str, Any], known: Sequence[str]) -> str:
    """The sentence about a field that there is not, with the one that is likely meant."""
    if name == "epochs":
        epochs = shown(stored[name])
        return (
            f"a recipe has no epochs: rungs = [{epochs}] trains that many, rungs = [1, {epochs}] "
            f"cuts a bracket after the first one too"
        )
    short = name[:_LONGEST]
    return f"a recipe has no {short}{nearest(short, known)}"


def _quoted(name: object) -> str:
    return f"'{name}'" if isinstance(name, str) and len(name) <= _LONGEST else shown(name)
