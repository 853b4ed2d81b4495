"""The contract of every evaluator: subclass `EvaluatorContract` in a test module with fixtures.

    class TestMine(EvaluatorContract):
        @pytest.fixture
        def evaluator(self) -> Evaluator: ...
        @pytest.fixture
        def recipe(self) -> Recipe: ...

The recipe should be a small one: about thirty brackets are trained. With a second evaluator that
holds test images, `with_test`, the rules about the test set are checked too.
"""

from __future__ import annotations

import math
import pickle
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from actsearch.evaluators import (
    CandidateReport,
    Evaluator,
    Job,
    Recipe,
    RungReport,
    check_evaluator,
    survivors,
)
from actsearch.space import ActsearchError, parse, space_from_name

DIVERGING = "exp(exp(square(x)))"  # infinite from 2.4 on
HARMLESS = ("tanh(x)", "x * sigmoid(beta * x)", "max(x, 0) + a[channel]=0.25 * min(x, 0)")


def candidates(n: int) -> tuple[str, ...]:
    """Random candidates of the default space, duplicates and hopeless ones among them."""
    space, rng = space_from_name("core-1"), np.random.default_rng(0)
    return tuple(str(space.decode(space.sample(rng))) for _ in range(n))


def ends(reports: Sequence[RungReport]) -> dict[int, CandidateReport]:
    """The last report of every candidate."""
    return {candidate.index: candidate for rung in reports for candidate in rung.candidates}


def generators() -> tuple[bytes, ...]:
    """Where torch's, numpy's and Python's global generators stand."""
    states = torch.get_rng_state().tolist(), np.random.get_state(), random.getstate()  # noqa: NPY002
    return tuple(map(pickle.dumps, states))


class EvaluatorContract:
    """The rules that the engine relies on; see actsearch.evaluators.Evaluator."""

    @pytest.fixture
    def evaluator(self) -> Evaluator:
        """The evaluator as a search has it, without test images."""
        raise NotImplementedError

    @pytest.fixture
    def recipe(self) -> Recipe:
        """A recipe of two rungs or more that trains in about a second."""
        raise NotImplementedError

    @pytest.fixture
    def with_test(self) -> Evaluator:
        """The evaluator as a confirmation has it."""
        pytest.skip("this evaluator has no test images")

    def test_the_suite_for_users_finds_nothing(self, evaluator: Evaluator, recipe: Recipe) -> None:
        check_evaluator(evaluator, recipe=recipe)

    def test_ten_random_candidates_score(self, evaluator: Evaluator, recipe: Recipe) -> None:
        reports = ends(list(evaluator.run(Job(candidates(10), recipe, 0))))
        assert sorted(reports) == list(range(10))
        for end in reports.values():
            assert (end.state == "infeasible") == (end.reason is not None)
        sound = [end for end in reports.values() if end.state != "infeasible"]
        assert sound
        for end in sound:
            assert 0 <= end.val_accuracy <= 1
            assert end.val_loss is not None
            assert end.val_loss >= 0
            assert all(loss >= 0 for loss in end.train_losses)

    def test_reports_tell_every_candidate_until_it_ends(
        self, evaluator: Evaluator, recipe: Recipe
    ) -> None:
        live = set(range(6))
        reports = list(evaluator.run(Job((*HARMLESS, DIVERGING, *HARMLESS[:2]), recipe, 0)))
        for rung, epoch in zip(reports, recipe.rungs, strict=False):
            assert rung.epoch == epoch
            assert {candidate.index for candidate in rung.candidates} == live
            assert all(len(s.train_losses) == epoch for s in rung.candidates)
            assert rung.seconds > 0
            live = {candidate.index for candidate in rung.candidates if candidate.state == "live"}
            assert rung.is_last == (not live)
        assert not live
        assert [rung.is_last for rung in reports] == [False] * (len(reports) - 1) + [True]
        assert {end.state for end in ends(reports).values()} == {
            "complete",
            "pruned",
            "infeasible",
        }

    def test_same_job_same_reports(self, evaluator: Evaluator, recipe: Recipe) -> None:
        job = Job(HARMLESS, recipe, 3)
        first, second = (
            [r.candidates for r in evaluator.run(job)],
            [r.candidates for r in evaluator.run(job)],
        )
        assert first == second

    def test_the_seed_decides(self, evaluator: Evaluator, recipe: Recipe) -> None:
        first, other = (
            ends(list(evaluator.run(Job(HARMLESS, recipe, seed, halving=False))))
            for seed in (1, 2)
        )
        assert all(first[i].val_loss != other[i].val_loss for i in first)

    def test_a_score_does_not_depend_on_what_shares_the_job(
        self, evaluator: Evaluator, recipe: Recipe
    ) -> None:
        together = ends(list(evaluator.run(Job(HARMLESS, recipe, 0, halving=False))))
        for i, text in enumerate(HARMLESS):
            (alone,) = evaluator.run(Job((text,), recipe, 0, halving=False))
            assert replace(alone.candidates[0], index=i) == together[i]

    def test_a_survivor_scores_what_it_would_have_without_halving(
        self, evaluator: Evaluator, recipe: Recipe
    ) -> None:
        halved = ends(list(evaluator.run(Job(HARMLESS, recipe, 0))))
        straight = ends(list(evaluator.run(Job(HARMLESS, recipe, 0, halving=False))))
        complete = [i for i, end in halved.items() if end.state == "complete"]
        assert len(complete) == 1
        assert halved[complete[0]] == straight[complete[0]]

    def test_halving_lets_one_in_eta_go_on(self, evaluator: Evaluator, recipe: Recipe) -> None:
        going_on = 6
        for rung in evaluator.run(Job(HARMLESS * 2, recipe, 0)):
            assert len(rung.candidates) == going_on
            going_on = math.ceil(going_on / recipe.eta)

    def test_what_ties_with_the_best_share_goes_on_where_the_job_says_so(
        self, evaluator: Evaluator, recipe: Recipe
    ) -> None:
        *before, _ = evaluator.run(Job(HARMLESS * 2, recipe, 0, ties_go_on=True))
        assert before
        for rung in before:
            scores = [candidate.val_accuracy for candidate in rung.candidates]
            live = [i for i, c in enumerate(rung.candidates) if c.state == "live"]
            assert live == survivors(scores, recipe.eta, None, recipe.validation)

    def test_a_confirmation_reports_every_candidate_once_at_the_end(
        self, evaluator: Evaluator, recipe: Recipe
    ) -> None:
        (only,) = evaluator.run(Job(HARMLESS, recipe, 0, halving=False))
        assert only.is_last
        assert (only.epoch, len(only.candidates)) == (recipe.epochs, 3)
        assert all(candidate.state == "complete" for candidate in only.candidates)

    def test_a_cut_off_that_none_reaches_ends_the_job(
        self, evaluator: Evaluator, recipe: Recipe
    ) -> None:
        (only,) = evaluator.run(Job(HARMLESS, recipe, 0, cutoffs={recipe.rungs[0]: 1.1}))
        assert only.is_last
        assert all(candidate.state == "pruned" for candidate in only.candidates)

    def test_a_diverging_candidate_is_infeasible_and_leaves_its_neighbours_alone(
        self, evaluator: Evaluator, recipe: Recipe
    ) -> None:
        mixed = (HARMLESS[0], DIVERGING, *HARMLESS[1:])
        reports = ends(list(evaluator.run(Job(mixed, recipe, 0, halving=False))))
        clean = ends(list(evaluator.run(Job(HARMLESS, recipe, 0, halving=False))))
        assert reports[1].state == "infeasible"
        assert reports[1].reason
        neighbours = [reports[0], replace(reports[2], index=1), replace(reports[3], index=2)]
        assert neighbours == list(clean.values())

    def test_a_job_that_only_diverges_ends_without_an_error(
        self, evaluator: Evaluator, recipe: Recipe
    ) -> None:
        (only,) = evaluator.run(Job((DIVERGING, DIVERGING), recipe, 0))
        assert only.is_last
        assert all(candidate.state == "infeasible" for candidate in only.candidates)

    def test_learned_parameters_come_back_under_their_names(
        self, evaluator: Evaluator, recipe: Recipe
    ) -> None:
        reports = ends(list(evaluator.run(Job(HARMLESS, recipe, 0, halving=False))))
        for i, text in enumerate(HARMLESS):
            assert set(reports[i].learned) == {p.name for p in parse(text).parameters}
        assert reports[1].learned["beta"] != (1.0,) * len(reports[1].learned["beta"])

    def test_the_generators_of_the_process_are_left_as_found(
        self, evaluator: Evaluator, recipe: Recipe
    ) -> None:
        before = generators()
        list(evaluator.run(Job(HARMLESS, recipe, 0)))
        assert generators() == before

    def test_evaluator_job_and_reports_travel(self, evaluator: Evaluator, recipe: Recipe) -> None:
        job = Job(HARMLESS, recipe, 0, cutoffs={1: 0.0})
        there, task = pickle.loads(pickle.dumps((evaluator, job)))
        assert task == job
        reports = list(there.on("cpu").run(task))
        assert pickle.loads(pickle.dumps(reports)) == reports
        assert [r.candidates for r in reports] == [r.candidates for r in evaluator.run(job)]

    def test_a_text_that_is_no_candidate_is_an_error_not_a_score(
        self, evaluator: Evaluator, recipe: Recipe
    ) -> None:
        with pytest.raises(ActsearchError):
            list(evaluator.run(Job(("relux(x)",), recipe, 0)))

    def test_test_images_that_it_does_not_have_are_an_error(
        self, evaluator: Evaluator, recipe: Recipe
    ) -> None:
        with pytest.raises(ActsearchError, match="test"):
            list(evaluator.run(Job(HARMLESS, recipe, 0, test=True)))

    def test_test_accuracies_are_told_where_the_job_asks_and_change_nothing(
        self, evaluator: Evaluator, with_test: Evaluator, recipe: Recipe
    ) -> None:
        job = Job((*HARMLESS, DIVERGING), recipe, 0, halving=False)
        (untested,) = with_test.run(job)
        (tested,) = with_test.run(replace(job, test=True))
        (without,) = evaluator.run(job)
        assert untested.candidates[:3] == without.candidates[:3]
        assert all(candidate.test_accuracy is None for candidate in untested.candidates)
        shut = [replace(s, test_accuracy=None, test_correct=None) for s in tested.candidates[:3]]
        assert shut == [*untested.candidates[:3]]
        *accuracies, diverged = [candidate.test_accuracy for candidate in tested.candidates]
        assert diverged is None
        assert all(accuracy is not None and 0 < accuracy < 1 for accuracy in accuracies)
