"""Any network and data: what is drawn, what is trained, and what is said of what cannot be used.

The contract of every evaluator runs on it too, in tests/contracts/test_evaluators.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import r2_score
from torch import Tensor, nn
from torch.utils.data import (
    Dataset,
)

from actsearch.evaluators import (
    EvaluatorError,
    OverAll,
    r2,
)
from actsearch.space import CandidateError
from contracts.user_network import (
    CHANNELS,
    RECIPE,
    SWISH,
    Functional,
    Net,
    Noisy,
    X,
    Y,
    ends,
    made,
)


class Bottleneck(nn.Module):
    """One activation object at two widths, as in torchvision's ResNet-50."""

    def __init__(self) -> None:
        super().__init__()
        self.narrow, self.wide, self.relu = nn.Linear(36, 4), nn.Linear(4, 8), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu(self.wide(self.relu(self.narrow(x.flatten(1)))))
        return out


class Named(Dataset[tuple[Tensor, dict[str, Tensor]]]):
    """Samples with two targets by name."""

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Tensor]]:
        return X[index], {"a": Y[index], "b": -Y[index]}


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


def test_a_network_without_an_activation_to_replace_says_what_to_do() -> None:
    with pytest.raises(
        CandidateError, match=r"no module of the kind ReLU; it has Linear \(a call"
    ):
        made(Functional)


def test_what_the_network_raises_in_training_names_candidate_and_batch() -> None:
    with pytest.raises(
        EvaluatorError, match=r"with candidate tanh\(x\) on inputs float32 \[16, 1"
    ):
        ends(made(data=(X[:, :, :5], Y)), "tanh(x)")
