"""Signals and gradients of nets whose values are known in closed form."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from actsearch.evaluators import calibrated, layer_signals
from actsearch.evaluators.diagnosis.histogram import distribution
from actsearch.space import parse

GENERATOR = torch.Generator()
X = torch.randn(300, 6, generator=GENERATOR.manual_seed(0))
LABELS = torch.randint(0, 3, (300,), generator=GENERATOR.manual_seed(1))


def net(activation: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), activation, nn.Linear(5, 3))


def same_input(module: nn.Sequential, value: float) -> None:
    """Make every pre-activation of the first layer this value."""
    first = module[0]
    assert isinstance(first, nn.Linear)
    nn.init.zeros_(first.weight)
    nn.init.constant_(first.bias, value)


def test_gradients_of_a_linear_net_are_errors_times_the_head() -> None:
    module = net(parse("x").module())
    (layer,) = layer_signals(module, X, LABELS)
    errors = module(X).softmax(1) - nn.functional.one_hot(LABELS, 3)
    expected = (errors @ module.get_parameter("2.weight")).detach()
    assert layer.gradient.mean == pytest.approx(float(expected.mean()), abs=1e-7)
    assert layer.gradient.sd == pytest.approx(float(expected.std(correction=0)), rel=1e-5)


def test_gradients_do_not_depend_on_how_many_images_are_looked_at() -> None:
    module = net(nn.Tanh())
    once = layer_signals(module, X, LABELS)[0]
    twice = layer_signals(module, torch.cat([X, X]), torch.cat([LABELS, LABELS]))[0]
    assert twice.gradient.sd == pytest.approx(once.gradient.sd, rel=1e-6)


def test_pre_activations_and_outputs_are_those_of_the_layer() -> None:
    module = net(nn.ReLU())
    (layer,) = layer_signals(module, X, LABELS)
    before = module[0](X).detach()
    assert layer.before.sd == pytest.approx(float(before.std(correction=0)), rel=1e-5)
    assert layer.after.mean == pytest.approx(float(before.relu().mean()), rel=1e-5)
    assert layer.after.zeros == pytest.approx(float((before <= 0).float().mean()))
    assert layer.flat == layer.saturated == layer.after.zeros
    assert layer.before.zeros == 0


@pytest.mark.parametrize(("at", "saturated"), [(3.1, 0.0), (3.3, 1.0), (-3.3, 1.0)])
def test_tanh_saturates_where_its_slope_falls_below_a_hundredth(
    at: float, saturated: float
) -> None:
    """1 / cosh(z)^2 = 0.01 * 0.6815, its root mean square under N(0, 1), at z = 3.18."""
    module = net(nn.Tanh())
    same_input(module, at)
    (layer,) = layer_signals(module, X, LABELS)
    assert layer.saturated == saturated
    assert layer.flat == 0


def test_saturation_is_judged_by_each_channels_own_parameters() -> None:
    """tanh(k x) with k = 0.01 and 100: at 0.5 the one is a line, the other flat."""
    activation = parse("tanh(k[channel]=1 * x)").module(channels=2)
    with torch.no_grad():
        activation.get_parameter("k").copy_(torch.tensor([0.01, 100.0]))
    module = nn.Sequential(nn.Linear(6, 2), activation, nn.Linear(2, 3))
    same_input(module, 0.5)
    assert layer_signals(module, X, LABELS)[0].saturated == 0.5


def test_a_histogram_accounts_for_every_value() -> None:
    values = torch.cat([torch.randn(5000), torch.zeros(700), torch.tensor([1e9, torch.nan])])
    histogram = distribution(values)
    assert histogram.zeros == pytest.approx(700 / 5702)
    assert histogram.not_finite == pytest.approx(1 / 5702)
    total = (
        sum(histogram.shares)
        + histogram.below
        + histogram.above
        + histogram.zeros
        + histogram.not_finite
    )
    assert total == pytest.approx(1)
    assert histogram.high < 5, "one outlier sets no bin"


@pytest.mark.parametrize("values", [torch.zeros(50), torch.full((50,), 3.0), torch.ones(1) * -2])
def test_a_constant_signal_has_a_histogram_too(values: torch.Tensor) -> None:
    histogram = distribution(values)
    assert histogram.mean == float(values[0])
    assert histogram.sd == 0
    assert sum(histogram.shares) + histogram.zeros == pytest.approx(1)


def test_an_untrained_batch_norm_is_given_the_statistics_of_the_images() -> None:
    module = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))
    ready = calibrated(module, X)
    (layer,) = layer_signals(ready, X, LABELS)
    assert layer.before.mean == pytest.approx(0, abs=1e-6)
    assert layer.before.sd == pytest.approx(1, rel=1e-2)  # running variances are unbiased
    assert float(module.get_buffer("1.running_var").sum()) == 5, (
        "the network itself is left as it was"
    )
    torch.testing.assert_close(ready(X), module.train()(X), rtol=1e-2, atol=1e-2)


def test_a_learned_constant_is_flat_everywhere() -> None:
    (layer,) = layer_signals(net(parse("beta").module()), X, LABELS)
    assert layer.flat == 1.0
