"""Parameter groups: activation parameters apart and without decay, everything exactly once."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.fx
from torch import Tensor, nn

from actsearch.space import (
    CandidateError,
    family,
    from_file,
    module_source,
    parameter_groups,
    parse,
    replace_activations,
)
from actsearch.space.modules.nonpointwise import MetaACON


def network() -> nn.Module:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU())
    replace_activations(model, nn.ReLU, family("rational"))
    return model


def test_activation_parameters_have_a_group_without_decay() -> None:
    weights, activations = parameter_groups(network())
    assert len(weights["params"]) == 4
    assert "weight_decay" not in weights
    assert len(activations["params"]) == 2 * 10
    assert activations["weight_decay"] == 0.0
    assert "lr" not in activations


def test_every_parameter_is_in_one_group_once() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.PReLU(), nn.ReLU())
    replace_activations(model, nn.ReLU, parse("a[network]=0.5 * tanh(x)"))
    ids = [id(p) for group in parameter_groups(model) for p in group["params"]]
    assert sorted(ids) == sorted({id(p) for p in model.parameters()})


def test_decay_moves_weights_and_leaves_activations() -> None:
    model = network()
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    groups = parameter_groups(model, learning_rate=1e-3)
    optimiser = torch.optim.AdamW(groups, lr=0.1, weight_decay=0.5)
    (0 * model(torch.ones(1, 4)).sum()).backward()
    optimiser.step()
    for name, value in model.named_parameters():
        same = torch.equal(value, before[name])
        assert same == ("." in name and name.split(".")[0] in ("1", "3")), name
    assert optimiser.param_groups[1]["lr"] == 1e-3


def test_weights_inside_an_activation_keep_their_decay() -> None:
    weights, activations = parameter_groups(MetaACON(4))
    assert len(activations["params"]) == 2  # p1 and p2; its convolutions and batch norms are not
    assert len(weights["params"]) == 8


def test_a_class_of_ones_own_can_be_named() -> None:
    class Exported(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.beta = nn.Parameter(torch.ones(()))

    assert "weight_decay" not in parameter_groups(Exported())[0]  # nothing says what it is
    assert parameter_groups(Exported(), kinds=(Exported,))[0]["weight_decay"] == 0.0


def test_frozen_parameters_and_empty_groups_are_left_out() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.PReLU())
    model[1].requires_grad_(False)
    (only,) = parameter_groups(model)
    assert len(only["params"]) == 2
    assert parameter_groups(nn.ReLU()) == []


def test_an_exported_class_is_known_and_one_of_an_earlier_file_too() -> None:
    source = module_source(parse("x * sigmoid(beta * x)"))
    for text in (source, source.replace("_formula = ", "other = ").replace("self._formula", "''")):
        namespace: dict[str, Any] = {"__name__": "activation"}
        exec(compile(text, "activation.py", "exec"), namespace)
        (only,) = parameter_groups(nn.Sequential(namespace["Activation"]()))
        assert only["weight_decay"] == 0.0


def torch_and_ours() -> nn.Module:
    """A PReLU, an Activation and a module of another kind that has a parameter."""

    class Shift(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.by = nn.Parameter(torch.zeros(4))

        def forward(self, x: Tensor) -> Tensor:
            return x + self.by

    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.PReLU(), Shift())
    replace_activations(model, nn.ReLU, parse("x * sigmoid(beta * x)"))
    return model


ROWS = torch.ones(2, 4)


def traced(model: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch 2.14 calls TorchScript deprecated
        script: nn.Module = torch.jit.trace(model, ROWS)
    return script


@pytest.mark.parametrize(
    "transform",
    [
        torch.fx.symbolic_trace,
        torch.jit.script,
        lambda model: copy.deepcopy(torch.fx.symbolic_trace(model)),
        lambda model: nn.Sequential(torch.fx.symbolic_trace(model)),
        lambda model: traced(model[:3]),
        lambda model: torch.export.export(model[:3], (ROWS,)).module(),
    ],
)
def test_activations_are_known_after_tracing_scripting_and_export(
    transform: Callable[[nn.Module], nn.Module],
) -> None:
    weights, activations = parameter_groups(transform(torch_and_ours()))
    assert sorted(p.numel() for p in activations["params"]) == [1, 1]
    assert {p.numel() for p in weights["params"]} <= {16, 4}
    assert activations["weight_decay"] == 0.0


@pytest.mark.parametrize(
    "transform",
    [
        traced,
        lambda model: pickle.loads(pickle.dumps(torch.fx.symbolic_trace(model))),
        lambda model: torch.export.export(model, (ROWS,)).module(),
    ],
)
def test_a_class_that_tracing_has_lost_is_refused_with_what_to_do(
    transform: Callable[[nn.Module], nn.Module],
) -> None:
    with pytest.raises(CandidateError, match="make the groups of the model before it is traced"):
        parameter_groups(transform(torch_and_ours()))


def test_an_exported_class_is_known_in_a_graph_and_a_bare_module_is_none(tmp_path: Path) -> None:
    (tmp_path / "activation.py").write_text(module_source(parse("x * sigmoid(beta * x)")))
    model = nn.Sequential(nn.Linear(4, 4), from_file(tmp_path / "activation.py")())
    for graph in (
        torch.fx.symbolic_trace(model),
        torch.export.export(model, (ROWS,)).module(),
    ):
        assert [len(group["params"]) for group in parameter_groups(graph)] == [2, 1]
    bare = nn.Module()
    bare.register_parameter("weight", nn.Parameter(torch.zeros(2)))
    (only,) = parameter_groups(bare)
    assert "weight_decay" not in only
