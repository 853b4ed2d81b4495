"""A search exists once everything it needs has answered; before that nothing is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from actsearch.mlflow.client import TrackingError, TrackingRefused, local_uri
from actsearch.mlflow.tracker import Tracker
from actsearch.search import Home, HomeUnusable, InvalidSetting, NameTaken, Search
from actsearch.search.storage.search_file import SearchFile
from actsearch.search.storage.trial_reader import read_trials
from actsearch.space import ActsearchError
from contracts.tiny import TINY, TINY_CONV

SMALL: dict[str, Any] = {
    "recipe": TINY, "second": TINY_CONV, "strategy": "random", "bracket": 3, "candidates": 3,
    "confirm": False,
}  # fmt: skip
NOWHERE = "127.0.0.1:9"  # the discard port: nothing listens there


def fails_in_mlflow(patch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise TrackingRefused("no experiment for you")

    patch.setattr(Tracker, "open_search", refuse)


def fails_at_the_server(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("MLFLOW_TRACKING_URI", f"http://{NOWHERE}")


def experiments(home: Home) -> list[str]:
    listed = MlflowClient(local_uri(home.root)).search_experiments()
    return [experiment.name for experiment in listed if experiment.name != "Default"]


@pytest.mark.parametrize(
    ("harm", "settings"),
    [(fails_in_mlflow, {}), (fails_at_the_server, {}), (None, {"ray_address": NOWHERE})],
)
def test_a_search_that_never_began_leaves_nothing_and_the_corrected_command_works(
    harm: Callable[[pytest.MonkeyPatch], None] | None, settings: dict[str, Any], home: Home
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if harm is not None:
            harm(patch)
        with pytest.raises(ActsearchError):
            Search("mine", home=home.root, **SMALL, **settings).run()
    assert not home.searches.exists()
    assert experiments(home) == []
    assert Search("mine", home=home.root, **SMALL | {"candidates": 2}).run().best is not None


def test_a_resume_that_never_began_changes_no_setting(searched: Home) -> None:
    folder = searched.folder("mine")
    before = SearchFile.load(folder).settings
    with pytest.raises(InvalidSetting, match="no Ray cluster answers"):
        Search("mine", home=searched.root, resume=True, ray_address=NOWHERE).run()
    with pytest.MonkeyPatch.context() as patch:
        fails_in_mlflow(patch)
        with pytest.raises(TrackingError):
            Search("mine", home=searched.root, resume=True, candidates=9).run()
    assert SearchFile.load(folder).settings == before
    assert not (folder / "config.json.partial").exists()


def test_a_search_without_its_configuration_is_not_gone_on_with_by_a_new_one(
    searched: Home,
) -> None:
    (searched.folder("mine") / "config.json").unlink()
    before = len(read_trials(searched.searches / "mine"))
    with pytest.raises(NameTaken, match=r"study.db.*, but no file config.json.*delete mine"):
        Search("mine", home=searched.root, **SMALL).run()
    assert len(read_trials(searched.searches / "mine")) == before
    searched.delete("mine")
    searched.check_free("mine")


def test_a_confirmed_result_whose_record_is_gone_is_not_confirmed_again_without_a_word(
    searched: Home,
) -> None:
    (searched.folder("mine") / "confirmation.jsonl").unlink()
    with pytest.raises(HomeUnusable, match=r"record of its trainings.*opens the test set again"):
        Search("mine", home=searched.root, resume=True).run()
    assert not Path(searched.folder("mine") / "confirmation.jsonl").exists()
