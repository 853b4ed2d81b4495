"""Test sets are told apart by their targets, in whatever form these come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset, default_collate

from actsearch.evaluators.training.sample_digest import READ, digest_of
from actsearch.evaluators.training.user_data import Samples
from contracts.user_network import Noisy, X, Y


class Formed(Dataset[Any]):
    """Fetched one by one, without a list of labels."""

    def __init__(self, form: Callable[[Tensor], Any], labels: Tensor = Y) -> None:
        self._form, self._labels = form, labels

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> Any:
        return X[index], self._form(self._labels[index])


def digest(data: Any) -> str:
    return digest_of(Samples.of(data, "test"))


TENSORS = TensorDataset(X, Y)


@pytest.mark.parametrize(
    "data",
    [
        Noisy(0),
        DataLoader(TENSORS, batch_size=4),
        DataLoader(TENSORS, collate_fn=lambda samples: default_collate(samples)),
        Subset(TensorDataset(torch.cat([X, X]), torch.cat([Y, Y])), range(70)),
        Formed(lambda y: y),
        Formed(int),
        Formed(lambda y: np.int32(y)),
        (X, Y.int()),
        (X + 1, Y),
    ],
    ids=["listed", "loader", "collate", "subset", "lazy", "int", "numpy", "int32", "other inputs"],
)
def test_the_same_samples_have_one_digest_in_whatever_they_come(data: Any) -> None:
    assert digest(data) == digest((X, Y))


@pytest.mark.parametrize(
    "data",
    [(X[1:], Y[1:]), (X, Y.flip(0)), (X, Y.float() + 0.5), (X, Y.unsqueeze(1))],
    ids=["fewer", "another order", "other numbers", "another shape"],
)
def test_other_samples_have_another(data: Any) -> None:
    assert digest(data) != digest((X, Y))


@pytest.mark.parametrize(
    "form",
    [
        lambda y: {"class": y},
        lambda y: (y, "left"),
        lambda y: [y, y],
        float,
        lambda y: y.bool(),
        lambda y: y.to(torch.bfloat16),
        lambda y: torch.complex(y.float(), y.float()).conj(),
        lambda y: np.float64(y),
    ],
    ids=["mapping", "pair", "list", "float", "bool", "bfloat16", "conjugate", "numpy"],
)
def test_targets_of_any_form_tell_samples_apart(form: Callable[[Tensor], Any]) -> None:
    assert (
        digest(Formed(form)) == digest(Formed(form, Y.clone())) != digest(Formed(form, Y.flip(0)))
    )


@pytest.mark.parametrize(
    "targets",
    [
        lambda samples: pack_padded_sequence(
            torch.stack([y for _, y in samples]).view(1, -1).float(), [1]
        ),
        lambda samples: torch.nested.nested_tensor(
            [y.view(1) for _, y in samples], layout=torch.jagged
        ),
        lambda samples: torch.stack([y for _, y in samples]).to_sparse(),
        lambda samples: None,
        lambda samples: object(),
    ],
    ids=["packed", "nested", "sparse", "nothing", "an object"],
)
def test_targets_that_are_not_plain_numbers_have_a_digest_too(targets: Any) -> None:
    def loader() -> DataLoader[Any]:
        return DataLoader(TENSORS, collate_fn=lambda samples: (samples[0][0], targets(samples)))

    assert digest(loader()) == digest(loader())


def test_of_many_samples_some_are_read_and_the_first_and_the_last_are_among_them() -> None:
    labels = torch.zeros(1000, dtype=torch.long)
    digests = {digest((torch.zeros(1000, 1), labels))}
    for changed in (0, 999):
        labels[changed] = 1
        digests.add(digest((torch.zeros(1000, 1), labels)))
    assert len(digests) == 3
    assert len(labels) > READ
