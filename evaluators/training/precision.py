"""The number format of matrix products and convolutions, as a recipe says."""

from __future__ import annotations

import torch

from ..recipes.recipe import Recipe


def autocast(recipe: Recipe, device: torch.device) -> torch.autocast:
    """A context for the forward pass and the loss: bfloat16 where the recipe says so.

    Weights, moments and batch statistics stay float32. bfloat16 has float32's range, so no loss
    is scaled: a scale that all members share would couple them.
    """
    enabled = recipe.precision == "bfloat16"
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)
