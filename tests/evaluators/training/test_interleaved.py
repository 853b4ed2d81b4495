"""A candidate's score is its own, whatever shares its job and whatever the user's code does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch.nn.functional as F
from torch import Tensor, nn

from actsearch.evaluators import CandidateReport
from actsearch.space import Activation, parse
from contracts.user_network import Net, X, Y, ends, made

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
