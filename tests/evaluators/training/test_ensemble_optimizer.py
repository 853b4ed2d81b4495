"""An ensemble's optimiser takes torch.optim's steps member by member, to the last bit."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from actsearch.evaluators import Recipe
from actsearch.evaluators.training import ensemble_optimizer as module
from actsearch.evaluators.training.ensemble_optimizer import EnsembleOptimizer
from actsearch.evaluators.training.optimizer import optimizer_of
from actsearch.evaluators.training.schedule import learning_rate

START = Recipe(warmup=3, rungs=(2,), weight_decay=0.1, learning_rate=0.05)
RECIPES = {
    "adamw": START,
    "adamw without decay": dataclasses.replace(START, weight_decay=0.0),
    "sgd": dataclasses.replace(START, optimizer="sgd"),
    "sgd with momentum": dataclasses.replace(START, optimizer="sgd", momentum=0.9),
}
STEPS = (1.0, 1.0, 0.3, 3.0, 3.0, 3.0)
STEPS_PER_EPOCH, TAKEN, KEPT = 4, 5, [1, 2, 5]


def tensors(seed: int) -> tuple[Tensor, Tensor, list[list[Tensor]]]:
    """Weights, biases and each member's own: one of the first member's, two of the last's."""
    generator = torch.Generator().manual_seed(seed)
    count = len(STEPS)
    learned: list[list[Tensor]] = [[] for _ in STEPS]
    learned[0] = [torch.randn(1, generator=generator)]
    learned[-1] = [torch.randn((), generator=generator), torch.randn(3, 1, generator=generator)]
    weights, biases = (torch.randn(count, n, generator=generator) for n in (64, 16))
    return weights, biases, learned


def alone(recipe: Recipe, k: int) -> list[Tensor]:
    """Member k's tensors after all steps by torch.optim."""
    weights, biases, learned = tensors(0)
    matrix, *free = [weights[k].clone(), biases[k].clone(), *learned[k]]
    groups = [
        {"params": [matrix], "weight_decay": recipe.weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]
    optimizer = optimizer_of(recipe, groups)
    for number in range(TAKEN):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(recipe, number, STEPS_PER_EPOCH) * STEPS[k]
        gradient, of_biases, of_own = tensors(number + 1)
        matrix.grad = gradient[k]
        for tensor, of_tensor in zip(free, [of_biases[k], *of_own[k]], strict=True):
            tensor.grad = of_tensor
        optimizer.step()
    return [matrix, *free]


@pytest.mark.parametrize("in_pieces", [False, True])
@pytest.mark.parametrize("name", RECIPES)
def test_steps_are_torchs_also_of_the_members_that_are_kept(
    name: str, in_pieces: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PIECE", 2 * 64 * 4)  # two rows
    recipe = RECIPES[name]
    weights, biases, of_activations = tensors(0)
    options = {"in_pieces": in_pieces}
    optimizer = EnsembleOptimizer(recipe, [weights], [biases], of_activations, STEPS, **options)
    rows = list(range(len(STEPS)))
    for number in range(TAKEN):
        if number == TAKEN - 2:
            rows = KEPT
            index = torch.tensor(KEPT)
            weights, biases, of_activations = (
                weights[index],
                biases[index],
                [of_activations[k] for k in KEPT],
            )
            old = optimizer
            steps = [STEPS[k] for k in KEPT]
            optimizer = EnsembleOptimizer(
                recipe, [weights], [biases], of_activations, steps, **options
            )
            old.hand_over(optimizer, index)
        gradient, of_biases, of_own = tensors(number + 1)
        biases.grad = of_biases[rows]
        learned = [
            pair
            for k, mine in zip(rows, of_activations, strict=True)
            for pair in zip(mine, of_own[k], strict=True)
        ]
        for tensor, of_tensor in learned:
            tensor.grad = of_tensor
        optimizer.prepare(number, STEPS_PER_EPOCH)
        if in_pieces:
            optimizer.step_in_pieces(0, gradient[rows].__getitem__)
        else:
            weights.grad = gradient[rows]
        optimizer.step()
        assert weights.grad is None
        assert biases.grad is None
    for place, k in enumerate(KEPT):
        reached = [weights[place], biases[place], *of_activations[place]]
        for tensor_reached, expected in zip(reached, alone(recipe, k), strict=True):
            assert torch.equal(tensor_reached, expected)


def test_pieces_do_not_span_step_sizes_and_hold_at_most_what_they_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PIECE", 2 * 64 * 4)
    weights, biases, learned = tensors(0)
    optimizer = EnsembleOptimizer(START, [weights], [biases], learned, STEPS, in_pieces=True)
    seen: list[slice] = []

    def gradient(rows: slice) -> Tensor:
        seen.append(rows)
        return torch.zeros(rows.stop - rows.start, 64)

    optimizer.prepare(0, STEPS_PER_EPOCH)
    optimizer.step_in_pieces(0, gradient)
    assert [(rows.start, rows.stop) for rows in seen] == [(0, 2), (2, 3), (3, 5), (5, 6)]
