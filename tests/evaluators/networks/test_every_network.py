"""Claims about every network that a recipe can name."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from actsearch.evaluators import (
    NETWORKS,
    RECIPES,
    Images,
    ImageSpec,
    Recipe,
    split,
    subset,
)
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.members import Member
from actsearch.evaluators.training.sequential import SequentialTraining
from actsearch.space import Activation, parse

CPU = torch.device("cpu")
GREY, COLOUR = ImageSpec(), ImageSpec((3, 32, 32), 7)
SHIPPED = {name: RECIPES["quick" if name == "mlp" else name] for name in NETWORKS}
PARAMETERS = {
    # 784-256-192-128-64-10
    "mlp": 283_914,
    "conv": 9_122,
    # He et al. 2016, table 6: 0.27 million (at three colours)
    "resnet20": 269_434,
    # patches 16 * 64 + 64; a block 4 * 64 + 4 * 64**2 + 8 * 64**2 + 9 * 64; norm 128; head 650
    "vit": 301_770,
}
PLACES = {"mlp": 4, "conv": 2, "resnet20": 19, "vit": 6}
SMALL = {
    "mlp": Recipe(widths=(24, 16)),
    "conv": Recipe(network="conv", widths=(4, 8)),
    "resnet20": Recipe(network="resnet20", widths=(4, 8, 16)),
    "vit": Recipe(network="vit", widths=(32, 32)),
}
every_network = pytest.mark.parametrize("name", NETWORKS)


def net(name: str, text: str = "relu(x)", seed: int = 0, spec: ImageSpec = GREY) -> nn.Module:
    return SMALL[name].build(parse(text), seed, spec)


def weights(module: nn.Module) -> dict[str, Tensor]:
    """All parameters but those of activations."""
    learned = {p for m in module.modules() if isinstance(m, Activation) for p in m.parameters()}
    return {name: p.detach() for name, p in module.named_parameters() if p not in learned}


def places(module: nn.Module) -> list[Activation]:
    return [m for m in module.modules() if isinstance(m, Activation)]


@every_network
def test_flat_images_become_scores_of_classes(name: str) -> None:
    for spec in (GREY, COLOUR):
        assert net(name, spec=spec)(torch.zeros(3, spec.inputs)).shape == (3, spec.classes)


@every_network
def test_the_shipped_one_has_as_many_parameters_as_published(name: str) -> None:
    module = SHIPPED[name].build(parse("relu(x)"), 0, GREY)
    assert sum(p.numel() for p in module.parameters()) == PARAMETERS[name]
    assert len(places(module)) == PLACES[name]


@every_network
def test_no_place_is_left_without_the_candidate(name: str) -> None:
    module = net(name, "tanh(a[channel] * x) + b * x")
    assert not [m for m in module.modules() if isinstance(m, nn.Identity | nn.ReLU | nn.GELU)]
    images = torch.randn(8, 784, generator=torch.Generator().manual_seed(0))
    scores = module(images)
    assert scores.isfinite().all()
    for place in places(module):  # without its values the scores are others, by far
        silenced = place.register_forward_hook(lambda _place, _inputs, values: 0 * values)
        assert not torch.allclose(module(images), scores, rtol=0.01)
        silenced.remove()
    assert torch.equal(module(images), scores)


@every_network
def test_every_candidate_starts_from_one_draw_up_to_its_gain(name: str) -> None:
    first, second = weights(net(name, "3 * x * sigmoid(x)")), weights(net(name, "tanh(x)"))
    assert list(first) == list(second)
    for key, tensor in first.items():
        ratio = tensor[second[key] != 0] / second[key][second[key] != 0]
        if len(ratio):
            torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio))
    plain = dataclasses.replace(SMALL[name], moment_init=False)
    without = [weights(plain.build(parse(t), 0, GREY)) for t in ("tanh(x)", "3 * relu(x)")]
    assert all(map(torch.equal, without[0].values(), without[1].values()))


Layers = list[nn.Linear | nn.Conv2d]


def around(name: str, module: nn.Module) -> tuple[Layers, Layers]:
    """The layers with weights right before a place, and those right after one."""
    named = {n: m for n, m in module.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)}
    layers = list(named.values())
    if name != "vit":
        return layers[:-1], layers[1:]
    before, after = ([m for n, m in named.items() if n.endswith(end)] for end in ("rise", "fall"))
    return before, after


@pytest.mark.parametrize("name", [name for name, made in NETWORKS.items() if made.mirrors_alike])
@pytest.mark.parametrize(
    ("inside", "outside", "image"),
    [
        (-1, 1, "silu(-x) + 0.3 * cos(x)"),
        (1, -1, "-(silu(x) + 0.3 * cos(x))"),
        (-1, -1, "-(silu(-x) + 0.3 * cos(x))"),
    ],
)
def test_weights_of_the_other_sign_make_a_function_its_mirror_image(
    name: str, inside: int, outside: int, image: str
) -> None:
    module, mirror = net(name, "silu(x) + 0.3 * cos(x)"), net(name, image)
    mirror.load_state_dict(module.state_dict())
    before, after = around(name, mirror)
    with torch.no_grad():
        for layer in before:
            for parameter in layer.parameters():
                parameter.mul_(inside)
        for layer in after:
            layer.weight.mul_(outside)
    images = torch.randn(8, 784, generator=torch.Generator().manual_seed(0))
    scores = module(images)
    assert not torch.allclose(scores, net(name, image)(images), rtol=0.01)
    torch.testing.assert_close(mirror(images), scores, rtol=1e-4, atol=1e-5)


@every_network
def test_the_seed_decides_the_weights_and_leaves_the_global_generator_as_found(name: str) -> None:
    before = torch.get_rng_state()
    first, again, other = (weights(net(name, seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(map(torch.equal, first.values(), again.values()))
    # Only biases and norms, which start at 0 and 1, are alike.
    for key, tensor in first.items():
        assert torch.equal(tensor, other[key]) == (len(tensor.unique()) == 1), key


@every_network
def test_a_parameter_of_the_network_is_one_tensor_one_of_a_layer_its_own(name: str) -> None:
    activations = places(net(name, "a[network] * x + b * x"))
    assert len({id(place.a) for place in activations}) == 1
    assert len({id(place.b) for place in activations}) == len(activations)


@pytest.mark.parametrize("name", ["conv", "resnet20"])  # an MLP and a ViT have none over images
def test_building_it_shows_no_norm_an_image(name: str) -> None:
    norms = [m for m in net(name, "a[channel] * x").modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms
    for norm in norms:
        assert norm.num_batches_tracked is not None
        assert int(norm.num_batches_tracked) == 0
        assert norm.training


@every_network
def test_it_learns(name: str, images: Images) -> None:
    recipe = dataclasses.replace(
        SMALL[name],
        limit=380,
        validation=60,
        rungs=(4,),
        warmup=2,
        batch_size=32,
        learning_rate=5e-3,
    )
    train, validation = split(subset(images, 380), validation=60, seed=0)
    sets = DataSplits.on(CPU, None, train, validation)
    members = [Member(parse("x * sigmoid(beta * x)"), 0)]
    (progress,) = SequentialTraining(recipe.build, members, recipe, sets).advance(4)
    assert progress.train_losses[-1] < 0.75 * progress.train_losses[0]
    assert len(progress.learned["beta"]) == len(places(net(name)))
