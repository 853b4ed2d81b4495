"""A candidate's score is its own, whatever shares its job and whatever the user's code does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from actsearch.evaluators import CandidateReport, EvaluatorError, OverAll, r2
from actsearch.space import Activation, parse
from contracts.user_network import Functional, Net, Noisy, X, Y, ends, made

TEXTS = ("tanh(x)", "max(x, 0)", "max(x, 0)")


class InPlace(Net):
    """Scales what it gets where it stands."""

    def forward(self, x: Tensor) -> Tensor:
        x *= 0.5
        return super().forward(x)


class Draws(Net):
    """Draws in eval mode too, as a layer of noise or a variational one does."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.dropout(x, 0.5))


def smoothed(outputs: Tensor, targets: Tensor) -> Tensor:
    """A loss that changes its targets."""
    targets.clamp_(max=2)
    return F.cross_entropy(outputs, targets)


def score(report: CandidateReport) -> tuple[Any, ...]:
    return report.val_accuracy, report.val_loss, report.train_losses, report.test_accuracy


@pytest.mark.parametrize(
    ("network", "changes"),
    [(InPlace, {}), (Draws, {}), (Net, {"loss": smoothed})],
    ids=["changes its inputs", "draws", "changes its targets"],
)
def test_a_score_does_not_depend_on_what_shares_the_job(
    network: Callable[[], nn.Module], changes: dict[str, Any]
) -> None:
    evaluator = made(network, test=(X[:30], Y[:30]), **changes).opened()
    alone = score(ends(evaluator, "max(x, 0)", test=True)[0])
    assert [score(end) for end in ends(evaluator, *TEXTS, test=True)[1:]] == [alone, alone]


def test_an_activation_of_ours_that_the_network_holds_already_is_not_the_candidates() -> None:
    def network() -> nn.Module:
        kept = Activation(parse("x * sigmoid(beta=3 * x)"))
        return nn.Sequential(
            nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 8), kept, nn.Linear(8, 4)
        )

    evaluator = made(network)
    evaluator.check()
    (end,) = ends(evaluator, "x * tanh(beta * x)")
    assert len(end.learned["beta"]) == 1
    assert end.learned["beta"][0] == pytest.approx(1.0, abs=0.1)

    class Idle(Functional):
        """Runs only the one that it holds."""

        def __init__(self) -> None:
            super().__init__()
            self.act, self.kept = nn.ReLU(), Activation(parse("tanh(x)"))

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.kept(super().forward(x))
            return out

    with pytest.raises(EvaluatorError, match="none of the 1 activations"):
        made(Idle).check()


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
