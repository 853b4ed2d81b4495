"""The loss surface: the middle is the loss itself, directions have the norms of the filters."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from actsearch.evaluators import loss_surface
from actsearch.evaluators.diagnosis.loss_surface import direction
from actsearch.space import parse

X = torch.randn(40, 1, 6, 6, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(40) % 3


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), parse("a * relu(x)").module(),
        nn.Flatten(), nn.Linear(64, 3),
    )  # fmt: skip


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(7)


def test_the_middle_is_the_networks_own_loss() -> None:
    module = net().eval()
    surface = loss_surface(module, X, LABELS, generator(), points=5)
    assert surface.centre == F.cross_entropy(module(X), LABELS).item()
    assert surface.axis == (-1.0, -0.5, 0.0, 0.5, 1.0)


def test_every_filter_of_a_direction_has_the_norm_of_the_weights_filter() -> None:
    module = net()
    directions = direction(module, generator())
    assert set(directions) == {"0.weight", "4.weight"}, "neither biases nor norms nor activations"
    for name, step in directions.items():
        weights = module.get_parameter(name).detach()
        torch.testing.assert_close(step.flatten(1).norm(dim=1), weights.flatten(1).norm(dim=1))


def test_a_corner_is_the_loss_of_the_weights_moved_there() -> None:
    module = net().eval()
    surface = loss_surface(module, X, LABELS, generator(), reach=0.5, points=3)
    drawn = generator()
    across, along = direction(module, drawn), direction(module, drawn)
    moved = copy.deepcopy(module)
    with torch.no_grad():
        for name in across:
            moved.get_parameter(name).add_(0.5 * across[name] - 0.5 * along[name])
    expected = F.cross_entropy(moved(X), LABELS).item()
    assert surface.losses[0][2] == pytest.approx(expected, rel=1e-5)


def test_a_scale_that_batch_norm_divides_out_again_leaves_the_picture_as_it_is() -> None:
    """The reason for the normalisation: both networks are one function."""
    module = net().eval()
    scaled = copy.deepcopy(module)
    with torch.no_grad():
        for name in ("0.weight", "0.bias"):
            scaled.get_parameter(name).mul_(10)
        norm = scaled.get_submodule("1")
        assert isinstance(norm, nn.BatchNorm2d)
        norm.get_buffer("running_var").mul_(100)
        norm.eps *= 100
    surface, other = (loss_surface(m, X, LABELS, generator(), points=5) for m in (module, scaled))
    for row, same in zip(surface.losses, other.losses, strict=True):
        assert row == pytest.approx(same, rel=1e-4)


def test_the_network_is_left_as_it_was() -> None:
    module = net().train()
    before = copy.deepcopy(module.state_dict())
    loss_surface(module, X, LABELS, generator(), points=3)
    assert module.training
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_an_even_number_of_points_has_no_middle() -> None:
    with pytest.raises(ValueError, match="odd"):
        loss_surface(net(), X, LABELS, generator(), points=4)


def test_a_network_that_has_a_layer_under_two_names_is_left_as_it_was() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(6, 8)
            self.body = nn.Sequential(self.first, nn.ReLU(), nn.Linear(8, 3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.body(x)
            return out

    net, x = Twice(), torch.randn(20, 6)
    before, outputs = copy.deepcopy(net.state_dict()), net(x).detach()
    loss_surface(net, x, torch.zeros(20, dtype=torch.long), torch.Generator(), points=3)
    assert type(net.first.weight) is nn.Parameter
    assert torch.equal(net(x), outputs)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_the_factors_of_a_norm_stay_where_they_are() -> None:
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.LayerNorm([3, 4, 4]), nn.Flatten())
    assert set(direction(net, torch.Generator())) == {"0.weight"}
