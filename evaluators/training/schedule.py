"""The learning rate of every optimiser step, over the recipe's full horizon."""

from __future__ import annotations

import math

from ..recipes.recipe import Recipe
from ..recipes.rules import TRAIN_IMAGES

ENOUGH = 0.25  # of the learning rate; quick comes to 97 %, and on 1,000 images to 16 %


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """The learning rate of a step (from 0): linear warm-up, then linear to 0 over the full
    horizon, or constant where the recipe says so."""
    rising = (step + 1) / (recipe.warmup + 1)
    if recipe.schedule == "constant":
        return recipe.learning_rate * min(1.0, rising)
    total = recipe.epochs * steps_per_epoch
    falling = (total - step) / total
    return recipe.learning_rate * min(1.0, rising) * falling


def too_short(recipe: Recipe) -> str | None:
    """A sentence where a training ends before its learning rate has come to a quarter of the
    recipe's, since warm-up is a number of steps; None else, and of one's own data."""
    if recipe.evaluator:
        return None
    images = (recipe.limit or TRAIN_IMAGES[recipe.dataset]) - recipe.validation
    each = steps_per_epoch(recipe, images)
    total = recipe.epochs * each
    highest = max(learning_rate(recipe, step, each) for step in range(total))
    share = highest / recipe.learning_rate
    if share >= ENOUGH:
        return None
    return (
        f"recipe {recipe.label} comes to {share:.0%} of its learning rate, since its warm-up is "
        f"{recipe.warmup:,} steps and the training {total:,}: scores say little; lower warmup, or "
        f"train on more images"
    )


def steps_per_epoch(recipe: Recipe, images: int) -> int:
    """Batches in one epoch; the last may be smaller."""
    return math.ceil(images / recipe.batch_size)
