"""config.json of a search's folder: it comes back as it was, and what cannot be read is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actsearch.search import InvalidSetting, RunSettings, SearchConfig
from actsearch.search.storage.search_file import SearchFile
from actsearch.space.analysis.fingerprint_versions import FINGERPRINTS
from contracts.tiny import CONFIG, TINY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the search `mine`."""
    folder = tmp_path / "mine"
    folder.mkdir()
    return folder


def test_a_file_comes_back_as_it_was(folder: Path) -> None:
    file = SearchFile(CONFIG, RunSettings(time_limit=0.1, also_on="kmnist"))
    file.save(folder)
    assert SearchFile.load(folder) == file


def test_the_stored_format_is_that_of_the_first_release(folder: Path) -> None:
    SearchFile(SearchConfig(name="mine", recipe=TINY, second=None), RunSettings()).save(folder)
    stored = {
        "schema": 1,
        "config": {
            "name": "mine", "space": "core-1", "strategy": "surrogate",
            "recipe": TINY.to_dict(), "evaluator": "built-in", "second": None,
            "seed": 0, "bracket": 9, "lag": 18, "prior": [], "asynchronous": False,
            "max_cost": None, "objectives": ["accuracy"],
        },
        "launch": {
            "candidates": 60, "time_limit": None, "rung_limit": None, "workers": 1,
            "gpus_per_worker": 0.0, "ray_address": None, "confirm": True, "finalists": 3,
            "seeds": 5, "second_seeds": 3, "also_on": None,
        },
        "fingerprints": 1,
        "novelty": 3,
        "id": "",
    }  # fmt: skip
    assert (folder / "config.json").read_text() == json.dumps(stored, indent=2) + "\n"


def test_a_file_from_before_a_setting_was_there_has_its_default(folder: Path) -> None:
    SearchFile(CONFIG, RunSettings()).save(folder)
    path = folder / "config.json"
    stored = json.loads(path.read_text())
    del stored["config"]["max_cost"], stored["config"]["objectives"]
    del stored["config"]["evaluator"], stored["launch"]["rung_limit"], stored["launch"]["also_on"]
    path.write_text(json.dumps(stored))
    assert SearchFile.load(folder) == SearchFile(CONFIG, RunSettings())


def test_a_search_of_before_there_was_a_lag_goes_on_asynchronous_as_it_was(
    folder: Path,
) -> None:
    SearchFile(CONFIG, RunSettings()).save(folder)
    path = folder / "config.json"
    stored = json.loads(path.read_text())
    del stored["config"]["lag"], stored["config"]["asynchronous"]
    del stored["novelty"], stored["id"]
    path.write_text(json.dumps(stored))
    file = SearchFile.load(folder)
    assert file.config.asynchronous
    assert file.novelty == 1, "and its finalists are those of its confirmation"
    assert file.id == "", "a server knows it by its name"
    file.save(folder)
    assert SearchFile.load(folder) == file


def test_a_new_search_has_the_newest_fingerprints_and_a_file_without_a_version_the_first(
    folder: Path,
) -> None:
    file = SearchFile.of({"name": "mine", "second": None, "recipe": TINY}, {})
    assert file.fingerprints == max(FINGERPRINTS)
    file.save(folder)
    assert SearchFile.load(folder) == file
    path = folder / "config.json"
    stored = json.loads(path.read_text())
    del stored["fingerprints"]
    path.write_text(json.dumps(stored))
    assert SearchFile.load(folder).fingerprints == 1


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda stored: {**stored, "schema": 2}, "has format 2, but this version reads 1"),
        (
            lambda stored: {"schema": 1},
            r"is damaged \(config is missing; launch is missing\): restore it",
        ),
        (
            lambda stored: {**stored, "launch": {"wrokers": 2, "seeds": "5"}},
            r"is damaged \(seeds must be a whole number, but got '5'; there is no wrokers\)",
        ),
        (lambda stored: [], "is damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_every_mistake(
    folder: Path, damage: Callable[[Any], Any], message: str
) -> None:
    SearchFile(CONFIG, RunSettings()).save(folder)
    path = folder / "config.json"
    path.write_text(json.dumps(damage(json.loads(path.read_text()))))
    with pytest.raises(InvalidSetting, match=message) as caught:
        SearchFile.load(folder)
    assert str(path) in str(caught.value)
