"""Any form of data gives its own samples, by seed; what cannot be drawn is told at once."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import torch
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
    EvaluatorError,
    Recipe,
)
from actsearch.evaluators.training.rng import generators_kept
from actsearch.evaluators.training.user_data import Batch, Samples
from contracts.user_network import (
    RECIPE,
    SWISH,
    Noisy,
    X,
    Y,
    ends,
    made,
)


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


def test_held_out_samples_are_not_trained_on() -> None:
    marked = X.clone()
    evaluator = made(data=(marked, Y))
    before = ends(evaluator, "tanh(x)")[0]
    _, held_out = Samples.of((marked, Y), "train").split(20, RECIPE.split_seed)
    marked[held_out.index] += 1.0
    after = ends(evaluator, "tanh(x)")[0]
    assert after.train_losses == before.train_losses
    assert after.val_loss != before.val_loss


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


def test_a_container_of_the_users_own_comes_as_it_was_collated() -> None:
    class Named(UserDict[str, Tensor]):
        """As tokenisers give it: with attributes of its own."""

    class Pair(NamedTuple):
        a: Tensor
        b: Tensor

    packed = nn.utils.rnn.pack_sequence([X[0].flatten(), X[1].flatten()])
    batch = Batch({"x": [Named(a=X), packed]}, Pair(X, Y), 70).on(torch.device("meta"))
    mine, moved = batch.inputs["x"]
    assert type(mine) is Named
    assert mine["a"] is X
    assert moved.data.is_meta
    assert type(batch.targets) is Pair
    assert batch.targets.a.is_meta


class Drawn(Dataset[tuple[Tensor, Tensor]]):
    """Samples that an augmentation draws anew at each look."""

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return torch.rand(1), Y[index]

    def __len__(self) -> int:
        return 8


@pytest.mark.parametrize("workers", [0, 2])
def test_no_two_seeds_or_epochs_have_the_draws_of_another(workers: int) -> None:
    samples = Samples.of(DataLoader(Drawn(), num_workers=workers), "data")
    draws = set()
    with generators_kept():
        for keys in ((0, 1), (0, 2), (1, 1), (2, 0), (3,)):
            (batch,) = samples.fetch([torch.arange(8)], *keys)
            draws.add(tuple(batch.inputs.flatten().tolist()))
    assert len(draws) == 5
