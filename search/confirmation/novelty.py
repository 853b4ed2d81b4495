"""Whether a candidate computes something new beside the baselines, initially or once learned.

To train ReLU again under another name wastes a finalist's place: a candidate may be ReLU with a
parameter that never moved.
The function of each layer at the learned values counts: a candidate may well start as a baseline.
Nor does SiLU's mirror image -SiLU(-x) say anything new, where the network's weights undo signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from ...evaluators import NETWORKS
from ...space import Expression, baselines
from ...space.expressions.parser import parse_stored
from ..storage.config import SearchConfig
from ..storage.trial import Trial

DISTANCE = 0.02  # below it two functions cannot be told apart: half of what parts the two nearest
# baselines, SiLU and Mish (0.041); Swish-beta is SiLU up to beta = 1.07, and GELU at 1.7
POINTS = 201  # from -5 to 5, weighted as a standard Gaussian signal
SLOPES = 51  # values that a baseline's own parameters are tried at, from 0 to 1 (PReLU's slope)


@dataclass(frozen=True, slots=True)
class Known:
    """A function that is not new, for a candidate to be held to.

    form: in words, where no parameter made it so. values: float64 [any, POINTS], several where it
    is trainable or may be turned.
    """

    name: str
    form: str
    values: Tensor
    trainable: bool


def mirrors_alike(config: SearchConfig) -> bool:
    """Whether in every network of a search a function trains as its mirror images do; of networks
    that are not ours that is not known."""
    recipes = [config.recipe, *([config.second] if config.second else [])]
    return all(not r.evaluator and NETWORKS[r.network].mirrors_alike for r in recipes)


def baseline_in_disguise(trial: Trial, mirrors: bool) -> str | None:
    """Name of the baseline that a candidate cannot be told from, as in "ReLU with a learnable
    parameter"; None for a candidate that is something new.

    mirrors: whether the mirror images of a baseline f, -f(x), f(-x) and -f(-x), are nothing new.

    The distance is the root mean square of the difference over that of the candidate, for a
    standard Gaussian x, at the best positive scaling of the baseline, which the next layer's
    weights undo. A candidate is a baseline if it is within DISTANCE of it in every layer. A
    parameter per channel counts with its mean, one that was never trained with its initial value.
    """
    expression = parse_stored(trial.expression)
    start, learned = _values(expression, None), _values(expression, trial)
    for known in _known()[: None if mirrors else len(baselines())]:
        if _is_near(learned, known.values):
            count = len(expression.parameters)
            if count == 0 or known.trainable:
                return known.form
            if not _is_near(start, known.values):
                return f"learned to be {known.name}"
            knobs = "a learnable parameter" if count == 1 else f"{count} learnable parameters"
            return f"{known.name} with {knobs}"
    return None


def _values(expression: Expression, trial: Trial | None) -> Tensor:
    """The function of each layer: float64 [layers, POINTS]. Without a trial, as it starts."""
    learned = [trial.learned.get(p.name) if trial else None for p in expression.parameters]
    layers = max((len(values) for values in learned if values), default=1)
    parameters = []
    for parameter, values in zip(expression.parameters, learned, strict=True):
        each = values or (parameter.initial,)
        repeated = [each[min(layer, len(each) - 1)] for layer in range(layers)]
        parameters.append(torch.tensor(repeated, dtype=torch.float64)[:, None])
    return expression.values(_points().expand(layers, -1), parameters)


def _is_near(functions: Tensor, baseline: Tensor) -> bool:
    """Whether each of the functions, [layers, POINTS], is near one of the baseline's, [any,
    POINTS]."""
    weights = torch.exp(-(_points() ** 2) / 2)
    size = (weights * functions**2).sum(1, keepdim=True)  # [layers, 1]
    product = ((weights * functions)[:, None] * baseline).sum(2)  # [layers, any]
    along = product.clamp(min=0.0) ** 2 / (weights * baseline**2).sum(1)
    distances = ((size - along).clamp(min=0.0) / size).sqrt()  # NaN where a function is none
    return bool((distances.min(1).values < DISTANCE).all())


@lru_cache(maxsize=1)
def _points() -> Tensor:
    return torch.linspace(-5.0, 5.0, POINTS, dtype=torch.float64)


@lru_cache(maxsize=1)
def _known() -> list[Known]:
    """The baselines, then what is one in each layer or a mirror image of it."""
    known = []
    for name, expression in baselines().items():
        count = SLOPES if expression.parameters else 1
        values = torch.linspace(0.0, 1.0, count, dtype=torch.float64)[:, None]
        parameters = [values for _ in expression.parameters]
        functions = expression.values(_points().expand(count, -1), parameters)
        known.append(Known(name, f"{name} in another form", functions, count > 1))
    return [*known, *map(_mirror_images, known)]


def _mirror_images(known: Known) -> Known:
    turned = known.values.flip(1)  # the points are symmetric about 0
    values = torch.cat([known.values, -known.values, turned, -turned])
    name = f"a mirror image of {known.name}"
    return Known(name, name, values, known.trainable)
