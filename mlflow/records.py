"""The records that MLflow is written from: per search, candidate, front, function re-trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRecord:
    """All that MLflow shows of one trial of a search; (search, trial) identifies it.

    expression: canonical text, as `parse` reads it.
    state: 'complete', 'pruned', 'infeasible', 'duplicate' or 'failed'.
    val_accuracy: at the last rung reached, a fraction; None if never trained.
    val_accuracies, val_losses: epoch -> validation accuracy (fraction), and loss (nats).
    train_losses: mean nats of each epoch, the first epoch first.
    seconds: training time spent on this candidate.
    lr_multiplier: the multiple of the recipe's learning rate that val_accuracy is at.
    base_lr_accuracy: the accuracy at the recipe's own learning rate, where others were tried.
    learned: parameter -> its learned value in each layer (mean over channels where per channel).
    cost: time of forward and backward over ReLU's, where it was measured; cost_quartiles: of the
    pairs it is the median of; cost_device: where.
    standard_error: of val_accuracy, over draws of validation images (fraction).
    parents: trials that the strategy made it from; mutation: in what way.
    reason: why it is infeasible or failed. duplicate_of: the trial that was first.
    home_flag: what names the search's home in a command, after a space; empty for the usual one.
    started_ms, finished_ms: milliseconds since the epoch, UTC.
    """

    search: str
    trial: int
    expression: str
    state: str
    strategy: str
    started_ms: int
    finished_ms: int
    val_accuracy: float | None = None
    val_accuracies: Mapping[int, float] = field(default_factory=dict)
    train_losses: Sequence[float] = ()
    val_losses: Mapping[int, float] = field(default_factory=dict)
    seconds: float = 0.0
    lr_multiplier: float = 1.0
    base_lr_accuracy: float | None = None
    learned: Mapping[str, Sequence[float]] = field(default_factory=dict)
    cost: float | None = None
    cost_quartiles: tuple[float, float] | None = None
    cost_device: str | None = None
    standard_error: float | None = None
    parents: Sequence[int] = ()
    mutation: str | None = None
    reason: str | None = None
    duplicate_of: int | None = None
    home_flag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRecord:
    """The state of a search, for its own run and for the marks on its candidates.

    headline: one sentence, the verdict or how far it is. page: its description as Markdown, in
    which {run} stands for the run's id. params: what decides which candidates it proposes.
    points: (metric, value, number of the candidate), all of them each time. files: path in the
    run -> content, or the file it is in. top: trials, best first. ties: trials that the noise of
    one run does not tell from the best.
    """

    search: str
    headline: str
    page: str
    params: Mapping[str, str]
    points: Sequence[tuple[str, float, int]]
    files: Mapping[str, bytes | Path] = field(default_factory=dict)
    top: Sequence[int] = ()
    ties: Sequence[int] = ()
    started_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """The best of a search, to be registered.

    trial: whose run it belongs to; None: the search's. verdict: 'winner' or 'tie'. module: the
    exported file, in which class_name is an nn.Module. notes: what is known of it, in words.
    """

    search: str
    trial: int | None
    expression: str
    verdict: str
    module: Path
    class_name: str
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontRecord:
    """Accuracy against cost over the candidates of a search that went furthest.

    points: (accuracy, a fraction; cost, time over ReLU's) of those not on the front. front: trial
    -> the same of those on it, the most accurate first.
    """

    search: str
    points: Sequence[tuple[float, float]]
    front: Mapping[int, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalistRecord:
    """One function on one network in a confirmation: a row of its table.

    trial: the candidate's trial in the search; None for a baseline.
    name: as the table calls it. network: 'mlp', 'conv'.
    seeds, val_accuracies, test_accuracies: one entry per re-training that did not diverge;
    accuracies are fractions.
    difference: mean paired difference of test accuracy to the best baseline (fraction), with its
    confidence `interval`, and the `p_value` corrected for the number of finalists. images_error:
    the part of another draw of test images in it, standard error (fraction); None where it is not
    known, and the interval is for other seeds alone.
    verdict: 'winner', 'tie', 'worse' or 'baseline'; None where the network does not decide.
    """

    search: str
    trial: int | None
    expression: str
    name: str
    network: str
    seeds: Sequence[int]
    val_accuracies: Sequence[float]
    test_accuracies: Sequence[float]
    difference: float | None = None
    interval: tuple[float, float] | None = None
    images_error: float | None = None
    p_value: float | None = None
    verdict: str | None = None
