"""The networks a recipe can name: plain modules with a candidate in every layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import nn

from ...space import Expression
from ..data.images import Task
from ..recipes.recipe import Recipe
from .conv import conv_net
from .mlp import mlp
from .resnet import resnet20
from .vit import ImagesDoNotFit as ImagesDoNotFit
from .vit import vit

# build(recipe, candidate, seed, task): float [B, task.inputs] -> [B, task.classes].
Build = Callable[[Recipe, Expression, int, Task], nn.Module]

NETWORKS: Mapping[str, Build] = MappingProxyType(
    {"mlp": mlp, "conv": conv_net, "resnet20": resnet20, "vit": vit}
)
