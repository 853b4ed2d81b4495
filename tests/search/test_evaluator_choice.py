"""A search of one's own network: stored by name, resumed, confirmed, never mixed with others."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actsearch.evaluators import (
    Evaluator,
    EvaluatorError,
    ImageClassification,
    Job,
    Recipe,
    RungReport,
)
from actsearch.search import Home, InvalidSetting, Search, SearchFailed
from actsearch.search.evaluator_choice import (
    NamedEvaluator,
    chosen,
    evaluator_for,
    recipe_of,
)
from actsearch.search.progress import Silent
from actsearch.search.storage.confirmation_log import ConfirmationLog
from actsearch.search.storage.search_file import SearchFile
from contracts import own
from contracts.tiny import TINY

pytestmark = pytest.mark.long

Verb = Callable[..., Any]
NAME = "contracts.own:evaluator"
SMALL: dict[str, Any] = {
    "strategy": "random",
    "seed": 2,
    "bracket": 3,
    "candidates": 3,
    "finalists": 1,
    "seeds": 2,
}


@pytest.fixture(scope="module")
def ran(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with the search `mine` of an own network, confirmed."""
    root = tmp_path_factory.mktemp("own") / "home"
    shutil.copytree(empty_home, root)
    Search("mine", home=root, evaluator=NAME, **SMALL).run()
    return Home(root)


def stored(home: Home, name: str = "mine") -> SearchFile:
    return SearchFile.load(home.folder(name))


def test_its_name_and_its_recipe_are_stored_and_in_the_digest(ran: Home) -> None:
    config = stored(ran).config
    assert config.evaluator == NAME
    assert config.recipe.evaluator.startswith(f"{NAME} model-")
    assert config.recipe.rungs == own.RECIPE.rungs
    assert config.recipe.digest not in {own.RECIPE.digest, own.evaluator().recipe.digest}


def test_it_is_confirmed_in_that_network_alone_and_its_test_data_opened_once(ran: Home) -> None:
    log = ConfirmationLog(ran.folder("mine"))
    assert {t.recipe for t in log.trainings.values()} == {stored(ran).config.recipe.digest}
    assert [o.dataset for o in log.openings] == ["own data"]
    assert all(t.test_accuracy is not None for t in log.trainings.values() if t.reason is None)


def test_the_table_names_network_and_data(ran: Home, actsearch: Verb) -> None:
    output = actsearch("confirm", "mine", "--home", ran.root)
    assert output.status == 0, output.err
    assert output.out.startswith("own-mlp")
    assert "Test set opened 1 time in this home" in output.out


def test_it_goes_on_by_its_stored_name(ran: Home, tmp_path: Path) -> None:
    before = stored(ran).config
    copied = shutil.copytree(ran.root, tmp_path / "home")
    outcome = Search("mine", home=copied, resume=True, candidates=4).run()
    assert outcome.config == before
    assert len([c for c in outcome.trials if c.entered_training]) >= 4


def test_leaderboard_and_export_do_without_the_users_module(
    ran: Home, actsearch: Verb, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def gone(name: str) -> None:
        raise AssertionError("imported")

    monkeypatch.setattr("actsearch.search.evaluator_choice.evaluator_from_name", gone)
    assert actsearch("leaderboard", "mine", "--home", ran.root).status == 0
    output = actsearch("export", "mine", "-o", tmp_path / "best", "--home", ran.root)
    assert output.status == 0, output.err


def test_a_network_that_has_changed_since_is_refused(
    ran: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "network", own.wide)
    with pytest.raises(InvalidSetting, match="its network, data, scores or numbers have changed"):
        Search("mine", home=ran.root, resume=True)


def test_another_evaluator_is_refused(ran: Home) -> None:
    with pytest.raises(
        InvalidSetting, match=f"was begun with evaluator {NAME}, but got contracts"
    ):
        Search("mine", home=ran.root, resume=True, evaluator="contracts.own:without_test")


def test_without_test_data_it_ends_with_the_leaderboard_and_says_why(
    home: Home, actsearch: Verb
) -> None:
    name = "contracts.own:without_test"
    small = ("--candidates", "2", "--strategy", "random", "--seed", "2", "--home", home.root)
    output = actsearch("search", "--name", "shut", "--evaluator", name, *small)
    assert output.status == 0, output.err
    assert (
        "no confirmation: the evaluator has no test data (ModelEvaluator takes test=…"
        in output.err
    )
    assert "val acc" in output.out
    assert not ConfirmationLog(home.folder("shut")).openings
    output = actsearch("confirm", "shut", "--home", home.root)
    assert output.status == 1
    assert f"no confirmation of {name}: the evaluator has no test data" in output.err
    assert output.err.count("the evaluator has no test data") == 1


class Expected(Silent):
    """Remembers the seconds that were expected, of the search and of the confirmation."""

    def __init__(self) -> None:
        self.left: list[float] = []
        self.later: list[float | None] = []

    def expect(self, left: float | None, later: float | None = None) -> None:
        self.left += [] if left is None else [left]
        self.later.append(later)


@pytest.mark.parametrize(
    ("evaluator", "is_confirmed"),
    [("core-1-table", False), ("contracts.own:without_test", False), (NAME, True)],
)
def test_no_time_is_expected_for_a_confirmation_that_cannot_be(
    evaluator: str, is_confirmed: bool, home: Home
) -> None:
    expected = Expected()
    settings: dict[str, Any] = {"candidates": 3, "strategy": "random", "seeds": 2, "finalists": 1}
    Search("mine", home=home.root, evaluator=evaluator, reporter=expected, **settings).run()
    assert any(later is not None for later in expected.later) == is_confirmed


def test_no_more_time_is_expected_than_a_time_limit_leaves(home: Home) -> None:
    expected = Expected()
    settings: dict[str, Any] = {"recipe": TINY, "strategy": "random", "confirm": False}
    settings |= {"candidates": 100_000, "time_limit": 2.0}  # which would take most of an hour
    Search("mine", home=home.root, reporter=expected, **settings).run()
    assert expected.left
    assert max(expected.left) < 60, "what is left until the limit, and a bracket"


def test_a_table_s_search_ends_with_the_leaderboard_and_says_how_a_formula_is_confirmed(
    home: Home, actsearch: Verb
) -> None:
    place = ("--home", home.root)
    small = ("--candidates", "2", "--strategy", "random", *place)
    output = actsearch("search", "--name", "looked", "--evaluator", "core-1-table", *small)
    assert output.status == 0, output.err
    why = "a table has no test data, so what stands is the leaderboard, by validation data; "
    assert f"no confirmation: {why}`actsearch confirm FORMULA` trains" in output.err
    assert "ModelEvaluator" not in output.err
    output = actsearch("confirm", "looked", *place)
    assert output.status == 1
    assert f"no confirmation of core-1-table: {why}" in output.err


def test_a_recipe_file_names_no_evaluator(home: Home, actsearch: Verb, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('evaluator = "mine:evaluator"\nrungs = [1]\n')
    output = actsearch("score", "relu(x)", "--recipe", path, "--home", home.root)
    assert output.status == 1
    assert "--evaluator names an evaluator of your own, a recipe does not" in output.err
    with pytest.raises(InvalidSetting, match=r"is of evaluator mine:Custom, which has to be chos"):
        Search("mine", home=home.root, recipe=dataclasses.replace(TINY, evaluator="mine:Custom"))


def test_a_limit_of_the_data_leaves_images_to_score_by(
    home: Home, actsearch: Verb, tmp_path: Path
) -> None:
    path = tmp_path / "few.toml"
    path.write_text('base = "brief"\nvalidation = 60\n')
    few = ("--recipe", path, "--limit-data", "300", "--home", home.root)
    output = actsearch("score", "relu(x)", *few)
    assert output.status == 1
    assert "limit data of few must be so many that 25 are held out (it has 1), but g" in output.err


def test_a_second_network_is_trained_where_it_is_asked_for(home: Home) -> None:
    second = dataclasses.replace(TINY, rungs=(1,))
    settings = {**SMALL, "second": second, "second_seeds": 2}
    outcome = Search("mine", home=home.root, evaluator=NAME, **settings).run()
    assert outcome.confirmation is not None
    assert [row.where for row in outcome.confirmation.rows[::7]] == [
        "own-mlp on own data",
        "mlp on fashion-mnist",
    ]
    openings = [o.dataset for o in ConfirmationLog(outcome.folder).openings]
    assert sorted(openings) == ["fashion-mnist", "own data"]


def test_an_object_is_stored_by_a_name_only_if_that_makes_it_again(home: Home) -> None:
    made = own.without_test()
    assert chosen(own.AnyRecipe()).name == "contracts.own:AnyRecipe"
    search = Search("mine", home=home.root, evaluator=made, confirm=False, **SMALL)
    outcome = search.run()
    assert outcome.config.evaluator == "actsearch.evaluators.model:ModelEvaluator given in Python"
    with pytest.raises(
        InvalidSetting, match=r"was given to Search as an object.* go on in Python"
    ):
        Search("mine", home=home.root, resume=True)
    Search("mine", home=home.root, resume=True, evaluator=made)
    with pytest.raises(InvalidSetting, match="have changed"):
        Search("mine", home=home.root, resume=True, evaluator=own.made(validation=90))


def test_what_is_no_evaluator_is_told(home: Home) -> None:
    broken: Any = object()
    with pytest.raises(EvaluatorError, match="builtins:object is no evaluator"):
        Search("mine", home=home.root, evaluator=broken)


def test_one_with_a_recipe_takes_no_other_and_no_limit() -> None:
    named = chosen(NAME)
    with pytest.raises(
        InvalidSetting, match=r"has a recipe of its own, own-mlp-\w+, and takes no"
    ):
        recipe_of(named, "standard")
    with pytest.raises(
        InvalidSetting, match=r"--limit-data cuts the data sets we fetch: evaluator"
    ):
        recipe_of(named, None, 500)


def test_a_recipe_is_limited_to_fewer_images_than_it_has() -> None:
    brief = Recipe(name="brief", rungs=(1, 3), limit=3_000, validation=600)
    assert recipe_of(chosen(None), brief, 3_000) == brief
    assert recipe_of(chosen(None), brief, 1_000).validation == 200
    with pytest.raises(InvalidSetting, match="limit data of brief must be at most 3000, its own"):
        recipe_of(chosen(None), brief, 4_000)


def test_one_without_a_recipe_takes_any_under_its_name() -> None:
    named = chosen("contracts.own:AnyRecipe")
    taken = recipe_of(named, "standard")
    assert (taken.rungs, taken.evaluator) == ((2, 5, 15), "contracts.own:AnyRecipe")
    assert recipe_of(named).name == "quick"
    assert taken.digest != Recipe(name="standard", rungs=(2, 5, 15), weight_decay=1e-2).digest


def test_jobs_go_to_the_evaluator_of_their_recipe() -> None:
    report = RungReport(epoch=7, candidates=(), seconds=0.0)

    class Custom(Evaluator):
        def on(self, device: str) -> Custom:
            return self

        def run(self, job: Job) -> Iterator[RungReport]:
            return iter([report])

    own_recipe = Recipe(evaluator="mine:Custom")
    both = evaluator_for(NamedEvaluator("mine:Custom", Custom()), [TINY, own_recipe])
    assert list(both.on("cpu").run(Job(("tanh(x)",), own_recipe, 0))) == [report]
    assert [r.epoch for r in both.run(Job(("tanh(x)",), TINY, 0))] == list(TINY.rungs)
    assert isinstance(evaluator_for(NamedEvaluator(), [TINY]), ImageClassification)


class Broken(Evaluator):
    """An evaluator whose `check` finds that the images do not fit."""

    recipe = dataclasses.replace(TINY, evaluator="broken")

    def on(self, device: str) -> Broken:
        return self

    def check(self) -> None:
        raise EvaluatorError("images of 5 pixels")

    def run(self, job: Job) -> Iterator[RungReport]:
        raise AssertionError("trained")


def test_what_the_first_try_finds_is_told_before_anything_is_made(home: Home) -> None:
    with pytest.raises(EvaluatorError, match="images of 5 pixels"):
        Search("mine", home=home.root, evaluator=Broken(), **SMALL).run()
    assert home.names() == []


class Percent(Broken):
    """Reports percentages."""

    def check(self) -> None: ...

    def run(self, job: Job) -> Iterator[RungReport]:
        for report in own.without_test().run(job):
            wrong = (
                dataclasses.replace(s, val_accuracy=100 * s.val_accuracy)
                for s in report.candidates
            )
            yield dataclasses.replace(report, candidates=tuple(wrong))


def test_an_evaluator_that_breaks_a_rule_stops_the_search_with_the_rule(home: Home) -> None:
    with pytest.raises(SearchFailed, match=r"evaluator Percent, report of epoch 1: .* a fraction"):
        Search("mine", home=home.root, evaluator=Percent(), **SMALL).run()
