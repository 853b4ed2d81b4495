"""A candidate takes the places of a network's activations, all of them and nothing else."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from actsearch.space import (
    Activation,
    CandidateError,
    parse,
    replace_activations,
)
from actsearch.space.modules.places import Which


class Net(nn.Module):
    """Two convolutions and a linear layer; one ReLU has two places, the last layer has a Tanh."""

    def __init__(self) -> None:
        super().__init__()
        shared = nn.ReLU()
        self.body = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), shared, nn.Conv2d(4, 4, 3), shared
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.body(x))
        return out


IMAGES = torch.linspace(-1, 1, 2 * 64).reshape(2, 1, 8, 8)


def activations(model: nn.Module) -> list[Activation]:
    return [m for m in model.modules() if isinstance(m, Activation)]


def test_every_place_of_a_type_is_replaced_and_nothing_else() -> None:
    net = Net()
    before = copy.deepcopy(net)(IMAGES)
    assert len(replace_activations(net, nn.ReLU, parse("relu(x)")).replaced) == 2
    torch.testing.assert_close(net(IMAGES), before)
    assert not any(isinstance(m, nn.ReLU) for m in net.modules())
    assert isinstance(net.head[2], nn.Tanh)


def test_a_tuple_of_types_replaces_each() -> None:
    net = Net()
    assert (
        len(replace_activations(net, (nn.ReLU, nn.Tanh), parse("x * sigmoid(beta * x)")).replaced)
        == 3
    )
    assert net(IMAGES).shape == (2, 8)
    assert not any(isinstance(m, nn.ReLU | nn.Tanh) for m in net.modules())


def test_a_module_in_two_places_stays_one_and_others_get_their_own() -> None:
    net = Net()
    replace_activations(net, (nn.ReLU, nn.Tanh), parse("beta * x"))
    assert net.body[2] is net.body[4]
    assert net.body[2] is not net.head[2]
    assert len(activations(net)) == 2
    betas = [m.get_parameter("beta") for m in activations(net)]
    assert betas[0] is not betas[1]


def test_network_parameters_are_one_tensor_for_the_whole_net() -> None:
    mlp = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU())
    replace_activations(mlp, nn.ReLU, parse("a[network] * x + b * x ** 2"))
    first, second = activations(mlp)
    assert first.get_parameter("a") is second.get_parameter("a")
    assert first.get_parameter("b") is not second.get_parameter("b")
    assert sum(p.numel() for p in mlp.parameters()) == 20 + 24 + 1 + 2
    mlp(torch.ones(2, 3)).sum().backward()


def test_channel_parameters_get_the_count_of_each_place_from_an_example() -> None:
    net = Net().train()
    net.head.eval()
    state = copy.deepcopy(net.state_dict())
    replace_activations(net, (nn.ReLU, nn.Tanh), parse("a[channel] * x"), example=IMAGES)
    assert [m.channels for m in activations(net)] == [4, 8]
    net(IMAGES).sum().backward()
    for name, value in state.items():  # the pass over the example has left no trace
        if not name.startswith("body.1."):
            assert torch.equal(net.state_dict()[name], value)
    assert net.body[1].num_batches_tracked == 1  # from the call above, in train mode
    assert (net.body.training, net.head[0].training) == (True, False)


def test_channels_of_tokens_are_the_last_dimension() -> None:
    block = nn.Sequential(nn.Linear(6, 10), nn.GELU(), nn.Linear(10, 6))
    swish, tokens = parse("x * sigmoid(beta[channel] * x)"), torch.ones(2, 7, 6)
    replace_activations(block, nn.GELU, swish, example=tokens, channel_dim=-1)
    assert activations(block)[0].channels == 10
    assert block(tokens).shape == tokens.shape


def test_copies_have_the_models_dtype_and_mode() -> None:
    mlp = nn.Sequential(nn.Linear(3, 5), nn.ReLU()).double().eval()
    replace_activations(mlp, nn.ReLU, parse("beta * x"))
    (copied,) = activations(mlp)
    assert copied.get_parameter("beta").dtype == torch.float64
    assert not copied.training


def test_a_candidate_can_be_replaced_by_the_next_one() -> None:
    mlp = nn.Sequential(nn.Linear(3, 5), nn.ReLU())
    replace_activations(mlp, nn.ReLU, parse("beta * x"))
    assert len(replace_activations(mlp, Activation, parse("sin(x)")).replaced) == 1
    torch.testing.assert_close(mlp(torch.zeros(3)), mlp.get_parameter("0.bias").sin())


def test_nothing_to_replace_says_what_there_is() -> None:
    with pytest.raises(
        CandidateError, match=r"kind ReLU or Tanh; it has Flatten, Linear \(a call such as"
    ):
        replace_activations(
            nn.Sequential(nn.Flatten(), nn.Linear(2, 2)), (nn.ReLU, nn.Tanh), parse("x")
        )


def two_widths() -> nn.Module:
    shared = nn.ReLU()
    return nn.Sequential(nn.Linear(3, 5), shared, nn.Linear(5, 4), shared)


class Idle(nn.Module):
    """Has an activation that never runs."""

    def __init__(self) -> None:
        super().__init__()
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return x


@pytest.mark.parametrize(
    ("model", "example", "message"),
    [
        (two_widths(), None, "pass example=<an input of the model>"),
        (two_widths(), torch.ones(2, 3), "gets 5 channels in one and 4 in another"),
        (two_widths(), torch.ones(3), "gets 5 channels in one and 4 in another"),
        (Idle(), torch.ones(2, 3), "1 of the activations did not run on the example"),
    ],
)
def test_channel_counts_that_cannot_be_known_are_said_so_and_nothing_is_replaced(
    model: nn.Module, example: Tensor | None, message: str
) -> None:
    with pytest.raises(CandidateError, match=message):
        replace_activations(model, nn.ReLU, parse("a[channel] * x"), example=example)
    assert not activations(model)
    assert not any(m._forward_pre_hooks for m in model.modules())


class Blocks(nn.Module):
    """Layers of blocks as torchvision writes them: one ReLU a block, in place, called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = nn.Sequential(Block(4), Block(4))
        self.layer2 = nn.Sequential(Block(4))
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.gate(self.layer2(self.layer1(x)))
        return out


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu(self.conv(self.relu(self.conv(x))) + x)
        return out


def places(model: nn.Module) -> list[str]:
    return [name for name, m in model.named_modules() if isinstance(m, Activation)]


def test_a_pattern_takes_the_activations_of_that_name_and_nothing_else() -> None:
    net = Blocks()
    assert len(replace_activations(net, "layer[13].*", parse("tanh(x)")).replaced) == 2
    assert places(net) == ["layer1.0.relu", "layer1.1.relu"]
    assert len(replace_activations(net, "*", parse("sin(x)")).replaced) == 3  # not the gate
    assert len(replace_activations(net, "gate", parse("sin(x)")).replaced) == 1
    assert isinstance(net.layer1[0].conv, nn.Conv2d)


def test_a_function_of_name_and_module_chooses_layer_by_layer() -> None:
    net = Blocks()
    modules: dict[str, nn.Module] = {}

    def second_blocks(name: str, module: nn.Module) -> bool:
        modules[name] = module
        return isinstance(module, nn.ReLU) and ".1." in name

    assert len(replace_activations(net, second_blocks, parse("tanh(x)")).replaced) == 1
    assert places(net) == ["layer1.1.relu"]
    assert modules["layer2.0.conv"] is net.layer2[0].conv


def test_a_pattern_may_take_one_place_of_a_module_that_has_two() -> None:
    net = Net()
    assert len(replace_activations(net, "body.4", parse("tanh(x)")).replaced) == 1
    assert isinstance(net.body[2], nn.ReLU)
    assert isinstance(net.body[4], Activation)


def test_a_block_that_calls_one_activation_twice_shares_its_parameters() -> None:
    net, swish = Blocks(), parse("x * sigmoid(beta[channel] * x)")
    x = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    assert len(replace_activations(net, nn.ReLU, swish, example=x).replaced) == 3
    net(x).sum().backward()
    assert [p.shape for p in net.parameters() if p.dim() == 1 and p.numel() == 4]
    assert all(m.get_parameter("beta").grad is not None for m in activations(net))


@pytest.mark.parametrize(
    ("which", "message"),
    [
        (
            "layer9.*",
            r"name like 'layer9\.\*'; there are layer1\.0\.relu, layer1\.1\.relu, layer2",
        ),
        (lambda name, module: False, "the function chose none of the model's modules"),
        (nn.GELU, "no module of the kind GELU; it has Conv2d, ReLU, Sigmoid"),
    ],
)
def test_where_nothing_fits_the_message_says_what_there_is_and_what_to_do(
    which: Which, message: str
) -> None:
    with pytest.raises(CandidateError, match=message) as caught:
        replace_activations(Blocks(), which, parse("tanh(x)"))
    assert "F.relu(x) in forward is no module: make an nn.ReLU()" in str(caught.value)


@pytest.mark.parametrize("before", [nn.ReLU(), nn.GELU()])
def test_a_transformer_layer_computes_the_candidate_in_eval_mode_too(before: nn.Module) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, activation=before, batch_first=True)
    x = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0))
    replace_activations(layer, type(before), parse("sin(3 * x)"))
    trained = layer.train()(x)
    with torch.no_grad():  # where torch would take its fused path for ReLU and GELU
        torch.testing.assert_close(layer.eval()(x), trained.detach())
