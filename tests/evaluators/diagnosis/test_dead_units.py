"""Dead units: counted as their definitions say, in nets built so that the count is known."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn

from actsearch.evaluators import dead_units
from actsearch.space import CandidateError, parse


def images(count: int = 200, inputs: int = 6) -> Tensor:
    return torch.randn(count, inputs, generator=torch.Generator().manual_seed(0))


def net(activation: nn.Module, weights: list[float], biases: list[float]) -> nn.Sequential:
    """One hidden layer; unit k sees weights[k] times the first input, plus biases[k]."""
    linear = nn.Linear(6, len(weights))
    with torch.no_grad():
        linear.weight.zero_()
        linear.weight[:, 0] = torch.tensor(weights)
        linear.bias.copy_(torch.tensor(biases))
    return nn.Sequential(linear, activation, nn.Linear(len(weights), 3))


def test_a_relu_below_zero_on_every_image_is_dead_by_all_three_definitions() -> None:
    (layer,) = dead_units(net(nn.ReLU(), [1.0, 1.0, 0.0], [0.0, -9.0, -1.0]), [images()])
    assert (layer.units, layer.silent, layer.flat, layer.constant, layer.dead) == (3, 2, 2, 2, 2)


def test_a_saturated_sigmoid_is_dead_though_it_is_never_zero() -> None:
    """sigmoid(40) is 1 in float32, and its slope 0: invisible to the published definition."""
    (layer,) = dead_units(net(nn.Sigmoid(), [1.0, 1.0], [0.0, 40.0]), [images()])
    assert (layer.silent, layer.flat, layer.constant, layer.dead) == (0, 1, 1, 1)


def test_a_unit_that_hardly_moves_is_constant_though_its_slope_is_not_zero() -> None:
    (layer,) = dead_units(net(nn.Tanh(), [1.0, 1e-4], [0.0, 0.5]), [images()])
    assert (layer.silent, layer.flat, layer.constant, layer.dead) == (0, 0, 1, 1)


def test_a_unit_is_dead_only_if_it_is_on_every_image_of_every_batch() -> None:
    x = images()
    x[:, 0] = -x[:, 0].abs() - 0.1
    alive = x.clone()
    alive[0, 0] = 1.0
    module = net(nn.ReLU(), [1.0], [0.0])
    for batches, dead in (([x, x], 1), ([x, alive], 0), ([alive, x], 0)):
        (layer,) = dead_units(module, batches)
        assert layer.silent == layer.flat == layer.dead == dead


def test_the_variance_over_batches_is_that_over_all_images() -> None:
    """Each batch by itself is constant; together they are not."""
    module = net(nn.Tanh(), [1.0], [0.0])
    low, high = torch.full((9, 6), -1.0), torch.full((50, 6), 1.0)
    assert dead_units(module, [low])[0].constant == 1
    assert dead_units(module, [low, high])[0].constant == 0


@pytest.mark.parametrize("activation", [nn.Identity(), parse("x").module()])
def test_without_an_activation_no_unit_is_dead_unless_its_output_is_constant(
    activation: nn.Module,
) -> None:
    """The published code reports 100 % here."""
    module = net(activation, [1.0, -1.0, 0.0], [0.0, 0.0, 2.0])
    kinds = (nn.Identity,) if isinstance(activation, nn.Identity) else (type(activation),)
    (layer,) = dead_units(module, [images()], kinds)
    assert (layer.silent, layer.flat, layer.constant, layer.dead) == (0, 0, 1, 1)


def test_a_network_whose_activations_cannot_be_seen_is_refused() -> None:
    with pytest.raises(CandidateError, match=r"nn\.Identity"):
        dead_units(nn.Linear(6, 3), [images()])


def test_a_channel_is_dead_if_it_is_at_every_position() -> None:
    convolution = nn.Conv2d(1, 3, 1)
    with torch.no_grad():
        convolution.weight.copy_(torch.tensor([1.0, 1.0, -1.0]).view(3, 1, 1, 1))
        convolution.bias.copy_(torch.tensor([0.0, -9.0, 0.0]))  # type: ignore[union-attr]
    module = nn.Sequential(convolution, nn.ReLU())
    (layer,) = dead_units(module, [torch.rand(4, 1, 5, 5) + 0.1])
    assert (layer.units, layer.silent) == (3, 2)


def test_one_module_in_two_places_working_in_place_is_two_layers() -> None:
    shared = nn.ReLU(inplace=True)
    torch.manual_seed(0)  # of the weights: one draw in four has another unit that is silent
    first, second = nn.Linear(6, 4), nn.Linear(4, 5)
    with torch.no_grad():
        first.bias[0], second.bias[:2] = -99.0, -99.0
    counts = dead_units(nn.Sequential(first, shared, second, shared), [images()])
    assert [(layer.layer, layer.silent) for layer in counts] == [("1", 1), ("1 (2)", 2)]


def test_counts_of_a_deep_net_are_those_of_a_plain_loop() -> None:
    """The published definition, written the straight way."""
    torch.manual_seed(3)
    widths = (6, 40, 30, 20, 10)
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    module = nn.Sequential(*layers)
    x, expected, signal = images(), [], images()
    with torch.no_grad():
        for layer in layers:
            signal = layer(signal)
            if isinstance(layer, nn.ReLU):
                expected.append(int((signal == 0).all(0).sum()))
    assert sum(expected) > 0
    assert [layer.silent for layer in dead_units(module, x.split(64))] == expected


def test_every_module_stays_in_its_own_mode() -> None:
    module = net(nn.ReLU(), [1.0], [0.0]).train()
    module[0].eval()  # as a frozen layer is kept
    dead_units(module, [images()])
    assert [layer.training for layer in module] == [False, True, True]
    assert module.training


class ChannelsLast(nn.Module):
    """A linear layer over the last dimension of images [B, H, W, C], half of its units dead."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act, self.head = nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)
        with torch.no_grad():
            self.first.bias[:4] = -100.0

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.act(self.first(x)).mean((1, 2)))
        return out


def test_units_are_where_the_layer_before_has_them() -> None:
    conv = nn.Conv1d(3, 8, 3, padding=1)
    with torch.no_grad():
        assert conv.bias is not None
        conv.bias[:4] = -100.0
    (layer,) = dead_units(nn.Sequential(conv, nn.ReLU(), nn.Flatten()), [torch.randn(64, 3, 20)])
    assert (layer.units, layer.dead) == (8, 4)
    (layer,) = dead_units(ChannelsLast(), [torch.randn(64, 5, 6, 3)])
    assert (layer.units, layer.dead) == (8, 4)


def test_outputs_that_are_changed_in_place_afterwards_are_seen_as_they_were() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.act = nn.Linear(6, 4), nn.ReLU()
            with torch.no_grad():
                self.first.bias.fill_(-100.0)

        def forward(self, x: Tensor) -> Tensor:
            y = self.first(x)
            z: Tensor = self.act(y)
            z += y
            return z

    (layer,) = dead_units(Residual(), [images()])
    assert (layer.silent, layer.constant) == (4, 4)
