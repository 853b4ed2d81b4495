"""The baselines are torch's own activations at torch's own defaults."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from actsearch.space import BASELINES, baselines, parse
from contracts.expressions import gradients

X = torch.linspace(-6.01, 6.02, 100, dtype=torch.float64)


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_is_the_module_of_torch_by_its_name(name: str) -> None:
    reference = getattr(nn, name)().double()
    value, slopes = gradients(baselines()[name].module().double(), X)
    expected, expected_slopes = gradients(reference, X)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(slopes["x"], expected_slopes["x"])
    assert len(slopes) == len(expected_slopes)


def test_the_six_of_every_confirmation_are_there() -> None:
    assert list(BASELINES) == ["ReLU", "SiLU", "GELU", "Mish", "Tanh", "PReLU"]
    assert all(str(parse(text)) == text for text in BASELINES.values())
