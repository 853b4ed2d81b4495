"""The published MLP as a plain module, with the weights that its stack starts from."""

from __future__ import annotations

import itertools

import torch
from torch import nn

from ...space import Expression, replace_activations
from ..data.images import Task
from ..recipes.recipe import Recipe
from ..training.members import Member
from ..training.mlp_ensemble import initial_weights


def mlp(recipe: Recipe, candidate: Expression, seed: int, task: Task) -> nn.Module:
    """Linear layers of the recipe's widths, each with the candidate, then a linear head.

    Takes float [B, inputs], gives [B, classes]. Initial weights and biases are, bit for bit, those
    of `MlpEnsemble` for this seed, the candidate's gain in them where the recipe says so.
    """
    sizes = (task.inputs, *recipe.widths, task.classes)
    weights, biases = initial_weights(
        [Member(candidate, seed)], sizes, recipe, torch.device("cpu")
    )
    layers: list[nn.Module] = []
    for (fan_in, fan_out), weight, bias in zip(
        itertools.pairwise(sizes), weights, biases, strict=True
    ):
        linear = nn.utils.skip_init(nn.Linear, fan_in, fan_out)
        with torch.no_grad():  # the stack's rows are padded to whole cache lines
            linear.weight.copy_(weight[0, : fan_out * fan_in].view(fan_out, fan_in))
            linear.bias.copy_(bias[0, :fan_out])
        layers += [linear, nn.Identity()]
    net = nn.Sequential(*layers[:-1])
    replace_activations(net, nn.Identity, candidate, example=torch.zeros(2, task.inputs))
    return net
