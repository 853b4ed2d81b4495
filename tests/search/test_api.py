"""A search from Python: six lines, and settings that are checked before anything is made."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
import torch

import actsearch.search
from actsearch.evaluators import Images, load_test
from actsearch.evaluators.data.datasets import DataSet
from actsearch.search import (
    Home,
    InvalidSetting,
    NameTaken,
    NoSuchSearch,
    RunSettings,
    Search,
    SearchConfig,
)
from actsearch.search.storage.folder_lock import holder
from actsearch.search.storage.search_file import SearchFile
from actsearch.space import UnknownNameError, parse
from contracts.tiny import TINY, TINY_CONV

SMALL: dict[str, Any] = {
    "recipe": TINY,
    "second": TINY_CONV,
    "strategy": "random",
    "bracket": 3,
    "candidates": 3,
    "finalists": 1,
    "seeds": 2,
    "second_seeds": 0,
}


@pytest.mark.long
def test_the_best_is_a_module_with_its_verdict(home: Home) -> None:
    outcome = Search("mine", home=home.root, **SMALL).run()
    assert outcome.best is not None
    assert outcome.best.verdict in ("winner", "tie", "worse")
    module = outcome.best.module()
    x = torch.randn(8, 64)
    torch.testing.assert_close(module(x), parse(str(outcome.best.expression)).module()(x))
    assert outcome.shown
    with pytest.raises(NameTaken):
        Search("mine", home=home.root, **SMALL).run()


def test_the_test_set_stays_closed_until_the_confirmation(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []

    def watched(dataset: DataSet) -> Images:
        opened.append(1)
        return load_test(dataset)

    monkeypatch.setattr("actsearch.search.confirmation.opening.load_test", watched)
    outcome = Search("mine", home=home.root, **SMALL, confirm=False).run()
    assert not opened
    assert outcome.confirmation is None
    assert outcome.best is not None
    assert outcome.best.verdict == "unconfirmed"
    resumed = Search("mine", home=home.root, resume=True, confirm=True).run()
    assert len(opened) == 1
    assert resumed.confirmation is not None
    assert resumed.confirmation.openings == 1


def test_a_resumed_search_keeps_what_it_was_run_with(searched: Home) -> None:
    search = Search("mine", home=searched.root, resume=True, workers=2)
    launch = SearchFile.load(searched.folder(search.name)).settings
    assert (launch.workers, launch.seeds) == (1, 2), "nothing is stored before it runs"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lag": 9}, "was begun with lag 18, but got 9: leave it out to go on, or start a new"),
        ({"asynchronous": True}, "was begun with asynchronous False, but got True: leave it out"),
    ],
)
def test_a_search_is_not_resumed_with_another_lag(
    searched: Home, change: dict[str, Any], message: str
) -> None:
    Search("mine", home=searched.root, resume=True, lag=18, asynchronous=False)
    with pytest.raises(InvalidSetting, match=message):
        Search("mine", home=searched.root, resume=True, **change)


def test_an_asynchronous_search_has_no_lag(
    home: Home, stored: Callable[[Search], SearchFile]
) -> None:
    with pytest.raises(InvalidSetting, match="an asynchronous search has no lag, but got lag 9"):
        Search("mine", home=home.root, lag=9, asynchronous=True)
    file = stored(Search("mine", home=home.root, recipe=TINY, asynchronous=True))
    file.save(home.new_folder("mine"))
    with pytest.raises(InvalidSetting, match=r"'mine' was begun asynchronous, .* but got lag 18"):
        Search("mine", home=home.root, resume=True, lag=18)
    Search("mine", home=home.root, resume=True)


def test_equal_settings_may_be_given_again(searched: Home) -> None:
    Search("mine", home=searched.root, resume=True, recipe=TINY, seed=2)
    Search("mine", home=searched.root, resume=True, limit_data=None, space="core-1[network]")


def test_a_search_is_not_resumed_to_fewer_candidates_than_it_has_trained(searched: Home) -> None:
    with pytest.raises(InvalidSetting, match=r"trained 8 candidates already, but got .* 7"):
        Search("mine", home=searched.root, resume=True, candidates=7)
    folder = searched.folder("mine")
    file = SearchFile.load(folder)
    dataclasses.replace(file, settings=dataclasses.replace(file.settings, candidates=60)).save(
        folder
    )
    Search("mine", home=searched.root, resume=True, candidates=8)  # what is there is enough


def test_the_limit_of_the_data_may_be_given_again_with_any_recipe(
    home: Home, stored: Callable[[Search], SearchFile]
) -> None:
    arguments: dict[str, Any] = {"home": home.root, "recipe": "conv", "limit_data": 500}
    search = Search("mine", **arguments)
    stored(search).save(home.new_folder("mine"))
    Search("mine", home=home.root, resume=True, limit_data=500)
    Search("mine", resume=True, **arguments)
    with pytest.raises(InvalidSetting, match="was begun with recipe conv-"):
        Search("mine", home=home.root, resume=True, limit_data=600)


def test_the_second_network_is_another_than_the_first(
    home: Home, stored: Callable[[Search], SearchFile]
) -> None:
    for recipe, second in (("quick", "conv"), ("conv", "mlp")):
        config = stored(Search("mine", home=home.root, recipe=recipe)).config
        assert config.second is not None
        assert config.second.network == second
    with pytest.raises(InvalidSetting, match="second recipe's network must be another"):
        Search("mine", home=home.root, recipe="conv", second="conv")


def test_every_setting_is_a_keyword() -> None:
    fields = (*dataclasses.fields(SearchConfig), *dataclasses.fields(RunSettings))
    assert {field.name for field in fields} < set(inspect.signature(Search).parameters)


def test_every_mistake_is_told_at_once(home: Home) -> None:
    wrong: dict[str, Any] = {"seed": -1, "candidates": "3", "workers": 0, "confirm": 1}
    with pytest.raises(InvalidSetting) as caught:
        Search("mine", home=home.root, **wrong)
    assert str(caught.value) == (
        "seed must be at least 0 and below 2**32, but got -1; "
        "candidates must be a whole number, but got '3'; "
        "workers must be 1 to 1024, or auto, but got 0; confirm must be true or false, but got 1"
    )


def test_whole_numbers_of_numpy_are_taken(
    home: Home, stored: Callable[[Search], SearchFile]
) -> None:
    settings: dict[str, Any] = {"seed": 3, "bracket": 4, "workers": 2, "time_limit": 600}
    numbers: dict[str, Any] = {name: np.int64(value) for name, value in settings.items()}
    arguments: dict[str, Any] = {"home": home.root, "recipe": "conv"}
    mine = stored(Search("mine", limit_data=cast(Any, np.int32(500)), **numbers, **arguments))
    plain = stored(Search("mine", limit_data=500, **settings, **arguments))
    assert (mine.config, mine.settings) == (plain.config, plain.settings)
    with pytest.raises(InvalidSetting, match=r"seed must be a whole number, but got np.float64"):
        Search("mine", seed=cast(Any, np.float64(3)), **arguments)
    with pytest.raises(InvalidSetting, match=r"seed must be a whole number, but got np.True"):
        Search("mine", seed=cast(Any, np.True_), **arguments)


def test_a_setting_that_is_resumed_with_another_type_is_told_its_rule(searched: Home) -> None:
    wrong: dict[str, Any] = {"seed": "2"}
    with pytest.raises(InvalidSetting, match="seed must be a whole number, but got '2'"):
        Search("mine", home=searched.root, resume=True, **wrong)


def test_a_recipe_is_one_or_a_name_and_a_limit_a_number(home: Home) -> None:
    wrong: Any = 3
    with pytest.raises(InvalidSetting, match="limit data must be a whole number, but got '500'"):
        Search("mine", home=home.root, limit_data=cast(Any, "500"))
    for setting in ("recipe", "second"):
        with pytest.raises(InvalidSetting, match="a Recipe, or the name of one, but got 3"):
            Search("mine", home=home.root, **{setting: wrong})


def test_an_unknown_strategy_is_told_before_anything_is_made(home: Home) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'evolution'"):
        Search("mine", home=home.root, strategy="evolutoin").run()
    assert not home.searches.exists()


def test_a_search_that_is_not_there_cannot_be_resumed(searched: Home) -> None:
    with pytest.raises(NoSuchSearch, match="did you mean 'mine'"):
        Search("mien", home=searched.root, resume=True)


def test_every_name_that_the_package_offers_can_be_had() -> None:
    for name in set(dir(actsearch.search)) - {"__version__"}:
        assert getattr(actsearch.search, name).__name__ == name


def test_the_best_is_registered_while_the_search_is_locked(
    searched: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    holders: list[int | None] = []
    monkeypatch.setattr(
        "actsearch.search.tracking.register",
        lambda *_: holders.append(holder(searched.folder("mine"))),
    )
    Search("mine", home=searched.root, resume=True).run()
    assert holders == [os.getpid()]


@pytest.mark.long
def test_searches_without_a_name_have_one_each(home: Home) -> None:
    two = [Search(home=home.root, seed=seed, confirm=False, **SMALL) for seed in (0, 1)]
    assert {search.run().config.name for search in two} == {search.name for search in two}
    assert len(home.names()) == 2
