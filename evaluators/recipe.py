"""A recipe: every number that decides a score, on one page, with a hash so none are mixed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from ..space import ActsearchError, UnknownNameError

Network = Literal["mlp", "conv"]
NETWORKS: tuple[Network, ...] = ("mlp", "conv")
# Neurons of a layer. Matrix products of 1 to 3 rows are other routines, which round differently in
# a stack than alone, and a score must not depend on what shares its stack.
NARROWEST = 4


class RecipeError(ActsearchError):
    """Raised when a recipe's number breaks its rule; names every broken rule at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a candidate is scored: data, network, optimiser, epochs.

    The default is the published MLP (784-256-192-128-64-10) with a sound optimiser: AdamW at
    1e-3, 100 steps of warm-up, then a linear decay to 0 at the last rung's end. The schedule has
    the full horizon from the start, so a rung is a true prefix of the final run.
    """

    name: str = "quick"
    network: Network = "mlp"
    widths: tuple[int, ...] = (256, 192, 128, 64)  # neurons per hidden layer; channels in conv
    rungs: tuple[int, ...] = (1, 3, 9)  # epochs after which a bracket is cut; the last ends it
    eta: int = 3  # one in eta goes on after each rung
    batch_size: int = 128
    learning_rate: float = 1e-3
    warmup: int = 100  # steps
    weight_decay: float = 0.0  # of weights; activation parameters and biases have none
    gain: bool = True  # initial weights follow the activation's second moment; else torch's own
    validation: int = 10_000  # training images held out, the only ones selection sees
    split_seed: int = 0  # which images those are
    limit: int | None = None  # use this many of the training images in all; None: every one

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise UnknownNameError("network", self.network, NETWORKS)
        total = 60_000 if self.limit is None else self.limit
        rules = {
            f"widths must be 1 or more numbers, each at least {NARROWEST}": (
                self.widths and min(self.widths) >= NARROWEST
            ),
            "conv has exactly 2 widths": self.network != "conv" or len(self.widths) == 2,
            "rungs must be rising epochs, from 1 on": (
                self.rungs and self.rungs[0] >= 1 and sorted(set(self.rungs)) == [*self.rungs]
            ),
            "eta must be at least 2": self.eta >= 2,
            "batch_size must be at least 1": self.batch_size >= 1,
            "learning_rate must be above 0": self.learning_rate > 0,
            "warmup must be at least 0": self.warmup >= 0,
            "weight_decay must be at least 0": self.weight_decay >= 0,
            f"validation must leave training images: 1 to {total - 1}": (
                1 <= self.validation < total
            ),
            "limit must be 2 to 60000": 2 <= total <= 60_000,
        }
        broken = [rule for rule, holds in rules.items() if not holds]
        if broken:
            raise RecipeError(f"recipe '{self.name}': {'; '.join(broken)}, but got {self}")

    @property
    def epochs(self) -> int:
        """The full horizon, epochs."""
        return self.rungs[-1]

    @property
    def digest(self) -> str:
        """Eight hex digits of every number but the name: scores compare only where it is equal."""
        numbers = {k: v for k, v in dataclasses.asdict(self).items() if k != "name"}
        return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()[:8]

    @property
    def label(self) -> str:
        """Name and digest, as shown beside every score."""
        return f"{self.name}-{self.digest}"

    def limited(self, images: int | None) -> Recipe:
        """This recipe on fewer training images, the same share of them held out."""
        if images is None:
            return self
        share = self.validation / (self.limit or 60_000)
        return dataclasses.replace(self, limit=images, validation=max(1, int(images * share)))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Recipe:
        """The recipe `to_dict` gave; raises RecipeError on a field this version does not know."""
        known = [field.name for field in dataclasses.fields(Recipe)]
        unknown = sorted(set(stored) - set(known))
        if unknown:
            raise RecipeError(f"a recipe has no {', '.join(unknown)}; it has {', '.join(known)}")
        lists = {key: tuple(stored[key]) for key in ("widths", "rungs") if key in stored}
        return Recipe(**{**stored, **lists})


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "quick": Recipe(),
        # The second network of every confirmation: another kind, and quick on a CPU.
        "conv": Recipe(name="conv", network="conv", widths=(8, 16), rungs=(1, 3)),
    }
)


def recipe_from_name(name: str) -> Recipe:
    """A shipped recipe; raises UnknownNameError with the nearest name."""
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    return RECIPES[name]
