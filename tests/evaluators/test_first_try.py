"""A first try of a network and data finds what would go wrong in every job, or score silently."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import (
    DataLoader,
    Subset,
    TensorDataset,
)

from actsearch.evaluators import (
    EvaluatorError,
    OverAll,
    r2,
)
from actsearch.space import Activation, parse
from contracts.user_network import (
    Functional,
    Net,
    Noisy,
    X,
    Y,
    ends,
    made,
)


class Idle(Functional):
    """Has an activation, and calls a function in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.act = nn.ReLU()


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


class RunsItsOwn(Functional):
    """Runs an activation of ours that it holds, and not the one that is replaced."""

    def __init__(self) -> None:
        super().__init__()
        self.act, self.kept = nn.ReLU(), Activation(parse("tanh(x)"))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.kept(super().forward(x))
        return out


def test_an_activation_that_the_network_holds_already_does_not_run_for_the_candidate() -> None:
    with pytest.raises(EvaluatorError, match="none of the 1 activations"):
        made(RunsItsOwn).check()


class Margin(nn.Module):
    """A loss with a parameter."""

    def __init__(self, learns: bool) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(()), requires_grad=learns)

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs * (1 + self.w), targets)


def test_a_loss_that_would_learn_is_refused_and_a_frozen_one_taken() -> None:
    with pytest.raises(EvaluatorError, match=r"the loss Margin has parameters that learn \(w\)"):
        made(loss=Margin(learns=True)).check()
    made(loss=Margin(learns=False)).check()


def test_labels_that_the_loss_leaves_out_are_no_wrong_answers() -> None:
    labels = torch.where(torch.arange(70) % 5 == 0, -100, Y)
    with pytest.raises(EvaluatorError, match="have -100, which the loss leaves out"):
        made(data=(X, labels)).check()


class Shifted(Noisy):
    """Lists labels that it changes when a sample is taken."""

    def __init__(self) -> None:
        super().__init__()
        self.targets = (Y + 10).tolist()

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        x, label = super().__getitem__(index)
        return x, label - 10


def test_listed_labels_are_believed_where_samples_have_them() -> None:
    made(data=Shifted()).check()


def test_outputs_and_targets_that_a_loss_would_broadcast_are_refused() -> None:
    def network() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 1))

    settings: dict[str, Any] = {"loss": F.mse_loss, "metric": OverAll(r2)}
    with pytest.raises(EvaluatorError, match="Using a target size"):
        made(network, (X, X.mean((1, 2, 3))), **settings).check()
    made(network, (X, X.mean((1, 2, 3)).unsqueeze(1)), **settings).check()


def test_a_last_batch_of_one_that_a_network_cannot_take_is_found_before_a_search() -> None:
    class Squeezes(Net):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x).squeeze()

    made(Squeezes, validation=20).check()
    with pytest.raises(EvaluatorError):
        made(Squeezes, validation=17).check()
