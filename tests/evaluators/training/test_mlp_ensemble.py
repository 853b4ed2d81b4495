"""An MlpEnsemble trains each member as if alone: as plain torch would, and to the last bit.

The second is promised for CPUs and one thread; torch's kernels do not say it, so it is tested over
widths and batches that leave the widest vector instructions a rest.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence

import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor, nn

from actsearch.evaluators import (
    FinalScore,
    Images,
    MemberProgress,
    Recipe,
    split,
    subset,
)
from actsearch.evaluators.data.datasets import FASHION_MNIST
from actsearch.evaluators.networks.init import initial_weights, weight_gain
from actsearch.evaluators.protocol.divergence import diverged
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.members import Member, members_of
from actsearch.evaluators.training.mlp_ensemble import MlpEnsemble
from actsearch.space import parse

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = torch.device("cpu")
TEXTS = (
    "relu(x)",
    "x * sigmoid(beta * x)",
    "mish(x)",
    "mish(x)",
    "max(x, 0) + a[channel]=0.25 * min(x, 0)",
    "gelu(x)",
    "c[network]=0.7 * sin(x)",
    "a=0.5 * x + b[channel]=2 * tanh(c[network] * x)",
    "erf(x)",
)
SMALL = Recipe(limit=700, validation=101, rungs=(1, 2, 3), warmup=4, batch_size=64)
# 599 training images: the last batch of 64 has 23, of 97 has 17, of 26 and of 2 has one
ODD = dataclasses.replace(SMALL, widths=(50, 33))
RECIPES = {
    "published": SMALL,
    "odd": ODD,
    "odd, batches of 97": dataclasses.replace(ODD, batch_size=97),
    "odd, one image left over": dataclasses.replace(ODD, batch_size=26),
    "pairs": dataclasses.replace(ODD, batch_size=2, limit=160),
    "narrow": dataclasses.replace(SMALL, widths=(4, 5, 7), batch_size=30),
    "default weights, decay": dataclasses.replace(ODD, moment_init=False, weight_decay=0.1),
}


@dataclasses.dataclass
class Parts:
    """Training and validation images of a recipe."""

    images: Images

    def start(self, texts: Sequence[str], recipe: Recipe, seed: int = 3) -> MlpEnsemble:
        candidates = [parse(text) for text in texts]
        return self.ensemble(members_of(candidates, recipe, seed), recipe)

    def ensemble(self, members: Sequence[Member], recipe: Recipe) -> MlpEnsemble:
        return MlpEnsemble(members, recipe, self.sets(recipe))

    def sets(self, recipe: Recipe) -> DataSplits:
        """With the validation images as test images too."""
        assert recipe.limit is not None
        chosen = subset(self.images, recipe.limit)
        train, validation = split(chosen, validation=recipe.validation, seed=recipe.split_seed)
        return DataSplits.on(CPU, None, train, validation, validation)


@pytest.fixture(scope="module")
def parts(images: Images) -> Parts:
    return Parts(images)


def numbers(training: MlpEnsemble, k: int) -> list[Tensor]:
    """Every learned number of member k, padding included: weights, biases, activations."""
    weights = [w[k] for w in (*training._weights, *training._biases)]
    learned = [t for layer in training._activations._members[k].layers for t in layer]
    return [tensor.detach() for tensor in (*weights, *learned)]


def same(first: MlpEnsemble, i: int, second: MlpEnsemble, k: int) -> bool:
    return all(map(torch.equal, numbers(first, i), numbers(second, k)))


def plain(training: MlpEnsemble, k: int, recipe: Recipe, text: str) -> nn.Sequential:
    """Member k as torch's own modules, from where its weights are now; takes [B, 784]."""
    sizes = (784, *recipe.widths, 10)
    layers: list[nn.Module] = []
    for i, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
        linear = nn.Linear(fan_in, fan_out)
        with torch.no_grad():
            linear.weight.copy_(training._weights[i][k][: fan_in * fan_out].view(fan_out, fan_in))
            linear.bias.copy_(training._biases[i][k][:fan_out])
        layers += [linear, parse(text).module(channels=fan_out)]
    return nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_member_alone_and_among_others_is_equal_to_the_last_bit(
    parts: Parts, recipe: Recipe
) -> None:
    together = parts.start(TEXTS, recipe)
    progress = together.advance(2)
    for k, text in enumerate(TEXTS):
        alone = parts.start([text], recipe)
        assert alone.advance(2) == [progress[k]], text
        assert same(alone, 0, together, k), text


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_neighbours_that_leave_change_no_bit(parts: Parts, recipe: Recipe) -> None:
    # Which needs the optimiser's state to be carried along, and the layout not to matter.
    uncut, cut = parts.start(TEXTS, recipe), parts.start(TEXTS, recipe)
    progress = uncut.advance(3)
    cut.advance(1)
    cut.keep([1, 3, 4, 6, 7])
    cut.advance(2)
    cut.keep([0, 4])
    assert cut.advance(3) == [progress[1], progress[7]]
    assert same(cut, 0, uncut, 1)
    assert same(cut, 1, uncut, 7)


def test_place_and_company_change_no_bit(parts: Parts) -> None:
    first, second = parts.start(TEXTS, ODD), parts.start([*reversed(TEXTS), "relu(x)"], ODD)
    assert list(reversed(second.advance(1)[:-1])) == first.advance(1)


def test_copies_of_one_candidate_are_equal_to_the_last_bit(parts: Parts) -> None:
    for recipe in (ODD, SMALL):
        training = parts.start(["mish(x)"] * 4, recipe)
        progress = training.advance(2)
        assert progress == [progress[0]] * 4


@pytest.mark.parametrize("text", ["relu(x)", "mish(x)"])
def test_a_diverging_neighbour_changes_no_bit(parts: Parts, text: str) -> None:
    training = parts.start([text, "exp(exp(square(x)))", text, "a * exp(exp(square(x)))"], ODD)
    alone = parts.start([text], ODD)
    progress, expected = training.advance(2), alone.advance(2)
    assert [progress[0], progress[2]] == expected * 2
    assert progress[1].reason == "training loss is nan in epoch 1"
    assert progress[3].reason is not None
    training.keep([0, 2])
    assert training.advance(3) == alone.advance(3) * 2


def test_rungs_are_prefixes_of_the_full_run(parts: Parts) -> None:
    stepwise, straight = parts.start(TEXTS, SMALL), parts.start(TEXTS, SMALL)
    first, _, last = stepwise.advance(1), stepwise.advance(2), stepwise.advance(3)
    assert straight.advance(3) == last
    for before, after in zip(first, last, strict=True):
        assert after.train_losses[:1] == before.train_losses
        assert len(after.train_losses) == 3


def test_a_rung_that_is_reached_is_not_trained_again(parts: Parts) -> None:
    training = parts.start(["relu(x)"], SMALL)
    assert training.advance(1) == training.advance(1)


@pytest.mark.parametrize("text", TEXTS[:2] + TEXTS[4:8])
@pytest.mark.parametrize("gain", [True, False])
def test_a_member_is_a_plain_network_trained_by_adamw(parts: Parts, text: str, gain: bool) -> None:
    recipe = dataclasses.replace(ODD, moment_init=gain, weight_decay=0.1)
    training = parts.start(["tanh(x)", text], recipe)
    net = plain(training, 1, recipe, text)
    shared: dict[str, nn.Parameter] = {}
    for module in net[1::2]:
        for parameter in parse(text).parameters:
            if parameter.granularity == "network":
                tensor = getattr(module, parameter.name)
                setattr(module, parameter.name, shared.setdefault(parameter.name, tensor))
    decaying = [layer.weight for layer in net[::2] if isinstance(layer, nn.Linear)]
    rest = [p for p in net.parameters() if all(p is not weight for weight in decaying)]
    optimizer = torch.optim.AdamW(
        [{"params": decaying, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}],
        lr=recipe.learning_rate,
    )
    steps = 10  # an epoch: 599 images, 64 at a time
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 5) * (1 - step / (3 * steps))
    )
    epoch_losses = []
    for epoch in (1, 2):
        total = 0.0
        for x, labels in parts.sets(recipe).train.shuffled(64, 3, epoch):
            loss = F.cross_entropy(net(x), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(labels)
        epoch_losses.append(total / 599)
    progress = training.advance(2)[1]
    # float32 sums in another order: 20 steps of Adam leave differences of about 1e-5
    assert progress.train_losses == pytest.approx(epoch_losses, rel=1e-4)
    after = plain(training, 1, recipe, text)
    for member, linear in zip(after[::2], net[::2], strict=True):
        torch.testing.assert_close(member.state_dict(), linear.state_dict(), rtol=0, atol=2e-4)
    for parameter in parse(text).parameters:
        values = [float(getattr(m, parameter.name).detach().mean()) for m in net[1::2]]
        count = 1 if parameter.granularity == "network" else None
        assert progress.learned[parameter.name] == pytest.approx(values[:count], abs=1e-4)
    validation = parts.sets(recipe).validation
    x = (validation.pixels / 255 - FASHION_MNIST.mean[0]) / FASHION_MNIST.std[0]
    with torch.no_grad():
        loss = F.cross_entropy(after_with_activations(after, net)(x), validation.labels)
    assert progress.val_loss == pytest.approx(loss.item(), rel=1e-4)


def after_with_activations(after: nn.Sequential, net: nn.Sequential) -> nn.Sequential:
    """Our linear layers with the plain network's learned activations between them."""
    return nn.Sequential(*[net[i] if i % 2 else after[i] for i in range(len(net))])


def test_accuracy_is_the_share_of_largest_scores(parts: Parts) -> None:
    training = parts.start(["relu(x)", "tanh(x)"], SMALL)
    progress = training.advance(1)
    validation = parts.sets(SMALL).validation
    x = (validation.pixels / 255 - FASHION_MNIST.mean[0]) / FASHION_MNIST.std[0]
    tests = training.test()  # on the same images here
    for k, text in enumerate(("relu(x)", "tanh(x)")):
        right = plain(training, k, SMALL, text)(x).argmax(1) == validation.labels
        assert progress[k].val_accuracy == int(right.sum()) / 101
        assert tests[k] == FinalScore(
            test_accuracy=progress[k].val_accuracy, test_correct=bytes(right.tolist())
        )


def test_initial_weights_without_gain_are_those_of_linear(parts: Parts) -> None:
    training = parts.start(["relu(x)"], dataclasses.replace(SMALL, moment_init=False), seed=11)
    net = plain(training, 0, SMALL, "relu(x)")
    torch.manual_seed(0)
    for layer in net[::2]:
        assert isinstance(layer, nn.Linear)
        reference = nn.Linear(layer.in_features, layer.out_features)
        bound = 1 / math.sqrt(layer.in_features)
        for a, b in ((layer.weight, reference.weight), (layer.bias, reference.bias)):
            assert a.abs().max() <= bound
            # Of ten comparisons, one in 1e5 draws of seeds would fail; these seeds are fixed.
            assert stats.ks_2samp(a.detach().flatten(), b.detach().flatten()).pvalue > 1e-6


@pytest.mark.parametrize("text", ["relu(x)", "tanh(x)", "x * sigmoid(x)", "sin(3 * x)", "abs(x)"])
def test_gain_keeps_the_second_moment_of_signals_at_1(parts: Parts, text: str) -> None:
    recipe = dataclasses.replace(SMALL, widths=(512,) * 6)
    training = parts.start(["erf(x)", text], recipe)
    net = plain(training, 1, recipe, text)
    generator = torch.Generator().manual_seed(0)
    signal = torch.randn(256, 784, generator=generator)
    with torch.no_grad():
        for layer in net[:-1]:
            signal = layer(signal)
            if isinstance(layer, nn.Linear):
                # A layer of 512 adds about 6 % of noise; without gain, six of ReLU leave 1/64.
                assert 0.6 < signal.square().mean().item() < 1.6


def test_all_members_start_from_one_draw_scaled_by_their_gain(parts: Parts) -> None:
    candidates, sizes = [parse("relu(x)"), parse("tanh(x)")], (784, *SMALL.widths, 10)
    layers = initial_weights(candidates, [3, 3], sizes, moment_init=True)
    (first, *deeper), biases = zip(*layers, strict=True)
    ratio = weight_gain(parse("relu(x)")) / weight_gain(parse("tanh(x)"))
    assert torch.equal(first[0], first[1]), "the input is common to all"
    for weight in deeper:
        torch.testing.assert_close(weight[0], weight[1] * ratio)
    assert not any(bias.any() for bias in biases)


def test_the_seed_decides_weights_and_order_and_the_global_generator_nothing(
    parts: Parts,
) -> None:
    def run(seed: int, noise: int) -> list[MemberProgress]:
        torch.manual_seed(noise)
        before = torch.get_rng_state()
        progress = parts.start(["relu(x)"], SMALL, seed).advance(1)
        assert torch.equal(torch.get_rng_state(), before)
        return progress

    assert run(5, 0) == run(5, 1)
    assert run(5, 0) != run(6, 0)


def test_training_learns(parts: Parts) -> None:
    members = parts.start(["relu(x)", "x * sigmoid(beta * x)"], SMALL).advance(3)
    for progress in members:
        assert progress.val_accuracy > 0.5  # 10 classes: chance is 0.1
        assert list(progress.train_losses) == sorted(progress.train_losses, reverse=True)
    assert members[1].learned["beta"] != (1.0,) * 4


def test_without_test_images_there_is_no_test(parts: Parts) -> None:
    sets = dataclasses.replace(parts.sets(SMALL), test=None)
    training = MlpEnsemble([Member(parse("relu(x)"), 3)], SMALL, sets)
    with pytest.raises(ValueError, match="was given no test images"):
        training.test()


NOT_A_NUMBER: Mapping[str, tuple[tuple[float, ...], float, str | None]] = {
    "finite": ((2.0, 1.0), 1.0, None),
    "first": ((2.0, math.nan, math.inf), 1.0, "training loss is nan in epoch 2"),
    "infinite": ((math.inf,), 1.0, "training loss is inf in epoch 1"),
    "validation": ((2.0, 1.0), math.nan, "validation loss is nan after epoch 2"),
}


@pytest.mark.parametrize(("train", "loss", "reason"), NOT_A_NUMBER.values(), ids=NOT_A_NUMBER)
def test_divergence_names_the_first_loss_that_is_not_finite(
    train: tuple[float, ...], loss: float, reason: str | None
) -> None:
    assert diverged(train, loss, {"beta": (1.0, 0.5)}) == reason


def test_a_parameter_that_went_nan_is_named_with_its_layer() -> None:
    reason = diverged((0.5, math.nan), 0.4, {"a": (1.0, 1.0), "beta": (1.0, math.nan)})
    assert reason == "training loss is nan in epoch 2 (beta is nan in layer 2)"


STEPS = (0.3, 1.0, 3.0)


@pytest.mark.parametrize(
    "recipe",
    [
        ODD,
        dataclasses.replace(SMALL, moment_init=False, weight_decay=0.1),
        dataclasses.replace(SMALL, optimizer="sgd", momentum=0.9, learning_rate=0.05),
        dataclasses.replace(SMALL, optimizer="sgd", schedule="constant"),
    ],
    ids=["adamw", "decay", "momentum", "plain sgd"],
)
def test_seeds_and_step_sizes_side_by_side_are_what_they_are_alone(
    parts: Parts, recipe: Recipe
) -> None:
    texts = ("relu(x)", "x * sigmoid(beta * x)", "c[network]=0.7 * sin(x)")
    grid = dataclasses.replace(recipe, lr_multipliers=STEPS, seeds_per_score=2)
    members = members_of([parse(text) for text in texts], grid, 3)
    assert len(members) == 18
    together = parts.ensemble(members, grid)
    progress = together.advance(1)
    order = [17, 2, 9, 8, 4]  # as a cut would leave them
    together.keep(order)
    progress = together.advance(2)
    for position, k in enumerate(order):
        alone = parts.ensemble([members[k]], grid)
        assert alone.advance(2) == [progress[position]], members[k]
        assert same(alone, 0, together, position), members[k]
    assert len({p.train_losses for p in progress}) == len(progress)


def test_a_step_size_of_a_member_is_that_of_a_recipe_that_has_it(parts: Parts) -> None:
    thrice = dataclasses.replace(SMALL, learning_rate=3e-3)
    (progress,) = parts.ensemble([Member(parse("silu(x)"), 3, 3.0)], SMALL).advance(1)
    (expected,) = parts.ensemble([Member(parse("silu(x)"), 3)], thrice).advance(1)
    assert progress == expected


def test_a_member_that_diverges_at_a_large_step_leaves_the_small_ones_alone(parts: Parts) -> None:
    grid = dataclasses.replace(SMALL, optimizer="sgd", lr_multipliers=(1e6, 1.0))
    members = members_of([parse("x ** 2")], grid, 3)
    wild, tame = parts.ensemble(members, grid).advance(1)
    assert wild.reason is not None
    assert [tame] == parts.ensemble(members[1:], grid).advance(1)


def test_bfloat16_rounds_the_products_and_keeps_the_weights_float32(parts: Parts) -> None:
    texts = ("relu(x)", "x * sigmoid(beta * x)")
    coarse = parts.start(texts, dataclasses.replace(SMALL, precision="bfloat16"))
    fine = parts.start(texts, SMALL)
    for rounded, exact in zip(coarse.advance(3), fine.advance(3), strict=True):
        assert rounded.val_loss != exact.val_loss
        assert rounded.train_losses[-1] < rounded.train_losses[0]
        assert rounded.val_loss == pytest.approx(exact.val_loss, rel=0.1)
    for k in range(len(texts)):
        assert {tensor.dtype for tensor in numbers(coarse, k)} == {torch.float32}
