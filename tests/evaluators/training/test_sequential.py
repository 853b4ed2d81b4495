"""Networks trained one after another give what an ensemble gives: paired, independent, ordered."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from actsearch.evaluators import (
    RECIPES,
    Images,
    ImageSpec,
    MemberProgress,
    Recipe,
    split,
    subset,
)
from actsearch.evaluators.networks.init import initial_weights
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.members import BuildNet, members_of
from actsearch.evaluators.training.mlp_ensemble import MlpEnsemble
from actsearch.evaluators.training.sequential import SequentialTraining
from actsearch.space import Expression, parse

CPU = torch.device("cpu")
TEXTS = ("relu(x)", "x * sigmoid(beta[channel]=2 * x)", "a[network] * tanh(b * x)")
CONV = dataclasses.replace(
    RECIPES["conv"], limit=400, validation=80, rungs=(1, 2, 3), warmup=2, batch_size=32
)


@dataclasses.dataclass
class Parts:
    """Training and validation images of a recipe."""

    images: Images

    def sets(self, recipe: Recipe) -> DataSplits:
        assert recipe.limit is not None
        chosen = subset(self.images, recipe.limit)
        train, validation = split(chosen, validation=recipe.validation, seed=0)
        return DataSplits.on(CPU, None, train, validation)

    def start(
        self,
        texts: Sequence[str],
        recipe: Recipe = CONV,
        build: BuildNet | None = None,
        seed: int = 0,
    ) -> SequentialTraining:
        candidates = [parse(text) for text in texts]
        return SequentialTraining(
            build or recipe.build, members_of(candidates, recipe, seed), recipe, self.sets(recipe)
        )


@pytest.fixture(scope="module")
def parts(images: Images) -> Parts:
    return Parts(images)


def test_neighbours_change_no_bit(parts: Parts) -> None:
    together = parts.start(TEXTS)
    members = together.advance(2)
    for progress, text in zip(members, TEXTS, strict=True):
        assert parts.start([text]).advance(2) == [progress]


def test_neighbours_that_leave_change_no_bit(parts: Parts) -> None:
    uncut, cut = parts.start(TEXTS), parts.start(TEXTS)
    progress = uncut.advance(3)
    cut.advance(1)
    cut.keep([0, 2])
    cut.advance(2)
    cut.keep([1])
    assert cut.advance(3) == [progress[2]]


def test_a_diverging_neighbour_changes_no_bit(parts: Parts) -> None:
    progress = parts.start(["exp(exp(square(x)))", "relu(x)"]).advance(2)
    assert progress[0].reason == "training loss is nan in epoch 1"
    assert progress[1:] == parts.start(["relu(x)"]).advance(2)


def test_rungs_are_prefixes_of_the_full_run(parts: Parts) -> None:
    stepwise = parts.start(["relu(x)"])
    first, second = stepwise.advance(1)[0], stepwise.advance(2)[0]
    assert parts.start(["relu(x)"]).advance(2) == [second]
    assert second.train_losses[:1] == first.train_losses


def test_an_image_is_judged_without_regard_to_the_others(parts: Parts) -> None:
    # Batch norm must use what training has gathered, not the validation images themselves.
    built: list[nn.Module] = []

    def build(candidate: Expression, seed: int, spec: ImageSpec) -> nn.Module:
        built.append(CONV.build(candidate, seed, spec))
        return built[-1]

    (progress,) = parts.start(["relu(x)"], build=build).advance(1)
    scores, labels = [], []
    for x, label in parts.sets(CONV).validation.in_order():
        with torch.no_grad():
            scores += [built[0].eval()(image.unsqueeze(0)) for image in x]
        labels.append(label)
    alone, targets = torch.cat(scores), torch.cat(labels)
    assert progress.val_loss == pytest.approx(F.cross_entropy(alone, targets).item(), rel=1e-4)
    assert progress.val_accuracy == int((alone.argmax(1) == targets).sum()) / len(targets)


def test_learned_values_come_per_layer_or_once_for_the_net(parts: Parts) -> None:
    _, channel, mixed = parts.start(TEXTS).advance(1)
    assert {name: len(values) for name, values in channel.learned.items()} == {"beta": 2}
    assert {name: len(values) for name, values in mixed.learned.items()} == {"a": 1, "b": 2}
    assert channel.learned["beta"] != (2.0, 2.0)
    assert channel.learned["beta"] == pytest.approx((2.0, 2.0), abs=0.1)


def test_an_mlp_trained_this_way_is_the_ensembles(parts: Parts) -> None:
    recipe = Recipe(
        widths=(24, 16), limit=400, validation=80, rungs=(2,), warmup=3, weight_decay=0.1
    )
    members = members_of([parse(t) for t in TEXTS], recipe, 0)
    ensemble = MlpEnsemble(members, recipe, parts.sets(recipe))
    sizes = (784, *recipe.widths, 10)
    layers = initial_weights(
        [parse(t) for t in TEXTS], [0] * len(TEXTS), sizes, moment_init=recipe.moment_init
    )

    def build(candidate: Expression, _: int, __: ImageSpec) -> nn.Module:
        modules, shared = list[nn.Module](), dict[str, nn.Parameter]()
        for i, (weight, _bias) in enumerate(layers):
            linear = nn.Linear(sizes[i], sizes[i + 1])
            row = weight[[parse(t) for t in TEXTS].index(candidate)]
            with torch.no_grad():
                linear.weight.copy_(row[: linear.weight.numel()].view_as(linear.weight))
                linear.bias.zero_()
            activation = candidate.module(channels=sizes[i + 1])
            for parameter in candidate.parameters:
                if parameter.granularity == "network":
                    tensor = getattr(activation, parameter.name)
                    setattr(activation, parameter.name, shared.setdefault(parameter.name, tensor))
            modules += [linear, activation]
        return nn.Sequential(*modules[:-1])

    alone = parts.start(TEXTS, recipe, build).advance(2)
    for progress, together in zip(alone, ensemble.advance(2), strict=True):
        # float32 sums in another order
        assert progress.train_losses == pytest.approx(together.train_losses, rel=1e-4)
        assert progress.val_loss == pytest.approx(together.val_loss, rel=1e-3)
        for name, values in progress.learned.items():
            assert values == pytest.approx(together.learned[name], abs=1e-4)


def test_biases_norms_and_activation_parameters_do_not_decay(parts: Parts) -> None:
    # A first step of SGD at a rate of 1: what the decay adds to it is a part of the tensor.
    decay = dataclasses.replace(
        CONV, rungs=(1,), warmup=0, optimizer="sgd", learning_rate=1.0, batch_size=400
    )

    def stepped(weight_decay: float) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        built: list[nn.Module] = []
        before: list[dict[str, Tensor]] = []

        def build(candidate: Expression, seed: int, spec: ImageSpec) -> nn.Module:
            net = CONV.build(candidate, seed, spec)
            with torch.no_grad():
                for tensor in net.parameters():
                    tensor.add_(1)  # biases too would start at 0, where no decay is seen
            before.append({name: p.detach().clone() for name, p in net.named_parameters()})
            built.append(net)
            return net

        recipe = dataclasses.replace(decay, weight_decay=weight_decay)
        parts.start(["a[channel] * x + b * x"], recipe, build).advance(1)
        return before[0], dict(built[0].named_parameters())

    start, without = stepped(0.0)
    _, decayed = stepped(0.3)
    matrices = [name for name, tensor in start.items() if tensor.dim() > 1]
    assert len(matrices) == 3  # two convolutions and the head
    assert len(start) == 3 + 9  # two norms of two, one bias, two activations of two
    for name, tensor in start.items():
        expected = 0.3 * tensor if name in matrices else torch.zeros_like(tensor)
        torch.testing.assert_close(without[name] - decayed[name], expected)


def test_the_seed_decides_and_the_global_generator_nothing(parts: Parts) -> None:
    def run(seed: int, noise: int) -> list[MemberProgress]:
        torch.manual_seed(noise)
        before = torch.get_rng_state()
        progress = parts.start(["relu(x)"], seed=seed).advance(1)
        assert torch.equal(torch.get_rng_state(), before)
        return progress

    assert run(5, 0) == run(5, 1)
    assert run(5, 0) != run(6, 0)


def test_without_test_images_there_is_no_test(parts: Parts) -> None:
    with pytest.raises(ValueError, match="was given no test images"):
        parts.start(["relu(x)"]).test()
