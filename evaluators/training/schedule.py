"""The learning rate of every optimiser step, over the recipe's full horizon."""

from __future__ import annotations

import math

from ..recipes.recipe import Recipe


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """The learning rate of a step (from 0): linear warm-up, then linear to 0 over the full
    horizon, or constant where the recipe says so."""
    rising = (step + 1) / (recipe.warmup + 1)
    if recipe.schedule == "constant":
        return recipe.learning_rate * min(1.0, rising)
    total = recipe.epochs * steps_per_epoch
    falling = (total - step) / total
    return recipe.learning_rate * min(1.0, rising) * falling


def steps_per_epoch(recipe: Recipe, images: int) -> int:
    """Batches in one epoch; the last may be smaller."""
    return math.ceil(images / recipe.batch_size)
