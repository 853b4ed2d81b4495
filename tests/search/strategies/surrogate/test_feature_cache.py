"""Features and expectations are reckoned once on a machine; what is read is what was reckoned."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from actsearch.evaluators import table_from_name
from actsearch.search.strategies.surrogate import feature_cache
from actsearch.search.strategies.surrogate.feature_cache import (
    KEPT,
    LEAST,
    cached_expectations,
    cached_features,
)
from actsearch.search.strategies.surrogate.gaussian_process import GaussianProcess
from actsearch.search.strategies.surrogate.pool import Pool, features_of_whole
from actsearch.search.strategies.surrogate.prior import Prior
from actsearch.space import space_from_name
from actsearch.space.analysis.features import LENGTH, features_of

NAMES = [f"candidate {number}" for number in range(LEAST)]

Array = npt.NDArray[np.float64]


class Reckoning:
    """Rows drawn once, with NaN among them, and how often they were asked for."""

    def __init__(self) -> None:
        self.rows = np.random.default_rng(0).normal(size=(LEAST, LENGTH))
        self.rows[3] = np.nan
        self.calls = 0

    def __call__(self) -> Array:
        self.calls += 1
        return self.rows.copy()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACTSEARCH_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "features"


def the_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_another_process_reads_the_same_bits(folder: Path) -> None:
    reckoning = Reckoning()
    first = cached_features(NAMES, reckoning)
    again = cached_features(NAMES, reckoning)
    assert reckoning.calls == 1
    assert first.tobytes() == again.tobytes() == reckoning.rows.tobytes()
    for rows in (first, again):
        with pytest.raises(ValueError, match="read-only"):
            rows[0] = 0


def test_those_of_a_space_are_its_own_in_order(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_cache, "LEAST", 1)
    space = space_from_name("core-1:unary=x,sin(x),tanh(x):binary=x1*x2,x1+x2")
    features = features_of_whole.__wrapped__
    reckoned, read = features(space), features(space)
    assert the_file(folder)
    assert list(read) == list(reckoned)
    alone = features_of(space.decode(dict(key)) for key in read)
    assert np.stack(list(read.values())).tobytes() == alone.tobytes()


def write_other(path: Path, rows: Any) -> None:
    with path.open("wb") as file:
        np.save(file, rows)


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(b""),
        lambda path: os.truncate(path, path.stat().st_size - 1),
        lambda path: path.write_bytes(b"x" * path.stat().st_size),
        lambda path: write_other(path, np.zeros((LENGTH, LEAST))),
        lambda path: write_other(path, np.zeros((LEAST, LENGTH), np.int64)),
        lambda path: write_other(path, np.array([object()])),
    ],
    ids=["empty", "cut", "no array", "another shape", "of integers", "pickled"],
)
def test_a_file_that_is_not_as_it_must_be_is_made_anew(
    folder: Path, harm: Callable[[Path], object]
) -> None:
    reckoning = Reckoning()
    cached_features(NAMES, reckoning)
    harm(the_file(folder))
    for _ in range(2):
        assert cached_features(NAMES, reckoning).tobytes() == reckoning.rows.tobytes()
    assert reckoning.calls == 2


def test_where_none_can_be_written_each_process_reckons(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("in the way")
    reckoning = Reckoning()
    for calls in (1, 2):
        assert cached_features(NAMES, reckoning).tobytes() == reckoning.rows.tobytes()
        assert reckoning.calls == calls
    assert folder.read_text() == "in the way"


@pytest.mark.parametrize("version", ["torch.__version__", "numpy.__version__"])
def test_another_version_has_another_file(
    folder: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reckoning = Reckoning()
    cached_features(NAMES, reckoning)
    monkeypatch.setattr(version, "9.9")
    cached_features(NAMES, reckoning)
    cached_features([*NAMES[1:], NAMES[0]], reckoning)
    assert reckoning.calls == len(list(folder.iterdir())) == 3


def test_those_used_last_are_kept(folder: Path) -> None:
    reckoning = Reckoning()
    lists = [[*NAMES[1:], f"other {number}"] for number in range(KEPT)]
    cached_features(NAMES, reckoning)
    oldest = the_file(folder)
    for number, names in enumerate(lists[:-1]):
        cached_features(names, reckoning)
        os.utime(oldest, (number, number))
    cached_features(NAMES, reckoning)  # used again
    assert oldest.stat().st_mtime > KEPT
    cached_features(lists[-1], reckoning)
    assert len(list(folder.iterdir())) == KEPT
    assert oldest.exists()


def test_a_few_are_worth_no_file(folder: Path) -> None:
    reckoning = Reckoning()
    for calls in (1, 2):
        cached_features(NAMES[1:], reckoning)
        assert reckoning.calls == calls
    assert not folder.exists()


def test_an_expectation_is_read_again_for_the_same_features_of_the_same_prior(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reckoning = Reckoning()
    features, changed = reckoning.rows.copy(), reckoning.rows.copy()
    changed[-1, -1] += 1e-9
    expected = reckoning.rows[:, 0].copy()

    def reckonings(features: Array, prior: str) -> int:
        before = reckoning.calls
        rows = cached_expectations(features, prior, lambda: reckoning()[:, 0].copy())
        assert rows.tobytes() == expected.tobytes()
        return reckoning.calls - before

    assert [
        reckonings(features, "one"),
        reckonings(features, "one"),
        reckonings(features, "two"),
    ] == [1, 0, 1]
    assert [reckonings(changed, "one"), reckonings(changed, "one")] == [1, 0]
    monkeypatch.setattr("scipy.__version__", "9.9")
    assert reckonings(features, "one") == 1
    assert not folder.exists(), "features have a folder of their own"


def test_with_a_kept_expectation_no_model_is_fitted_and_the_options_are_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_cache, "LEAST", 1)
    space = space_from_name("core-1:unary=x,sin(x),tanh(x):binary=x1*x2,x1+x2")
    table = table_from_name("core-1-table")
    table = dataclasses.replace(table, rows=dict(list(table.rows.items())[:60]))
    first = Pool(space, 0, Prior([table]))
    monkeypatch.setattr(GaussianProcess, "__init__", pytest.fail)
    again = Pool(space, 0, Prior([table]))
    assert again.options.trend.tobytes() == first.options.trend.tobytes()
    assert first.options.trend.std() > 0
    some = [again.options.encodings[i] for i in (3, 1)]
    assert again.of(some).trend.tolist() == first.options.trend[[3, 1]].tolist()
