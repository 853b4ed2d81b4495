"""The contract of every trainable family: what each new row of the table has to pass."""

from __future__ import annotations

import pytest
import torch

from actsearch.space import (
    FAMILIES,
    FitError,
    family,
    fitted,
    parse,
    screen,
)
from actsearch.space.expressions.expression import (
    GRANULARITIES,
    MAX_DEPTH,
    Granularity,
)
from actsearch.space.expressions.parser import MAX_LENGTH
from actsearch.space.families.fitting import target
from contracts.expressions import gradients

every_family = pytest.mark.parametrize("name", FAMILIES)
STRUCTURED = [n for n, f in FAMILIES.items() if any(o.name == "start" for o in f.options)]
STARTS = ("relu", "gelu", "silu", "tanh", "elu", "identity")
# APL is x right of its hinges, whatever is learned: nothing bounded can be its start.
CANNOT = {("apl", "tanh")}
GRID = torch.linspace(-10, 10, 4002, dtype=torch.float64)  # without 0


def normal_sample(count: int, seed: int) -> torch.Tensor:
    return torch.randn(count, generator=torch.Generator().manual_seed(seed))


@every_family
def test_the_text_reads_back_as_the_candidate(name: str) -> None:
    candidate = family(name)
    assert parse(str(candidate)) == candidate
    assert len(str(candidate)) <= MAX_LENGTH / 2
    assert candidate.depth <= MAX_DEPTH / 2
    assert candidate.parameters


@every_family
def test_it_is_worth_training(name: str) -> None:
    assert screen(family(name)) is None


@every_family
def test_no_parameter_is_dead_under_normal_inputs(name: str) -> None:
    module = family(name).module()
    x, target = normal_sample(4000, 0), normal_sample(4000, 1)
    (module(x) * target).mean().backward()
    for parameter, value in module.named_parameters():
        assert value.grad is not None, parameter
        assert value.grad.isfinite(), parameter
        assert value.grad.abs() > 1e-8, parameter


@every_family
def test_slopes_are_what_differences_of_values_say(name: str) -> None:
    candidate = family(name)
    x = torch.tensor([-7.313, -2.717, -0.913, 0.377, 1.837, 6.561], dtype=torch.float64)
    initial = [torch.tensor(p.initial, dtype=x.dtype) for p in candidate.parameters]
    leaves = [leaf.requires_grad_() for leaf in (x, *initial)]

    def value(point: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        return candidate.values(point, parameters)

    assert torch.autograd.gradcheck(value, leaves, eps=1e-6, atol=1e-5, rtol=1e-4)


@every_family
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_is_as_exact_as_its_dtype_allows(name: str, dtype: torch.dtype) -> None:
    candidate = family(name)
    x = GRID.to(dtype)
    value, slopes = gradients(candidate.module().to(dtype), x)
    assert value.dtype == dtype
    assert all(g is not None and g.isfinite().all() for g in slopes.values())
    ideal = candidate.values(x.double())
    # A few roundings of terms about as large as the result, or as 10 where it is small.
    allowed = 16 * torch.finfo(dtype).eps * ideal.abs().clamp(min=10 if "staf" in name else 4)
    assert ((value.double() - ideal).abs() <= allowed).all()


@every_family
def test_far_out_it_stays_finite(name: str) -> None:
    x = torch.tensor([-1000.0, -100.0, 100.0, 1000.0])
    value, slopes = gradients(family(name).module(), x)
    assert value.isfinite().all()
    assert all(g is not None and g.isfinite().all() for g in slopes.values())


@every_family
@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_parameters_are_shared_as_asked(name: str, granularity: Granularity) -> None:
    candidate = family(name, granularity=granularity)
    assert {p.granularity for p in candidate.parameters} == {granularity}
    assert parse(str(candidate)) == candidate
    channels = 3 if granularity == "channel" else None
    module = candidate.module(channels=channels)
    shape = (3,) if channels else ()
    assert all(p.shape == shape for p in module.parameters())
    assert module(torch.ones(2, 3)).shape == (2, 3)


@every_family
def test_the_table_says_what_it_is(name: str) -> None:
    entry = FAMILIES[name]
    assert entry.name == name
    assert entry.formula
    assert entry.source
    assert all(option.meaning for option in entry.options)


@pytest.mark.parametrize("name", STRUCTURED)
@pytest.mark.parametrize("start", STARTS)
def test_it_starts_as_asked_within_the_error_it_states(name: str, start: str) -> None:
    if (name, start) in CANNOT:
        with pytest.raises(FitError, match=f"{name} cannot start as {start}"):
            fitted(name, start=start)
        return
    fit = fitted(name, start=start)
    off = (fit.expression.values(GRID) - target(start).values(GRID)).abs()
    assert float(off.max()) <= 1.01 * fit.max_error + 1e-6
    assert float(off[GRID.abs() <= 3].max()) <= 1.01 * fit.core_error + 1e-6
    assert fit.max_error <= 0.3
    assert fit.core_error <= 0.2


@pytest.mark.slow
@every_family
def test_two_epochs_on_2000_images_stay_finite(name: str) -> None:
    from actsearch.evaluators import recipe_from_name
    from actsearch.evaluators.training.device_data import Batches, DataSplits
    from actsearch.evaluators.training.members import Member
    from actsearch.evaluators.training.mlp_ensemble import MlpEnsemble

    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 10, (2000,), generator=generator)
    noise = torch.randint(0, 128, (2000, 784), generator=generator)
    patterns = torch.randint(0, 128, (10, 784), generator=generator)
    images = Batches((noise + patterns[labels]).to(torch.uint8), labels)
    members = [Member(family(name), 0)]
    training = MlpEnsemble(members, recipe_from_name("quick"), DataSplits(images, images))
    (progress,) = training.advance(2)
    assert progress.reason is None
    assert all(torch.tensor(v).isfinite().all() for v in progress.learned.values())
