"""Any network and data: what is drawn, what is trained, and what is said of what cannot be used.

The contract of every evaluator runs on it too, in tests/contracts/test_evaluators.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import r2_score
from torch import Tensor, nn
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)

from actsearch.evaluators import (
    CandidateReport,
    EvaluatorError,
    Job,
    ModelEvaluator,
    OverAll,
    Recipe,
    r2,
)
from actsearch.evaluators.training.user_data import Samples
from actsearch.space import CandidateError

RECIPE = Recipe(name="little", rungs=(1, 2), batch_size=16, warmup=2)
X = torch.randn(70, 1, 6, 6, generator=torch.Generator().manual_seed(0))
Y = (X.mean((1, 2, 3)) > 0).long() + 2 * (X[:, 0, 0, 0] > 0).long()  # four classes
SWISH, CHANNELS = "x * sigmoid(beta * x)", "x * sigmoid(beta[channel] * x)"


class Net(nn.Module):
    """A convolution and a linear layer, each followed by an activation of its own name."""

    def __init__(self, classes: int = 4) -> None:
        super().__init__()
        self.conv, self.norm, self.act1 = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(True)
        self.drop, self.act2 = nn.Dropout(0.3), nn.ReLU()
        self.hidden, self.head = nn.Linear(48, 8), nn.Linear(8, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(self.act1(self.norm(self.conv(x))))
        out: Tensor = self.head(self.act2(self.hidden(x.flatten(1))))
        return out


class Bottleneck(nn.Module):
    """One activation object at two widths, as in torchvision's ResNet-50."""

    def __init__(self) -> None:
        super().__init__()
        self.narrow, self.wide, self.relu = nn.Linear(36, 4), nn.Linear(4, 8), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu(self.wide(self.relu(self.narrow(x.flatten(1)))))
        return out


class Functional(nn.Module):
    """Calls its activation as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(36, 4)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.head(x.flatten(1)))


class Noisy(Dataset[tuple[Tensor, int]]):
    """Samples that are augmented at random when they are fetched, with a list of targets."""

    def __init__(self, noise: float = 0.3) -> None:
        self.noise, self.targets, self.drawn = noise, Y.tolist(), 0

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        self.drawn += 1
        return X[index] + self.noise * torch.randn(1, 6, 6), self.targets[index]


class Stream(IterableDataset[tuple[Tensor, int]]):
    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        return iter([])


class Halves(Sampler[list[int]]):
    """Batches of the user's own making."""

    def __iter__(self) -> Iterator[list[int]]:
        return iter([list(range(35)), list(range(35, 70))])

    def __len__(self) -> int:
        return 2


class Shifted(Subset[Any]):
    """A part of a data set with a transform of its own, as is usual after a split."""

    def __getitem__(self, index: Any) -> tuple[Tensor, Tensor]:
        x, y = self.dataset[self.indices[index]]
        return x + 1, y

    def __getitems__(self, indices: list[int]) -> list[tuple[Tensor, Tensor]]:
        return [self[index] for index in indices]


class ShiftedTensors(TensorDataset):
    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return self.tensors[0][index] + 1, self.tensors[1][index]


class Named(Dataset[tuple[Tensor, dict[str, Tensor]]]):
    """Samples with two targets by name."""

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Tensor]]:
        return X[index], {"a": Y[index], "b": -Y[index]}


class Idle(Functional):
    """Has an activation, and calls a function in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.act = nn.ReLU()


def made(network: Callable[[], nn.Module] = Net, data: Any = (X, Y), **changes: Any) -> Any:
    return ModelEvaluator(network, data, **{"validation": 20, "recipe": RECIPE, **changes})


def ends(evaluator: ModelEvaluator, *texts: str, **settings: Any) -> list[CandidateReport]:
    """The end of each of these candidates, without halving."""
    recipe = settings.pop("recipe", evaluator.recipe)
    (only,) = evaluator.run(Job(texts, recipe, settings.pop("seed", 0), halving=False, **settings))
    return list(only.candidates)


def test_the_recipe_says_what_is_trained_and_no_shipped_one_has_its_digest() -> None:
    recipe = made().recipe
    assert (recipe.network, recipe.dataset, recipe.validation) == ("little", "own data", 20)
    assert recipe.moment_init is False
    assert recipe.evaluator.startswith("model-")
    assert made().recipe == recipe


@pytest.mark.parametrize(
    "changes",
    [
        {"network": lambda: Net(5)},
        {"data": (X[:60], Y[:60])},
        {"validation": 21},
        {"replace": "act1"},
        {"loss": F.multi_margin_loss},
        {"recipe": replace(RECIPE, batch_size=8)},
    ],
)
def test_another_network_data_or_measure_has_another_digest(changes: dict[str, Any]) -> None:
    assert made(**changes).recipe.digest != made().recipe.digest


def test_what_it_learns_is_told_for_each_activation() -> None:
    swish, channels, plain = ends(made(), SWISH, CHANNELS, "tanh(x)")
    assert [len(end.learned["beta"]) for end in (swish, channels)] == [2, 2]
    assert all(value != 1 for value in swish.learned["beta"])
    assert plain.learned == {}


def test_the_pattern_of_names_leaves_the_other_activations() -> None:
    (only,) = ends(made(replace="act[1]"), SWISH)
    assert len(only.learned["beta"]) == 1


def test_the_replaced_activation_itself_scores_as_the_network_does() -> None:
    everywhere, first_only = ends(made(), "relu(x)"), ends(made(replace="act1"), "relu(x)")
    assert everywhere == first_only, "act2 is nn.ReLU or relu(x)"


def test_augmentation_is_drawn_by_the_seed_and_is_the_same_for_all_candidates() -> None:
    evaluator = made(data=Noisy(), validation=(X[:20], Y[:20]))
    both, again = ends(evaluator, "tanh(x)", "sin(x)"), ends(evaluator, "sin(x)")
    assert replace(again[0], index=1) == both[1]
    assert ends(evaluator, "sin(x)", seed=1)[0].val_loss != again[0].val_loss
    assert ends(made(data=Noisy(0), validation=(X[:20], Y[:20])), "sin(x)")[0] != again[0]


def test_a_sample_is_fetched_once_for_all_candidates_of_a_job() -> None:
    data = Noisy()
    evaluator = made(data=data, validation=(X[:20], Y[:20]))
    data.drawn = 0
    ends(evaluator, "tanh(x)", "sin(x)", "cos(x)", "erf(x)")
    assert data.drawn == RECIPE.epochs * len(data)


@pytest.mark.parametrize(
    "data",
    [
        TensorDataset(X, Y),
        Subset(TensorDataset(torch.cat([X, X]), torch.cat([Y, Y])), range(70)),
        DataLoader(TensorDataset(X, Y), batch_size=4, shuffle=True),
        Noisy(0),
    ],
    ids=["tensors", "subset", "loader", "dataset"],
)
def test_the_same_samples_give_the_same_score_in_whatever_they_come(data: Any) -> None:
    assert ends(made(data=data), SWISH) == ends(made(), SWISH)


@pytest.mark.parametrize(
    "data",
    [
        Shifted(TensorDataset(X, Y), range(70)),
        ShiftedTensors(X, Y),
        DataLoader(Shifted(TensorDataset(X, Y), range(70))),
        Subset(ShiftedTensors(X, Y), range(70)),
    ],
    ids=["subset", "tensors", "loader", "subset of tensors"],
)
def test_a_subclass_of_torchs_own_data_sets_gives_its_own_samples(data: Any) -> None:
    assert ends(made(data=data), SWISH) == ends(made(data=(X + 1, Y)), SWISH)


def test_targets_of_any_form_weigh_as_many_samples_as_they_are_of() -> None:
    (plain,) = ends(made(), SWISH)
    (named,) = ends(
        made(
            data=Named(),
            loss=lambda outputs, targets: F.cross_entropy(outputs, targets["a"]),
            metric=lambda outputs, targets: (outputs.argmax(1) == targets["a"]).double().mean(),
        ),
        SWISH,
    )
    assert named == plain


def test_a_network_that_takes_a_mapping_has_channels_too() -> None:
    class Mapped(Dataset[tuple[dict[str, Tensor], Tensor]]):
        def __len__(self) -> int:
            return len(X)

        def __getitem__(self, index: int) -> tuple[dict[str, Tensor], Tensor]:
            return {"x": X[index]}, Y[index]

    class Takes(Net):
        def forward(self, x: Any) -> Tensor:
            return super().forward(x["x"])

    (mapped,), (plain,) = ends(made(Takes, Mapped()), CHANNELS), ends(made(), CHANNELS)
    assert mapped == plain


def test_held_out_samples_are_not_trained_on() -> None:
    marked = X.clone()
    evaluator = made(data=(marked, Y))
    before = ends(evaluator, "tanh(x)")[0]
    _, held_out = Samples.of((marked, Y), "train").split(20, RECIPE.split_seed)
    marked[held_out.index] += 1.0
    after = ends(evaluator, "tanh(x)")[0]
    assert after.train_losses == before.train_losses
    assert after.val_loss != before.val_loss


def test_the_test_data_are_loaded_when_they_are_opened_and_not_before() -> None:
    opened: list[int] = []

    def load() -> tuple[Tensor, Tensor]:
        opened.append(1)
        return X[:30], Y[:30]

    evaluator = made(test=load)
    ends(evaluator, "tanh(x)")
    assert not opened
    (end,) = ends(evaluator.opened(), "tanh(x)", test=True)
    assert opened
    assert end.test_accuracy is not None
    assert end.test_correct is not None
    assert sum(end.test_correct) / 30 == end.test_accuracy
    assert made().opened() is None


def test_loss_and_metric_may_be_ones_own() -> None:
    def closeness(outputs: Tensor, targets: Tensor) -> Tensor:
        return (-F.mse_loss(outputs[:, 0], targets)).exp()

    evaluator = made(
        lambda: Net(1),
        (X, X.mean((1, 2, 3))),
        test=(X[:30], X[:30].mean((1, 2, 3))),
        loss=lambda outputs, targets: F.mse_loss(outputs[:, 0], targets),
        metric=closeness,
    )
    evaluator.check()
    (end,) = ends(evaluator, "tanh(x)")
    assert 0 < end.val_accuracy < 1
    assert end.val_loss == pytest.approx(-torch.tensor(end.val_accuracy).log().item(), abs=0.1)
    (end,) = ends(evaluator.opened(), "tanh(x)", test=True)
    assert end.test_accuracy is not None
    assert end.test_correct is None, "it is no share of samples"


def test_a_metric_over_all_samples_is_that_of_scikit_learn_whatever_the_batches() -> None:
    targets = X.mean((1, 2, 3))
    seen: list[tuple[Tensor, Tensor]] = []

    def recorded(outputs: Tensor, targets: Tensor) -> Tensor:
        seen.append((outputs, targets))
        return r2(outputs, targets)

    evaluator = made(
        lambda: Net(1),
        (X, targets),
        test=(X[:30], targets[:30]),
        loss=lambda outputs, targets: F.mse_loss(outputs[:, 0], targets),
        metric=OverAll(recorded),
    )
    evaluator.check()
    seen.clear()
    (end,) = ends(evaluator, "tanh(x)")
    outputs, wanted = seen[-1]
    assert len(wanted) == len(evaluator._validation), "in one piece, though batches are smaller"
    assert end.val_accuracy == pytest.approx(max(0.0, r2_score(wanted, outputs[:, 0])), abs=1e-6)
    (end,) = ends(evaluator.opened(), "tanh(x)", test=True)
    assert end.test_accuracy is not None
    assert len(seen[-1][1]) == 30


def test_a_step_size_that_diverges_leaves_the_hits_of_the_others() -> None:
    evaluator = made(test=(X[:30], Y[:30])).opened()
    recipe = replace(evaluator.recipe, lr_multipliers=(1.0, 1e41))
    (end,) = ends(evaluator, "tanh(x)", test=True, recipe=recipe)
    assert (end.lr_multiplier, end.reason) == (1.0, None)
    assert end.test_correct is not None
    assert sum(end.test_correct) / 30 == end.test_accuracy


def test_targets_of_another_length_in_every_batch_have_a_share_and_no_hits() -> None:
    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = nn.ReLU()
            self.scores = nn.Linear(1, 2)

        def forward(self, x: Tensor) -> Tensor:
            scores: Tensor = self.scores(self.act(x.unsqueeze(2)))
            return scores.transpose(1, 2)

    class Sentences(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
        def __len__(self) -> int:
            return 60

        def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
            words = X[index, 0].flatten()[: 3 + index // 20]
            return words, (words > 0).long()

    def padded(batch: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        length = max(len(words) for words, _ in batch)
        rows = [
            [F.pad(p, (0, length - len(p))) for p in part] for part in zip(*batch, strict=True)
        ]
        return torch.stack(rows[0]), torch.stack(rows[1])

    loader = torch.utils.data.DataLoader(Sentences(), batch_size=16, collate_fn=padded)
    evaluator = made(Tagger, loader, test=loader)
    (end,) = ends(evaluator.opened(), "tanh(x)", test=True)
    assert end.test_accuracy is not None
    assert 0 < end.test_accuracy <= 1
    assert end.test_correct is None


def test_pixels_as_targets_have_a_share_and_no_hits() -> None:
    class Pixels(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3, padding=1)
            self.act = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.act(self.conv(x))
            return result

    bright = (X[:, 0] > 0).long()
    evaluator = made(Pixels, (X, bright), test=(X[:30], bright[:30]))
    (end,) = ends(evaluator.opened(), "tanh(x)", test=True)
    assert end.test_accuracy is not None
    assert 0 < end.test_accuracy <= 1
    assert end.test_correct is None


def test_bfloat16_and_step_sizes_and_repeats_follow_the_recipe() -> None:
    evaluator = made()
    plain = ends(evaluator, SWISH)[0]
    half = ends(evaluator, SWISH, recipe=replace(evaluator.recipe, precision="bfloat16"))[0]
    assert half.val_loss != plain.val_loss
    assert half.val_loss == pytest.approx(plain.val_loss, rel=0.05)
    sweep = replace(evaluator.recipe, lr_multipliers=(1.0, 3.0), seeds_per_score=2)
    assert ends(evaluator, SWISH, recipe=sweep)[0].base_lr_accuracy is not None


def test_a_frozen_layer_stays_as_it_was() -> None:
    nets: list[Net] = []
    started: list[Tensor] = []

    def network() -> Net:
        nets.append(Net())
        nets[-1].conv.requires_grad_(False)
        started.extend([nets[-1].conv.weight.clone(), nets[-1].hidden.weight.clone()])
        return nets[-1]

    ends(made(network), "tanh(x)")
    assert torch.equal(nets[-1].conv.weight, started[-2])
    assert not torch.equal(nets[-1].hidden.weight, started[-1])


def test_a_candidate_that_has_no_place_is_infeasible_with_the_reason() -> None:
    layer, channel = ends(made(Bottleneck), SWISH, CHANNELS)
    assert layer.state == "complete"
    assert channel.state == "infeasible"
    assert "gets 4 channels in one and 8 in another" in (channel.reason or "")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": (X[:0], Y[:0])}, "train is empty: it needs at least one sample"),
        ({"data": (X, Y[:9])}, "one target per input, but has 70 inputs and 9 targets"),
        ({"data": (X, Y, Y)}, r"train must be two tensors.*\(Tensor, Tensor, Tensor\)"),
        ({"data": TensorDataset(X)}, r"a sample of train must be \(input, target\), but is 1 par"),
        ({"data": Stream()}, "train must be a data set with a length.* is a Stream"),
        ({"data": 3}, "train must be a data set with a length.* is a int"),
        (
            {"data": DataLoader(TensorDataset(X, Y), sampler=WeightedRandomSampler([1.0], 1))},
            "train has a WeightedRandomSampler, but candidates are compared over",
        ),
        (
            {"data": DataLoader(TensorDataset(X, Y), sampler=RandomSampler(X, num_samples=8))},
            "train has a RandomSampler",
        ),
        (
            {"data": DataLoader(TensorDataset(X, Y), batch_sampler=Halves())},
            "train has a Halves",
        ),
        ({"validation": 70}, "validation must hold out 1 to 69 of the 70 samples of train, but"),
        ({"validation": 0}, "validation must hold out 1 to 69"),
        ({"validation": (X[:0], Y[:0])}, "validation is empty"),
        (
            {"recipe": Recipe(widths=(8,), pixels="-1 to 1")},
            "widths, pixels are for our networks and data",
        ),
    ],
)
def test_data_that_cannot_be_used_are_told_at_once(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(EvaluatorError, match=message):
        made(**changes)


@pytest.mark.parametrize("whole", [True, False], ids=["one network", "one layer"])
def test_networks_that_share_weights_are_refused_and_left_as_they_are(whole: bool) -> None:
    net = Net()

    def network() -> nn.Module:
        if whole:
            return net
        other = Net()
        other.conv = net.conv
        return other

    with pytest.raises(
        EvaluatorError, match=r"that share (act1|all of it|conv).* train one another"
    ):
        made(network)
    assert type(net.act1) is nn.ReLU


def test_parts_that_no_training_changes_may_be_shared() -> None:
    frozen, act, flat = nn.Linear(36, 8).requires_grad_(False), nn.ReLU(), nn.Flatten()

    def network() -> nn.Module:
        return nn.Sequential(flat, frozen, act, nn.Linear(8, 4))

    evaluator = made(network)
    evaluator.check()
    first, second = ends(evaluator, "tanh(x)", "sin(x)")
    assert first.val_loss != second.val_loss
    assert ends(evaluator, "sin(x)")[0].val_loss == second.val_loss


def test_labels_that_the_loss_ignores_are_no_classes() -> None:
    labels = torch.where(torch.arange(70) % 5 == 0, -1, Y)

    def right_of_known(outputs: Tensor, targets: Tensor) -> Tensor:
        known = targets >= 0
        return (outputs.argmax(1) == targets)[known].double().mean()

    made(
        data=(X, labels), loss=nn.CrossEntropyLoss(ignore_index=-1), metric=right_of_known
    ).check()


def test_a_lazy_layer_is_told_by_its_name() -> None:
    def network() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.LazyLinear(8), nn.ReLU(), nn.Linear(8, 4))

    with pytest.raises(EvaluatorError, match=r"a lazy layer: the size of 1\.weight"):
        made(network)


class Even(Noisy):
    """Lists labels that it changes when a sample is taken, as torchvision's sets do."""

    def __init__(self) -> None:
        super().__init__()
        self.targets = (Y + 8).tolist()

    def target_transform(self, label: int) -> int:
        return label % 4

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return X[index], self.target_transform(self.targets[index])


class Filed(Noisy):
    """Has `targets` of another meaning, as torchvision's sets for segmentation do."""

    def __init__(self, targets: list[Any]) -> None:
        super().__init__()
        self.targets = targets

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return X[index], int(Y[index])


@pytest.mark.parametrize(
    "data",
    [Even(), Filed(["a.png"] * 70), Filed([[1], [2, 3]] * 35)],
    ids=["transformed", "files", "boxes"],
)
def test_listed_targets_count_only_where_samples_have_them(data: Noisy) -> None:
    made(data=data).check()


def test_a_network_without_an_activation_to_replace_says_what_to_do() -> None:
    with pytest.raises(
        CandidateError, match=r"no module of the kind ReLU; it has Linear \(a call"
    ):
        made(Functional)


def _first(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(outputs, targets[:, 0])


class Broken(Noisy):
    """Says that it has more samples than it has."""

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        if index > 40:
            raise IndexError("41")
        return super().__getitem__(index)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"data": (X[:, :, :5, :5], Y)},
            r"little: the network failed with candidate relu\(x\) on inputs float32 \[8, 1, 5,",
        ),
        (
            {"data": (X, Y + 3)},
            r"train must lie in 0\.\.3, one of the network's 4 outputs.* 3 to 6",
        ),
        ({"data": (X, Y - 1)}, r"range from -1 to 2: change the labels or the last layer"),
        ({"data": (X, Y * 0 + 2)}, "train has one class: all 50 labels looked at are 2"),
        (
            {"data": (X, Y.float())},
            r"the loss failed with candidate relu\(x\).*targets float32 \[8\]",
        ),
        ({"validation": (X[:, :, :4], Y)}, r"the network failed.*\[8, 1, 4, 6\]"),
        ({"loss": lambda o, t: o.argmax(1) == t}, "training loss must be a tensor of one number"),
        ({"loss": lambda o, t: o.argmax(1).float().mean()}, "the backward pass failed"),
        (
            {"metric": lambda o, t: 1 / 0},
            "the metric failed .*ZeroDivisionError: division by zero",
        ),
        ({"metric": lambda o, t: None}, "the metric must be one number, a fraction, but is NoneT"),
        ({"metric": lambda o, t: o.argmax(1) == t}, r"the metric must be one number.*bool \[8\]"),
        ({"metric": OverAll(lambda o, t: None)}, "the metric must be one number"),
        ({"metric": lambda o, t: 55.0}, "must be a fraction from 0 to 1.* is 55 on the first"),
        ({"metric": lambda o, t: -5.0}, "must be a fraction from 0 to 1.* is -5 on the first"),
        ({"network": Idle}, "none of the 1 activations that were replaced ran"),
        (
            {"network": lambda: Net(1), "loss": lambda o, t: F.mse_loss(o[:, 0], t.float())},
            r"accuracy takes the largest of a sample's outputs, but of \[8, 1\] there is one",
        ),
        (
            {"data": (X, Y / 3), "loss": lambda o, t: F.mse_loss(o[:, 0], t)},
            "the metric is the accuracy.*targets of train are numbers such as 0.3",
        ),
        (
            {"data": (X, F.one_hot(Y).float())},
            r"accuracy takes labels of shape \[8\] .* but targets are \[8, 4\]",
        ),
        ({"network": lambda: Net().requires_grad_(False)}, "there is nothing to train"),
        ({"data": (X, torch.stack([Y, Y], 1)), "loss": _first, "metric": OverAll(r2)}, "r2 takes"),
        ({"data": Broken()}, r"samples of (train|validation) cannot be read: IndexError: 41"),
    ],
)
def test_a_first_try_finds_what_would_go_wrong_in_every_job(
    changes: dict[str, Any], message: str
) -> None:
    made().check()
    with pytest.raises(EvaluatorError, match=message):
        made(**changes).check()


def test_the_first_try_leaves_the_generators_and_the_test_data_alone() -> None:
    def shut() -> Any:
        raise AssertionError("opened")

    before = torch.get_rng_state()
    made(data=Noisy(), test=shut).check()
    assert torch.equal(torch.get_rng_state(), before)


def test_labels_of_a_data_set_that_lists_none_are_looked_at() -> None:
    data = Noisy()
    data.targets = [1] * len(X)
    listed = TensorDataset(X, torch.ones(70, dtype=torch.int64))
    for one_class in (data, Subset(data, range(50)), DataLoader(listed, collate_fn=_collate)):
        with pytest.raises(EvaluatorError, match="train has one class"):
            made(data=one_class).check()


def _collate(samples: list[Any]) -> tuple[Tensor, Tensor]:
    return torch.stack([s[0] for s in samples]), torch.stack([s[1] for s in samples])


def test_what_the_network_raises_in_training_names_candidate_and_batch() -> None:
    with pytest.raises(
        EvaluatorError, match=r"with candidate tanh\(x\) on inputs float32 \[16, 1"
    ):
        ends(made(data=(X[:, :, :5], Y)), "tanh(x)")
