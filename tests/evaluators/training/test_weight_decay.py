"""Matrices and kernels decay; biases, norms and whatever an activation learns do not."""

from __future__ import annotations

import torch
from torch import nn

from actsearch.evaluators.training.weight_decay import split_by_decay
from actsearch.space import parse


def test_matrices_and_kernels_decay_and_nothing_else() -> None:
    activation = parse("a[channel] * tanh(b * x)").module(channels=3)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), activation, nn.PReLU(3), nn.Flatten(),
        nn.Linear(12, 2),
    )  # fmt: skip
    decaying, others = split_by_decay(net)
    assert [id(p) for p in decaying] == [id(net[0].weight), id(net[5].weight)]
    assert {id(p) for p in (*decaying, *others)} == {id(p) for p in net.parameters()}
    assert len(decaying) + len(others) == len(list(net.parameters()))


def test_what_an_activation_holds_does_not_decay_whatever_its_shape() -> None:
    class Table(nn.PReLU):
        """An activation of a matrix."""

        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Parameter(torch.ones(2, 3))

    activation = Table()
    decaying, others = split_by_decay(nn.Sequential(nn.Linear(4, 3), activation))
    assert [p.shape for p in decaying] == [(3, 4)]
    assert any(p is activation.table for p in others)


def test_what_is_frozen_is_in_neither() -> None:
    net = nn.Linear(2, 2)
    net.weight.requires_grad_(False)
    decaying, others = split_by_decay(net)
    assert not decaying
    assert [id(p) for p in others] == [id(net.bias)]


def test_factors_of_a_norm_do_not_decay_whatever_their_shape() -> None:
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.LayerNorm([3, 4, 4]), nn.ReLU())
    decaying, others = split_by_decay(net)
    assert [p.shape for p in decaying] == [(3, 1, 3, 3)]
    assert len(others) == 3
