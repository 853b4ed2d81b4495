"""A candidate is one function: eager, traced, scripted, exported, exported and scripted."""

from __future__ import annotations

import copy
import importlib.util
import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from actsearch.space import FAMILIES, PRIMITIVES, Expression, family, module_source, parse
from actsearch.space.catalog.table import CATALOG
from contracts.expressions import gradients

ALL = {
    **{name: entry.expression for name, entry in CATALOG.items()},
    **{f"family {name}": family(name) for name in FAMILIES},
    **{
        f"{name}[channel]": parse(
            f"{name}({', '.join(['beta * x - 1.5', '0.1 + a[channel] * x'][: row.arity])})"
        )
        for name, row in PRIMITIVES.items()
    },
}
SOME = dict(list(ALL.items())[::12])
DTYPES = (torch.float32, torch.bfloat16, torch.float64)


def exported(expression: Expression, folder: Path) -> nn.Module:
    path = folder / "activation.py"
    path.write_text(module_source(expression), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("activation", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    channel = any(p.granularity == "channel" for p in expression.parameters)
    made: nn.Module = module.Activation(num_parameters=3) if channel else module.Activation()
    return made


def scripted(module: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch 2.14 calls TorchScript deprecated
        made: nn.Module = torch.jit.script(copy.deepcopy(module))
    return made


def agree(expression: Expression, folder: Path) -> None:
    module = expression.module(channels=3)
    file = exported(expression, folder)
    forms = {
        "traced": torch.fx.symbolic_trace(module),
        "scripted": scripted(module),
        "exported": file,
        "exported, traced": torch.fx.symbolic_trace(file),
        "exported, scripted": scripted(file),
    }
    assert repr(file) == f"Activation({expression})"
    for dtype in DTYPES:
        x = torch.linspace(-4.03, 4.11, 12).reshape(4, 3).to(dtype)
        value, slopes = gradients(module, x)
        for name, form in forms.items():
            other, others = gradients(form, x)
            close(other, value, dtype, name)
            for parameter, slope in slopes.items():
                if slope is not None:
                    computed = others[parameter]
                    assert computed is not None
                    close(computed, slope, dtype, f"{parameter} of {name}")


def close(computed: Tensor, expected: Tensor, dtype: torch.dtype, form: str) -> None:
    # TorchScript has slopes of its own, rounded otherwise: 2**-8 is a step of bfloat16, and that
    # of hardsigmoid has 1/6 in float32, 1e-7 off in float64.
    tolerance = {torch.bfloat16: 0.05, torch.float32: 1e-4, torch.float64: 1e-6}[dtype]
    assert computed.dtype == expected.dtype, form
    torch.testing.assert_close(
        computed, expected, rtol=tolerance, atol=tolerance, equal_nan=True,
        msg=lambda text: f"{form} in {dtype}: {text}",
    )  # fmt: skip


@pytest.mark.parametrize("name", SOME)
def test_every_form_computes_the_same(name: str, tmp_path: Path) -> None:
    agree(ALL[name], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ALL if name not in SOME])
def test_every_form_of_all_others_computes_the_same(name: str, tmp_path: Path) -> None:
    agree(ALL[name], tmp_path)


def test_an_exported_file_refuses_other_channels_with_both_numbers(tmp_path: Path) -> None:
    file = exported(parse("a[channel] * x"), tmp_path)
    x = torch.ones(4, 1, 5)
    for form in (file, torch.fx.symbolic_trace(file)):
        with pytest.raises(ValueError, match=r"num_parameters=3 channels .* shape \[4, 1, 5\]"):
            form(x)
    with pytest.raises(torch.jit.Error, match=r"num_parameters=3 channels"):
        scripted(file)(x)


def test_an_exported_file_shares_what_the_whole_net_learns(tmp_path: Path) -> None:
    first = exported(parse("a[network] * x + b"), tmp_path)
    second = type(first)(share=first)
    assert second.a is first.a
    assert second.b is not first.b
    assert "Activation(share=first)" in (type(first).__doc__ or "")


def test_floors_are_explained_where_they_stand() -> None:
    source = module_source(parse("x * min(max(x + 3, 0), 6) / 6 + 1 / 3 * x"))
    assert "# 6.000000059604645 is 6 + 2**-24" in source
    assert " is 1 / 3, the floor of div in it" in source
