"""One network trained as its recipe says, in the open: the caller holds it and looks inside."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from ...space import Expression
from ..protocol.evaluator import MemberProgress
from ..recipes.recipe import Recipe
from ..training.device_data import DataSplits
from ..training.members import Member
from ..training.sequential import SequentialTraining


def epochs(
    net: nn.Module,
    candidate: Expression,
    recipe: Recipe,
    seed: int,
    sets: DataSplits,
) -> Iterator[MemberProgress]:
    """Train `net` in place to the recipe's horizon; yields after every epoch.

    The very training that scores networks one by one, seed and order of batches included. Ends
    early where the training diverges, with the reason in the last progress.
    """
    training = SequentialTraining(lambda *_: net, [Member(candidate, seed)], recipe, sets)
    for epoch in range(1, recipe.epochs + 1):
        (progress,) = training.advance(epoch)
        yield progress
        if progress.reason:
            return
