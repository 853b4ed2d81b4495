"""The generated file computes what the module computes, and nothing in a text escapes into it."""

from __future__ import annotations

import ast
import importlib.util
import itertools
import keyword
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from actsearch.space import (
    PRIMITIVES,
    CandidateError,
    CoreUnits,
    Expression,
    module_source,
    parse,
)
from actsearch.space.modules.codegen import with_initial
from contracts.expressions import NAMES, expressions, gradients

X = torch.linspace(-5.03, 5.11, 24, dtype=torch.float64).reshape(4, 3, 2)
numbered = itertools.count()


def imported(source: str, folder: Path, name: str = "Activation") -> type[nn.Module]:
    """The class of a source, imported from a file as a user does."""
    path = folder / f"generated_{next(numbered)}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    spec.loader.exec_module(module)
    sys.dont_write_bytecode = before
    cls: type[nn.Module] = getattr(module, name)
    return cls


def instance(source: str, tree: Expression, folder: Path) -> nn.Module:
    channel = any(p.granularity == "channel" for p in tree.parameters)
    made = imported(source, folder)
    return made(num_parameters=3) if channel else made()


def agrees(tree: Expression, folder: Path) -> None:
    """Value and every gradient of the generated class are those of the module, in float64."""
    module = tree.module(channels=3).double()
    generated = instance(module_source(tree), tree, folder).double()
    generated.load_state_dict(module.state_dict())  # the names are the same
    value, slopes = gradients(module, X)
    other, others = gradients(generated, X)
    torch.testing.assert_close(other, value, rtol=1e-10, atol=0, equal_nan=True)
    assert slopes.keys() == others.keys()
    for name, gradient in slopes.items():
        if gradient is None:
            assert others[name] is None
        else:
            torch.testing.assert_close(others[name], gradient, rtol=1e-10, atol=0, equal_nan=True)


within_one_folder = settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.heavy
@within_one_folder
@given(tree=expressions())
def test_random_trees_become_source_that_computes_the_same(
    tree: Expression, tmp_path: Path
) -> None:
    agrees(tree, tmp_path)


@pytest.mark.parametrize("space", [CoreUnits(1), CoreUnits(2), CoreUnits(2, "channel")])
def test_drawn_candidates_become_source_that_computes_the_same(
    space: CoreUnits, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        agrees(space.decode(space.sample(rng)), tmp_path)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_has_working_source(name: str, tmp_path: Path) -> None:
    operands = ["beta * x - 1.5", "0.1 + a[channel] * x"][: PRIMITIVES[name].arity]
    agrees(parse(f"{name}({', '.join(operands)})"), tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "2",
        "-0.5",
        "beta",
        "beta[channel] * 2",
        "sin(exp(2)) - 3",
        "exp(100)",
        "max(x, -exp(100)) + exp(99) - exp(99)",
        "x - -2",
        "-2 - x",
        "(-2) ** 2 * x",
        "max(-2, x) / -3",
        "-3 / x",
        "1e-30 * x + 3e38",
    ],
)
def test_odd_corners_have_working_source(text: str, tmp_path: Path) -> None:
    agrees(parse(text), tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        *(*NAMES, *keyword.kwlist, "training", "num_parameters", "channel_dim", "torch", "nn"),
        *("v12", "requires_grad"),
    ],
)
def test_every_parameter_name_has_working_source(name: str, tmp_path: Path) -> None:
    text = f"{name}[layer]=1 * x + {name}_=2 * exp(100) + {name}__[channel]=3 * x ** 2"
    agrees(parse(text), tmp_path)


def test_source_needs_torch_only_and_says_the_formula() -> None:
    source = module_source(parse("x * sigmoid(beta=0.5 * x)"), notes="Best of 60.\nA tie.")
    tree = ast.parse(source)
    assert ast.get_docstring(tree) == "f(x) = x * sigmoid(beta=0.5 * x)"
    modules = {
        n.module if isinstance(n, ast.ImportFrom) else n.names[0].name
        for n in tree.body[1:4]
        if isinstance(n, ast.Import | ast.ImportFrom)
    }
    assert modules == {"torch", "torch.nn.functional"}
    made = tree.body[4]
    assert isinstance(made, ast.ClassDef)
    assert ast.get_docstring(made) == ("f(x) = x * sigmoid(beta=0.5 * x)\n\nBest of 60.\nA tie.")


def test_channel_parameters_are_counted_and_placed_as_in_prelu(tmp_path: Path) -> None:
    made = imported(module_source(parse("max(x, 0) + a[channel]=0.25 * min(x, 0)")), tmp_path)
    for exported, reference, shape in (
        (made(), nn.PReLU(), (4, 7)),
        (made(num_parameters=3), nn.PReLU(3), (4, 3, 2)),
        (made(3, channel_dim=-1), None, (4, 2, 3)),
    ):
        x = torch.linspace(-2, 2, torch.Size(shape).numel()).reshape(shape)
        expected = reference(x) if reference else nn.functional.leaky_relu(x, 0.25)
        torch.testing.assert_close(exported(x), expected)


def test_the_generated_class_keeps_dtype_under_bfloat16(tmp_path: Path) -> None:
    made = imported(module_source(parse("x / (1 + beta * x ** 2) + a / b")), tmp_path)
    assert made()(torch.ones(2, 3, dtype=torch.bfloat16)).dtype == torch.bfloat16


PROBE = "raise RuntimeError('escaped')"


@pytest.mark.heavy
@within_one_folder
@given(
    notes=st.lists(
        st.sampled_from(
            ['"""', '"', "'''", "\\", "\n", "\r", "\0", "\u2028", "\x0c", " ", "{0}", "%s", PROBE]
        )
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
        max_size=12,
    ).map("".join)
)
def test_notes_cannot_break_out_of_the_docstring(notes: str, tmp_path: Path) -> None:
    source = module_source(parse("beta * x"), notes=notes)
    plain = module_source(parse("beta * x"), notes="plain")
    tree, expected = ast.parse(source), ast.parse(plain)
    for parsed in (tree, expected):  # what is left without the class's docstring is the same
        made = parsed.body[-1]
        assert isinstance(made, ast.ClassDef)
        made.body = made.body[1:]
    assert ast.dump(tree) == ast.dump(expected)
    imported(source, tmp_path)


@pytest.mark.parametrize(
    "name", ["", "2a", "a b", "class", "None", "nn", "F", "x\nimport os", "é.b"]
)
def test_a_class_needs_a_name_of_its_own(name: str) -> None:
    with pytest.raises(CandidateError, match="a class needs a Python name"):
        module_source(parse("x"), class_name=name)


def test_the_class_has_the_name_asked_for(tmp_path: Path) -> None:
    source = module_source(parse("sin(x)"), class_name="Sine")
    assert imported(source, tmp_path, "Sine").__name__ == "Sine"


def test_learned_values_become_initial_ones() -> None:
    tree = parse("a[channel]=0.5 * x + b * a")
    assert str(with_initial(tree, {"b": -2.5})) == "a[channel]=0.5 * x + b=-2.5 * a"
    assert with_initial(tree, {}) == tree


@pytest.mark.parametrize("memory", [False, True])
def test_reset_parameters_gives_back_the_initial_values_and_keeps_what_is_shared(
    memory: bool, tmp_path: Path
) -> None:
    tree = parse("max(x, 0) * b[channel]=-2 + sin(a[network]=0.25 * x) + c=3")
    kind: Any = imported(module_source(tree, memory=memory), tmp_path)
    first = kind(num_parameters=3)
    second = kind(num_parameters=2, share=first)
    for parameter in (*first.parameters(), *second.parameters()):
        nn.init.constant_(parameter, 7)
    second.reset_parameters()
    assert [p.tolist() for p in (second.a, second.b, second.c)] == [0.25, [-2, -2], 3]
    assert second.a is first.a
    assert first.c.item() == 7
    assert "reset_parameters" not in module_source(parse("sin(x)"), memory=memory)
