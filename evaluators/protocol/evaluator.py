"""The seam between search and scoring: jobs go in, a report comes out after every rung.

    for report in evaluator.run(job): ...

Everything that crosses it is plain frozen data, since an evaluator may run on another machine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ..recipes.recipe import Recipe

State = Literal["live", "complete", "pruned", "infeasible"]


@dataclass(frozen=True, slots=True)
class Job:
    """Candidates that a worker trains together: a bracket, or (`halving` False) a confirmation.

    expressions: canonical texts, one per candidate. seed: of initial weights and batch order,
    shared by all candidates, so that they are paired. cutoffs: epoch -> validation accuracy (a
    fraction) that a candidate must reach to go on, since earlier brackets have already beaten
    what lies below it. ties_go_on: whether at a rung without a cut-off those go on too that tie
    with the best 1/eta, up to as many again, since a prior has chosen the bracket.
    """

    expressions: tuple[str, ...]
    recipe: Recipe
    seed: int
    halving: bool = True
    cutoffs: Mapping[int, float] = field(default_factory=dict)
    test: bool = False  # score those that complete on the test set; only `confirm` asks for it
    ties_go_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateReport:
    """One candidate of a job after a rung.

    val_accuracy: a fraction. Losses are in nats; val_loss is None of an evaluator that trains
    nothing and knows none, which then has no train_losses and nothing learned either. learned:
    parameter name -> value per layer (mean over channels), one value if shared by the network.
    test_accuracy: a fraction, None unless the
    job asked for it and the candidate is complete. test_correct: beside it, a byte for each test
    sample in order: under how many of the recipe's seeds it was right; None where the accuracy is
    no share of samples. lr_multiplier: the multiple of the recipe's learning rate that was best on
    validation; base_lr_accuracy: at the learning rate itself, None where that diverged or no other
    was tried.
    """

    index: int  # into the job's expressions
    state: State
    val_accuracy: float
    val_loss: float | None
    train_losses: tuple[float, ...]  # per epoch, from the first one
    learned: Mapping[str, tuple[float, ...]]
    reason: str | None = None  # why it is infeasible
    test_accuracy: float | None = None
    lr_multiplier: float = 1.0
    base_lr_accuracy: float | None = None
    test_correct: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RungReport:
    """The candidates that trained to a rung, and the seconds of training and validation."""

    epoch: int
    candidates: tuple[CandidateReport, ...]
    seconds: float

    @property
    def is_last(self) -> bool:
        """Whether the job ends with this rung: no candidate goes on."""
        return not any(report.state == "live" for report in self.candidates)


class Evaluator(ABC):
    """Scores candidates under a recipe: what you subclass to search for a task of your own.

    For a network and a data set, `ModelEvaluator` is ready. Anything else needs `on` and `run`,
    and is used by `actsearch search --evaluator package.module:Name`, where Name is a class
    without arguments or a function that returns one. It is pickled once and travels to the
    workers. `check_evaluator` tries it, and names every rule it breaks. For a job, `run` has to:

    - train every expression of `job.expressions` under `job.recipe` and `job.seed`, from equal
      initial weights and over equal batches (`actsearch.space.parse(text).module()` makes one a
      module); the same job always gives the same numbers, whatever expressions share it;
    - yield a RungReport after each epoch of `job.recipe.rungs` with a CandidateReport for each
      candidate that is still live, in order: how good it is on validation data, a fraction, more
      is better;
    - after each rung but the last let those go on ("live") that reach `job.cutoffs`, or where it
      has none for this rung the best 1/eta (where `job.ties_go_on`, also those that tie with
      them, up to as many again, if it can tell), and end the others ("pruned"); after the last
      rung end all ("complete"). `run_bracket` does this for a `Training`;
    - call a candidate "infeasible", with a reason, if it diverges or its score is not finite;
      raise for anything else;
    - report only after the last epoch where `job.halving` is False, and prune nothing;
    - add `test_accuracy` where `job.test` asks for it, and look at test data nowhere else; with
      `test_correct` a verdict holds for other test samples too, without them for these alone;
    - leave the global random generators as found.

    recipe: the Recipe it scores by, to which the search adds the evaluator's name; None: it takes
    any, as `--recipe` says. Its `validation` is the number of validation samples, from which the
    leaderboard's noise is told.
    """

    recipe: Recipe | None = None

    @abstractmethod
    def on(self, device: str) -> Evaluator:
        """The same evaluator on a worker's device, "cpu" or "cuda"."""

    @abstractmethod
    def run(self, job: Job) -> Iterator[RungReport]:
        """Train the job's candidates; yields after each rung until no candidate is live."""

    def check(self) -> None:  # noqa: B027  # a subclass may have nothing to check
        """Raise what would go wrong in every job; called once before a search."""

    def objection(self, expression: str) -> str | None:
        """Why a candidate cannot be scored here, or None; asked before it would enter training.
        For evaluators that hold the scores of some candidates only."""
        return None

    def distinct_seeds(self) -> int | None:
        """How many seeds in a row give scores of their own; None: any number. For evaluators that
        hold the scores of some seeds only."""
        return None

    def opened(self) -> Evaluator | None:
        """The same evaluator with its test data, for a confirmation; None: it has none, and a
        search ends with its leaderboard."""
        return None

    def may_confirm(self) -> bool:
        """False where it is known, without opening anything, that it has no test data: what is
        told of the time left then has no confirmation in it."""
        return type(self).opened is not Evaluator.opened

    def test_set_name(self) -> str:
        """A name of the test data, of a few characters, asked of the evaluator that `opened` gave:
        a home counts openings by it. Empty: all test data under the name of `recipe.dataset`
        count as one."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberProgress:
    """A member of a training after some epochs; its numbers are those of `CandidateReport`."""

    val_accuracy: float
    val_loss: float | None
    train_losses: tuple[float, ...]
    learned: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    reason: str | None = None
    lr_multiplier: float = 1.0
    base_lr_accuracy: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalScore:
    """A member of a training on test data; its numbers are those of `CandidateReport`."""

    test_accuracy: float
    test_correct: bytes | None = None


class Training(Protocol):
    """Members that train side by side; positions count those that are still kept."""

    def advance(self, epoch: int) -> list[MemberProgress]:
        """Train every member to the end of `epoch` (counted from 1) and validate it."""
        ...

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with these members only."""
        ...

    def test(self) -> list[FinalScore]:
        """Every member on the test images."""
        ...
