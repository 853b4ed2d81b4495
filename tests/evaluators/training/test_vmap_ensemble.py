"""A VmapEnsemble trains each member as if it were alone, for every network."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from actsearch.evaluators import (
    Images,
    ImageSpec,
    MemberProgress,
    Recipe,
    split,
    subset,
)
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.members import BuildNet, Member, members_of
from actsearch.evaluators.training.sequential import SequentialTraining
from actsearch.evaluators.training.vmap_ensemble import VmapEnsemble
from actsearch.evaluators.training.vmap_modules import VmapModules
from actsearch.space import Expression, parse

CPU = torch.device("cpu")
TEXTS = (
    "relu(x)",
    "x * sigmoid(beta[channel]=2 * x)",
    "mish(x)",
    "mish(x)",
    "a[network] * tanh(b * x)",
)
START = Recipe(limit=112, validation=32, rungs=(1, 2, 3), warmup=2, batch_size=32)
RECIPES = {
    "mlp": dataclasses.replace(START, widths=(24, 16), weight_decay=0.1),
    "conv": dataclasses.replace(START, network="conv", widths=(4, 8), weight_decay=0.1),
    "resnet20": dataclasses.replace(START, network="resnet20", widths=(4, 8, 8)),
    "vit": dataclasses.replace(START, network="vit", widths=(16, 16)),
}
SLOW = pytest.param("resnet20", marks=pytest.mark.slow)  # its convolutions in float64
every_network = pytest.mark.parametrize("name", ["mlp", "conv", SLOW, "vit"])


class Precise(nn.Module):
    """A net in float64, so that two orders of summation agree where float32's do not for long:
    every epoch multiplies a difference by ten or more."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net.double()

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.net(x.double())
        return scores


def precise(recipe: Recipe) -> BuildNet:
    def build(candidate: Expression, seed: int, spec: ImageSpec) -> nn.Module:
        return Precise(recipe.build(candidate, seed, spec))

    return build


@dataclasses.dataclass
class Parts:
    """Training and validation images of a recipe."""

    images: Images

    def sets(self, recipe: Recipe) -> DataSplits:
        assert recipe.limit is not None
        chosen = subset(self.images, recipe.limit)
        train, validation = split(chosen, validation=recipe.validation, seed=0)
        return DataSplits.on(CPU, None, train, validation, validation)

    def ensemble(
        self, members: Sequence[Member], recipe: Recipe, build: BuildNet | None = None
    ) -> VmapEnsemble:
        build = build or precise(recipe)
        return VmapEnsemble(build, members, recipe, self.sets(recipe))

    def alone(self, members: Sequence[Member], recipe: Recipe) -> SequentialTraining:
        return SequentialTraining(precise(recipe), members, recipe, self.sets(recipe))


@pytest.fixture(scope="module")
def parts(images: Images) -> Parts:
    return Parts(images)


def texts(recipe: Recipe, seed: int = 0) -> list[Member]:
    return members_of([parse(text) for text in TEXTS], recipe, seed)


def assert_close(together: Sequence[MemberProgress], alone: Sequence[MemberProgress]) -> None:
    for progress, other in zip(together, alone, strict=True):
        # What is left is the loss in float32, and the moments of parameters near 0.
        assert progress.train_losses == pytest.approx(other.train_losses, rel=1e-5)
        assert progress.val_loss == pytest.approx(other.val_loss, rel=1e-5)
        assert progress.val_accuracy == other.val_accuracy
        assert list(progress.learned) == list(other.learned)
        for name, values in progress.learned.items():
            assert values == pytest.approx(other.learned[name], abs=1e-5)


@every_network
def test_a_member_among_others_is_the_net_alone(parts: Parts, name: str) -> None:
    recipe = RECIPES[name]
    together, alone = parts.ensemble(texts(recipe), recipe), parts.alone(texts(recipe), recipe)
    assert_close(together.advance(2), alone.advance(2))
    assert together.test() == alone.test()


@every_network
def test_in_float32_too_as_far_as_its_rounding_lets_it(parts: Parts, name: str) -> None:
    recipe = dataclasses.replace(RECIPES[name], learning_rate=1e-4)
    build, sets = recipe.build, parts.sets(recipe)
    together = VmapEnsemble(build, texts(recipe), recipe, sets).advance(1)
    alone = SequentialTraining(build, texts(recipe), recipe, sets).advance(1)
    for progress, other in zip(together, alone, strict=True):
        assert progress.train_losses == pytest.approx(other.train_losses, rel=1e-3)


@pytest.mark.parametrize("name", ["conv", pytest.param("vit", marks=pytest.mark.slow)])
def test_each_member_has_its_own_seed_and_step_size(parts: Parts, name: str) -> None:
    recipe = dataclasses.replace(RECIPES[name], lr_multipliers=(1.0, 3.0), seeds_per_score=2)
    # One candidate, whose parameters each member must have for itself all the same.
    members = members_of([parse("a[channel] * mish(x)")], recipe, 7)
    assert len(members) == 4
    together = parts.ensemble(members, recipe).advance(2)
    assert_close(together, parts.alone(members, recipe).advance(2))
    assert len({progress.train_losses for progress in together}) == 4


@pytest.mark.parametrize("name", ["conv", pytest.param("vit", marks=pytest.mark.slow)])
def test_members_that_leave_change_nothing(parts: Parts, name: str) -> None:
    recipe = RECIPES[name]
    uncut, cut = parts.ensemble(texts(recipe), recipe), parts.ensemble(texts(recipe), recipe)
    progress = uncut.advance(3)
    cut.advance(1)
    cut.keep([1, 3, 4])
    cut.advance(2)
    cut.keep([0, 2])
    assert_close(cut.advance(3), [progress[1], progress[4]])


def test_step_sizes_survive_a_cut(parts: Parts) -> None:
    recipe = dataclasses.replace(
        RECIPES["conv"], lr_multipliers=(1.0, 0.3), optimizer="sgd", momentum=0.9
    )
    members = members_of([parse("relu(x)"), parse("a[channel] * tanh(x)")], recipe, 0)
    uncut, cut = parts.ensemble(members, recipe), parts.ensemble(members, recipe)
    progress = uncut.advance(2)
    cut.advance(1)
    cut.keep([1, 3])
    assert_close(cut.advance(2), [progress[1], progress[3]])


@pytest.mark.parametrize("name", ["conv", "vit"])
def test_a_diverging_neighbour_changes_nothing(parts: Parts, name: str) -> None:
    recipe = RECIPES[name]
    texts = ("relu(x)", "exp(exp(square(x))) * exp(exp(square(10 * x)))", "tanh(x)")
    members = members_of([parse(text) for text in texts], recipe, 0)
    progress = parts.ensemble(members, recipe).advance(2)
    assert progress[1].reason == "training loss is nan in epoch 1"
    assert_close(
        [progress[0], progress[2]], parts.alone([members[0], members[2]], recipe).advance(2)
    )


def test_batch_norm_gathers_the_statistics_of_each_member() -> None:
    build = precise(RECIPES["conv"])
    nets = [build(parse(text), 0, ImageSpec()) for text in TEXTS]
    ensemble = VmapModules(nets)
    x = torch.randn(64, 784, generator=torch.Generator().manual_seed(0))
    ensemble.train(False)
    before = ensemble(x)
    ensemble.train(True)
    ensemble(x)
    ensemble.train(False)
    for net in nets:
        net.train()(x)
    expected = torch.stack([net.eval()(x) for net in nets])
    torch.testing.assert_close(ensemble(x), expected)
    assert (expected - before).abs().amax((1, 2)).min() > 0.01


def test_rungs_are_prefixes_of_the_full_run(parts: Parts) -> None:
    recipe = RECIPES["conv"]
    stepwise, straight = (
        parts.ensemble(texts(recipe), recipe),
        parts.ensemble(texts(recipe), recipe),
    )
    stepwise.advance(1)
    assert stepwise.advance(2) == straight.advance(2)


@every_network
def test_the_global_generator_decides_nothing(parts: Parts, name: str) -> None:
    before = torch.get_rng_state()
    parts.ensemble([Member(parse("relu(x)"), 0)], RECIPES[name]).advance(1)
    assert torch.equal(torch.get_rng_state(), before)


def test_an_activation_of_the_images_themselves_is_each_members_own(parts: Parts) -> None:
    def build(candidate: Expression, seed: int, spec: ImageSpec) -> nn.Module:
        generator = torch.Generator().manual_seed(seed)
        head = nn.utils.skip_init(nn.Linear, spec.inputs, spec.classes).double()
        nn.init.normal_(head.weight, std=0.01, generator=generator)
        nn.init.zeros_(head.bias)
        return Precise(nn.Sequential(candidate.module(), head))

    recipe = RECIPES["mlp"]
    members = members_of([parse("tanh(x)"), parse("a * x")], recipe, 0)
    alone = SequentialTraining(build, members, recipe, parts.sets(recipe)).advance(1)
    assert_close(parts.ensemble(members, recipe, build).advance(1), alone)


def test_without_test_images_there_is_no_test(parts: Parts) -> None:
    recipe = RECIPES["conv"]
    sets = dataclasses.replace(parts.sets(recipe), test=None)
    training = VmapEnsemble(recipe.build, [Member(parse("relu(x)"), 0)], recipe, sets)
    with pytest.raises(ValueError, match="was given no test images"):
        training.test()
