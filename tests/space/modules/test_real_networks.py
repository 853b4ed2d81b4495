"""Replacement in networks as they are written: gates, functions, shared modules, tokens, hooks."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import convnext_tiny, densenet121, efficientnet_b0, mobilenet_v3_small
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.ops import Conv2dNormActivation

from actsearch.space import Activation, CandidateError, parse, replace_activations

SWISH, CHANNEL = parse("x * sigmoid(beta * x)"), parse("x * sigmoid(beta[channel] * x)")
IMAGE = torch.zeros(1, 3, 32, 32)


def activations(model: nn.Module) -> list[Activation]:
    return [m for m in model.modules() if isinstance(m, Activation)]


@pytest.mark.parametrize(
    ("build", "gate", "count"),
    [(efficientnet_b0, nn.Sigmoid, 16), (mobilenet_v3_small, nn.Hardsigmoid, 9)],
)
def test_a_pattern_leaves_the_gates_of_squeeze_and_excitation(
    build: Callable[[], nn.Module], gate: type[nn.Module], count: int
) -> None:
    model = build()
    report = replace_activations(model, "*", SWISH)
    assert sum(isinstance(m, gate) for m in model.modules()) == count
    assert [p.kind for p in report.left] == [gate.__name__] * count
    assert all(p.reason.startswith("a gate") for p in report.left)
    assert len(report.replaced) == len(activations(model))
    assert "left as they are" in str(report)
    assert len(replace_activations(model, gate, SWISH).replaced) == count


@pytest.mark.heavy
def test_a_call_of_a_function_is_seen_on_an_example() -> None:
    model = densenet121()
    report = replace_activations(model, nn.ReLU, SWISH, example=IMAGE)
    (place,) = report.left
    assert (place.name, place.kind) == ("", "DenseNet calls relu")
    assert report.traced
    assert "F.relu(x) were not looked for" in str(
        replace_activations(densenet121(), "features.relu0", SWISH)
    )


@pytest.mark.heavy
def test_channels_last_are_told_from_the_layers_beside_the_activation() -> None:
    model = convnext_tiny()
    replace_activations(model, nn.GELU, CHANNEL, example=torch.zeros(1, 3, 64, 64))
    assert [m.channels for m in activations(model)][:4] == [384, 384, 384, 768]
    assert {m.channel_dim for m in activations(model)} == {-1}


def test_channels_that_no_layer_shows_are_refused() -> None:
    model = nn.Sequential(nn.Unflatten(1, (2, 3)), nn.ReLU())
    with pytest.raises(CandidateError, match=r"'1' has|no layer beside '1' shows where"):
        replace_activations(model, nn.ReLU, CHANNEL, example=torch.zeros(1, 6))
    assert len(activations(model)) == 0
    replace_activations(model, nn.ReLU, CHANNEL, example=torch.zeros(1, 6), channel_dim=1)
    assert activations(model)[0].channels == 2


class Shared(nn.Module):
    """One activation of the class for all blocks, as YOLO has it."""

    default = nn.SiLU()

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act1 = nn.Linear(3, 4), self.default
        self.second, self.act2 = nn.Linear(4, 5), self.default

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.act2(self.second(self.act1(self.first(x))))
        return out


def test_a_module_shared_by_all_is_reported_and_parted_on_request() -> None:
    model = Shared()
    report = replace_activations(model, nn.SiLU, SWISH)
    assert report.shared == (("act1", "act2"),)
    assert model.act1 is model.act2
    with torch.no_grad():
        model.act1.get_parameter("beta").fill_(3)
    again = replace_activations(model, nn.SiLU, SWISH, unshare=True)
    assert (again.shared, len(again.replaced)) == ((), 1)
    assert model.act1 is not model.act2
    assert [m.get_parameter("beta").item() for m in activations(model)] == [3, 3]
    fresh = Shared()
    assert replace_activations(fresh, nn.SiLU, CHANNEL, unshare=True, example=torch.ones(1, 3))
    assert [m.channels for m in activations(fresh)] == [4, 5]


def test_unsharing_keeps_parameters_of_the_whole_net_one() -> None:
    model = Shared()
    replace_activations(model, nn.SiLU, parse("a[network] * x + b"), unshare=True)
    first, second = activations(model)
    assert first.get_parameter("a") is second.get_parameter("a")
    assert first.get_parameter("b") is not second.get_parameter("b")


def test_a_repeat_changes_nothing_and_a_dry_run_neither() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2), nn.ReLU())
    before = list(model)
    assert len(replace_activations(model, nn.ReLU, SWISH, dry_run=True).replaced) == 2
    assert all(a is b for a, b in zip(model, before, strict=True))
    replace_activations(model, nn.ReLU, SWISH)
    learned = list(model)
    for which in (nn.ReLU, "*", Activation, lambda name, module: True):
        if callable(which) and not isinstance(which, type):
            continue
        report = replace_activations(model, which, SWISH)
        assert (report.replaced, report.already) == ((), ("1", "3"))
    assert all(a is b for a, b in zip(model, learned, strict=True))


def test_undo_puts_back_the_very_modules() -> None:
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
    state = [list(vars(layer).items()) for layer in model.layers]
    report = replace_activations(model, nn.ReLU, SWISH)
    assert len(activations(model)) == 2
    report.undo()
    report.undo()
    assert [layer.activation for layer in model.layers] == [F.relu, F.relu]
    assert [dict(vars(layer)) for layer in model.layers] == [dict(items) for items in state]
    assert model.use_nested_tensor
    first = replace_activations(model, nn.ReLU, SWISH)
    replace_activations(model, Activation, parse("sin(x)"))
    with pytest.raises(CandidateError, match="has been replaced since"):
        first.undo()


@pytest.mark.parametrize("activation", [F.relu, "gelu", nn.ReLU()])
def test_a_transformer_takes_a_padding_mask_in_eval_mode(activation: Any) -> None:
    layer = nn.TransformerEncoderLayer(
        8, 2, 16, dropout=0.0, activation=activation, batch_first=True
    )
    model = nn.TransformerEncoder(layer, 2)
    replace_activations(model, (nn.ReLU, nn.GELU), parse("sin(beta * x)"))
    x, mask = torch.randn(2, 5, 8), torch.zeros(2, 5, dtype=torch.bool)
    mask[0, 3:] = True
    trained = model.train()(x, src_key_padding_mask=mask)
    with torch.no_grad():
        tested = model.eval()(x, src_key_padding_mask=mask)
    torch.testing.assert_close(tested[~mask], trained[~mask].detach())


def test_hooks_of_a_replaced_module_stay_and_their_handles_remove_them() -> None:
    model, seen = nn.Sequential(nn.Linear(2, 2), nn.ReLU()), []
    handle = model[1].register_forward_hook(lambda *_: seen.append("after"))
    model[1].register_forward_pre_hook(lambda *_: seen.append("before"))
    model[1].register_full_backward_hook(lambda *_: seen.append("back"))
    replace_activations(model, nn.ReLU, SWISH)
    model(torch.ones(1, 2)).sum().backward()
    assert seen == ["before", "after", "back"]
    handle.remove()
    model(torch.ones(1, 2))
    assert seen == ["before", "after", "back", "before"]


def test_lazy_layers_stay_lazy_and_their_channels_are_known() -> None:
    model = nn.Sequential(nn.LazyLinear(6), nn.ReLU(), nn.LazyLinear(2))
    state = torch.get_rng_state()
    replace_activations(model, nn.ReLU, CHANNEL, example=torch.ones(1, 3))
    assert activations(model)[0].channels == 6
    assert torch.equal(torch.get_rng_state(), state)
    assert isinstance(model[0], nn.LazyLinear)
    assert model(torch.ones(1, 3)).shape == (1, 2)


class GELU(nn.Module):
    """Of the name of torch's, as timm has one."""

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(x)


def test_a_class_of_the_same_name_is_told_apart() -> None:
    model = nn.Sequential(nn.Linear(2, 2), GELU())
    with pytest.raises(CandidateError, match=r"no module of the kind GELU; it has Linear, .*GELU"):
        replace_activations(model, nn.GELU, SWISH)
    with pytest.raises(CandidateError, match="a class of its own; to replace it, choose that"):
        replace_activations(model, "*", SWISH)
    assert len(replace_activations(model, GELU, SWISH).replaced) == 1


def test_the_model_itself_is_refused_with_what_to_do() -> None:
    with pytest.raises(CandidateError, match=r"nothing holds it.*use candidate\.module\(\)"):
        replace_activations(nn.ReLU(), nn.ReLU, SWISH)


@pytest.mark.parametrize(
    ("which", "message"),
    [
        (nn.ReLU(), "pass the class ReLU and not an instance"),
        (F.relu, r"pass the class nn\.ReLU and not the function"),
        ([nn.ReLU], "several in a tuple"),
        (int, "is a class of modules"),
    ],
)
def test_what_is_no_choice_says_what_to_pass(which: Any, message: str) -> None:
    with pytest.raises(CandidateError, match=message):
        replace_activations(nn.Sequential(nn.ReLU()), which, SWISH)


class OfTheClass(nn.Module):
    """Two activations that named_modules() does not show."""

    act = nn.SiLU()

    def __init__(self) -> None:
        super().__init__()
        self.relu, self.more = nn.ReLU(), [nn.Tanh()]

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.more[0](self.act(self.relu(x)))
        return out


def test_what_no_module_holds_is_reported() -> None:
    report = replace_activations(OfTheClass(), nn.ReLU, SWISH)
    assert [(p.name, p.kind) for p in report.left] == [("act", "SiLU"), ("more", "Tanh")]


def test_containers_of_every_kind_are_looked_into() -> None:
    model = nn.ModuleDict(
        {
            "a": nn.ModuleList([nn.ReLU(inplace=True)]),
            "b": Conv2dNormActivation(3, 4),
            "c": nn.ModuleDict({"act": nn.ReLU6()}),
        }
    )
    report = replace_activations(model, (nn.ReLU, nn.ReLU6), SWISH)
    assert [p.name for p in report.replaced] == ["a.0", "b.2", "c.act"]


@pytest.mark.heavy
@pytest.mark.parametrize("candidate", [SWISH, CHANNEL])
def test_a_network_with_candidates_is_traced_scripted_and_gives_features(candidate: Any) -> None:
    model = mobilenet_v3_small().eval()
    replace_activations(model, nn.Hardswish, candidate, example=IMAGE)
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    expected = model(x)
    torch.testing.assert_close(torch.fx.symbolic_trace(model)(x), expected)
    features = create_feature_extractor(model, ["features.0", "classifier"])(x)
    torch.testing.assert_close(features["classifier"], expected)
    before = copy.deepcopy(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch 2.14 calls TorchScript deprecated
        scripted = torch.jit.script(model)
    torch.testing.assert_close(scripted(x), expected)
    assert [type(m) for m in model.modules()] == [type(m) for m in before.modules()]
