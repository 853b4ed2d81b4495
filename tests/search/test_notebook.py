"""Searches in a notebook: short texts, escaped pages, plots, DataFrames."""

from __future__ import annotations

import dataclasses
import html
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

import actsearch.search
from actsearch.search import Confirmation, Home, InvalidSetting, Outcome, Search, Status, Trial
from actsearch.search.reports.confirmation import row_json, row_sentence
from actsearch.search.reports.outcome_display import leaderboard_html
from actsearch.search.storage.search_file import SearchFile
from actsearch.space import PackageMissing, UnknownNameError
from contracts.tiny import TINY


@pytest.fixture(scope="module")
def outcome(finished: Home, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Of `mine`, which had ended: nothing is trained."""
    root = Path(shutil.copytree(finished.root, tmp_path_factory.mktemp("again") / "home"))
    return Search("mine", home=root, resume=True).run()


@pytest.fixture
def confirmation(outcome: Outcome) -> Confirmation:
    assert outcome.confirmation is not None
    return outcome.confirmation


def test_reprs_are_one_short_line_that_names_the_search_and_its_best(
    outcome: Outcome, confirmation: Confirmation
) -> None:
    assert outcome.best is not None
    formula = str(outcome.best.expression)
    assert repr(outcome) == (
        f"<Outcome of 'mine': 8 candidates, best {formula} "
        f"(trial {outcome.best.trial}, {outcome.best.verdict})>"
    )
    assert formula in repr(outcome.best)
    assert repr(confirmation).startswith(f"<Confirmation: {formula} ")
    shown = [outcome, outcome.best, confirmation, *confirmation.rows, *outcome.trials]
    assert all("\n" not in repr(value) and len(repr(value)) < 200 for value in shown)
    assert repr(Status(name="mine", state="searching", entered=3, candidates=9)) == (
        "<Status of 'mine': searching, 3 of 9>"
    )


def test_the_page_of_an_outcome_has_the_verdict_the_picture_and_both_tables(
    outcome: Outcome, confirmation: Confirmation
) -> None:
    page = outcome._repr_html_()
    root = ElementTree.fromstring(page.replace("<br>", "<br/>"))
    assert len(list(root.iter("svg"))) == 1
    cells = {cell.text for cell in root.iter("td")}
    assert {row.name for row in confirmation.rows} <= cells
    numbers = {str(trial.number) for trial in outcome.trials if trial.trained}
    assert numbers <= cells
    assert html.escape(f"{outcome.best.expression}") in page if outcome.best else False


def test_a_hostile_formula_is_text_in_the_page(outcome: Outcome) -> None:
    trial = Trial(
        number=1,
        expression="<img src=x onerror=alert(1)>",
        state="infeasible",
        reason="<b>\x1b[2J",
    )
    page = leaderboard_html(outcome.config, [trial])
    assert "<img" not in page
    assert "<b>" not in page
    assert "\x1b" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_the_plot_of_an_outcome_has_every_score_and_the_best_so_far(outcome: Outcome) -> None:
    axes = Figure().add_subplot()
    assert outcome.plot(axes) is axes
    scored = [xy for dots in axes.collections for xy in np.asarray(dots.get_offsets())]
    assert len(scored) == sum(t.state in ("complete", "pruned") for t in outcome.trials)
    best = np.asarray(axes.lines[0].get_ydata())
    assert (np.diff(best) >= 0).all()


def test_the_plot_of_a_confirmation_has_a_row_for_each_function(
    confirmation: Confirmation,
) -> None:
    for where in (None, confirmation.rows[-1].network):
        axes = confirmation.plot(where, Figure().add_subplot())
        names = {label.get_text() for label in axes.get_yticklabels()}
        assert names == {row.name for row in confirmation.rows}
    with pytest.raises(UnknownNameError, match="network of the confirmation 'mpl'; did you mean"):
        confirmation.plot("mpl")


def test_a_plot_never_mixes_data_sets(confirmation: Confirmation) -> None:
    rows = [row for row in confirmation.rows if row.where == confirmation.rows[0].where]
    elsewhere = [dataclasses.replace(row, dataset="kmnist") for row in rows]
    both = dataclasses.replace(confirmation, rows=(*rows, *elsewhere))
    for where, dataset in ((rows[0].network, rows[0].dataset), (elsewhere[0].where, "kmnist")):
        axes = both.plot(where, Figure().add_subplot())
        assert len(axes.get_yticklabels()) == len(rows)
        assert axes.get_title() == f"{rows[0].network} on {dataset}"


def test_what_failed_on_every_seed_has_no_score_anywhere(confirmation: Confirmation) -> None:
    row = dataclasses.replace(
        confirmation.rows[0], seeds=(), val_accuracies=(), test_accuracies=(), test_correct=(),
        diverged=3, comparison=None,
    )  # fmt: skip
    assert (row.test_mean, row.val_mean, row_json(row)["test_mean"]) == (None, None, None)
    assert row_sentence(row) == f"{row.where}: no score, it failed on 3 seeds."
    assert "no score" in repr(row)
    table = dataclasses.replace(confirmation, rows=(row,)).to_pandas()
    assert list(table.test_mean.isna()) == [True]


def test_the_data_frames_have_the_numbers_of_the_objects(
    outcome: Outcome, confirmation: Confirmation
) -> None:
    frame = outcome.to_pandas()
    scores = {t.number: t.val_accuracy for t in outcome.trials if t.trained}
    known = frame[frame.val_accuracy.notna()].set_index("trial").val_accuracy
    assert dict(known) == {n: score for n, score in scores.items() if score is not None}
    assert set(frame.trial) == set(scores)
    table = confirmation.to_pandas()
    assert list(table.name) == [row.name for row in confirmation.rows]
    assert list(table.test_mean) == [row.test_mean for row in confirmation.rows]
    trainings = confirmation.to_pandas(by_seed=True)
    assert len(trainings) == sum(len(row.seeds) for row in confirmation.rows)
    means = trainings.groupby(["network", "name"]).test_accuracy.mean()
    for row in confirmation.rows:
        assert means[(row.network, row.name)] == pytest.approx(row.test_mean)


def test_without_pandas_the_rest_works(
    outcome: Outcome, confirmation: Confirmation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    outcome._repr_html_()
    for value in (outcome, confirmation):
        with pytest.raises(PackageMissing, match="pip install pandas"):
            value.to_pandas()


def test_the_version_is_that_of_the_installed_package() -> None:
    assert actsearch.search.__version__ == version("actsearch")


def test_limits_of_time_may_be_written_as_on_the_command_line(
    home: Home, stored: Callable[[Search], SearchFile]
) -> None:
    search = Search("mine", home=home.root, recipe=TINY, time_limit="10m", rung_limit="1.5h")
    assert repr(search).startswith("<Search 'mine': 60 candidates of core-1 by surrogate, recipe")
    settings = stored(search).settings
    assert (settings.time_limit, settings.rung_limit) == (600.0, 5400.0)
    with pytest.raises(InvalidSetting, match="time limit must be a number of seconds, or a text"):
        Search("mine", home=home.root, recipe=TINY, time_limit="soon")
