"""A confirmation on another data set, under another recipe, beside another network.

KMNIST is a small set in the published format here (contracts.tiny_sets): the real one cannot be
had where the tests run. FashionMNIST is the real one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from actsearch.evaluators import DATASETS, RECIPES, to_toml
from actsearch.evaluators.data import cache as data
from actsearch.evaluators.data import datasets
from actsearch.evaluators.data.datasets import CIFAR10, KMNIST
from actsearch.mlflow.client import local_uri
from actsearch.search import Home, InvalidSetting, Search
from actsearch.search.storage.confirmation_log import ConfirmationLog
from actsearch.search.storage.search_file import SearchFile
from contracts.tiny import TINY, TINY_CONV
from contracts.tiny_sets import tiny

pytestmark = pytest.mark.long

Verb = Callable[..., Any]


@pytest.fixture
def data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data cache of its own that has FashionMNIST, on a machine without a network."""
    real = data.data_root()
    root = tmp_path / "data"
    root.mkdir()
    (root / "FashionMNIST").symlink_to(real / "FashionMNIST")
    monkeypatch.setenv("ACTSEARCH_DATA", str(root))
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # port 9: nothing listens there
    return root


@pytest.fixture
def with_kmnist(data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the small set were what was published as KMNIST, with a copy in the cache."""
    small = tiny(KMNIST, tmp_path / "own")
    monkeypatch.setattr(datasets, "DATASETS", {**DATASETS, "kmnist": small})
    data.locate(small, copy=tmp_path / "own")


def mine(home: Home) -> ConfirmationLog:
    return ConfirmationLog(home.folder("mine"))


@pytest.mark.usefixtures("with_kmnist")
def test_a_second_data_set_stands_in_the_same_table(actsearch: Verb, searched: Home) -> None:
    before = mine(searched)
    output = actsearch("confirm", "mine", "--also-on", "kmnist", "--json", "--home", searched.root)
    assert output.status == 0, output.err
    shown = json.loads(output.out)
    places = {(row["network"], row["dataset"]) for row in shown["rows"]}
    assert places == {("mlp", "fashion-mnist"), ("conv", "fashion-mnist"), ("mlp", "kmnist")}
    first = [row for row in shown["rows"] if row["dataset"] == "fashion-mnist"]
    other = [row for row in shown["rows"] if row["dataset"] == "kmnist"]
    assert {row["name"] for row in other} == {row["name"] for row in first}
    assert {tuple(row["seeds"]) for row in other if not row["diverged"]} == {
        tuple(first[0]["seeds"])
    }
    assert all(row["verdict"] for row in other if row["role"] == "finalist")

    # FashionMNIST's trainings were on record, so its test set stayed closed this time.
    after = mine(searched)
    assert after.openings[: len(before.openings)] == before.openings
    (opening,) = after.openings[len(before.openings) :]
    assert opening.dataset == "kmnist"
    assert shown["test_set_openings"] == 1
    assert shown["test_set_openings_elsewhere"] == {"kmnist": 1}
    new = set(after.trainings) - set(before.trainings)
    assert len(new) == len(other) * 2
    assert len({digest for digest, _, _ in new}) == 1

    again = actsearch("confirm", "mine", "--home", searched.root)
    assert mine(searched).openings == after.openings, "shown again, not opened again"
    assert "\nmlp on kmnist" in again.out
    assert "That of kmnist was opened 1 time." in again.out
    client = MlflowClient(local_uri(searched.root))
    (experiment,) = client.search_experiments(filter_string="name LIKE '%mine'")
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    keys = {key for run in runs for key in run.data.metrics}
    mean = "test_percent_mean"
    assert {f"mlp/{mean}", f"conv/{mean}", f"mlp on kmnist/{mean}"} <= keys


@pytest.mark.usefixtures("with_kmnist")
def test_a_search_takes_the_second_data_set_along(home: Home) -> None:
    settings: dict[str, Any] = {
        "recipe": TINY, "second": TINY_CONV, "strategy": "random", "bracket": 3, "candidates": 3,
        "finalists": 1, "seeds": 2, "second_seeds": 0, "also_on": "kmnist",
    }  # fmt: skip
    outcome = Search("mine", home=home.root, **settings).run()
    assert outcome.confirmation is not None
    assert {row.where for row in outcome.confirmation.rows} == {
        "mlp on fashion-mnist",
        "mlp on kmnist",
    }
    assert outcome.best is not None
    assert set(outcome.best.facts["numbers"]) == {"mlp", "mlp on kmnist"}
    assert [opening.dataset for opening in mine(home).openings] == ["fashion-mnist", "kmnist"]
    assert SearchFile.load(home.folder("mine")).settings.also_on == "kmnist"


@pytest.mark.usefixtures("data_root")
def test_data_that_cannot_be_had_are_told_before_anything_is_trained(
    actsearch: Verb, searched: Home
) -> None:
    before = mine(searched)
    output = actsearch("confirm", "mine", "--also-on", "kmnist", "--home", searched.root)
    assert output.status == 1
    assert "KMNIST is not in" in output.err
    assert "`actsearch data kmnist --from DIR`" in output.err
    assert (mine(searched).openings, mine(searched).trainings) == (
        before.openings,
        before.trainings,
    )
    output = actsearch("search", "--name", "new", "--also-on", "kmnist", "--home", searched.root)
    assert output.status == 1
    assert "KMNIST is not in" in output.err
    assert searched.names() == ["mine"]


def test_the_search_s_own_data_set_is_no_other_one(searched: Home, actsearch: Verb) -> None:
    output = actsearch("confirm", "mine", "--also-on", "fashion-mnist", "--home", searched.root)
    assert output.status == 1
    assert "the data set of --also-on must be another, but got fashion-mnist" in output.err


def test_expressions_are_confirmed_under_the_recipes_given(
    actsearch: Verb, home: Home, tmp_path: Path
) -> None:
    for recipe in (TINY, TINY_CONV):
        (tmp_path / f"{recipe.network}.toml").write_text(to_toml(recipe))
    output = actsearch(
        "confirm", "sin(x)", "--seeds", "2", "--json", "--home", home.root,
        "--recipe", tmp_path / "conv.toml", "--second", tmp_path / "mlp.toml",
    )  # fmt: skip
    assert output.status == 0, output.err
    networks = [row["network"] for row in json.loads(output.out)["rows"]]
    assert list(dict.fromkeys(networks)) == ["conv", "mlp"], "the first decides"
    trained = {recipe for recipe, _, _ in ConfirmationLog(home.root / "confirmations").trainings}
    assert trained == {TINY.digest, TINY_CONV.digest}


@pytest.mark.parametrize("option", ["--recipe", "--second"])
def test_a_recipe_that_scores_on_the_test_set_is_refused_with_the_next_step(
    actsearch: Verb, home: Home, option: str
) -> None:
    output = actsearch("confirm", "sin(x)", option, "dldna", "--home", home.root)
    assert output.status == 1
    assert "use dldna-validation" in output.err
    assert not (home.root / "confirmations").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--second", "standard"), "second recipe's network must be another, but got mlp"),
        (("--recipe", "convv"), "unknown recipe 'convv'; did you mean 'conv'"),
        (("--recipe", "none.toml"), "recipe file none.toml cannot be read"),
    ],
)
def test_recipes_that_do_not_fit_are_refused(
    actsearch: Verb, home: Home, options: tuple[str, ...], message: str
) -> None:
    output = actsearch("confirm", "sin(x)", *options, "--home", home.root)
    assert output.status == 1
    assert message in output.err


@pytest.mark.parametrize("option", ["--recipe", "--second"])
def test_a_search_is_confirmed_under_its_own_recipes(
    actsearch: Verb, finished: Home, option: str
) -> None:
    output = actsearch("confirm", "mine", option, "standard", "--home", finished.root)
    assert output.status == 1
    assert f"{option} is for expressions: a search has its own recipes" in output.err


def test_the_second_network_can_be_chosen_and_follows_the_data_set(
    home: Home, stored: Callable[[Search], SearchFile]
) -> None:
    search = Search("mine", home=home.root, second="resnet20", recipe=RECIPES["standard"])
    assert stored(search).config.second == RECIPES["resnet20"]
    cifar10 = TINY.from_dict({"dataset": "cifar10"}, TINY)
    config = stored(Search("mine", home=home.root, recipe=cifar10, limit_data=300)).config
    assert config.second is not None
    assert (config.second.network, config.second.dataset) == ("conv", CIFAR10.name)
    with pytest.raises(
        InvalidSetting, match=r"data set must be that of the first, cifar10 \(--al"
    ):
        Search("mine", home=home.root, recipe=cifar10, second=TINY_CONV)
