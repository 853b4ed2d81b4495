"""The trials that `delete --keep-best` left are on record, and a damaged record is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from actsearch.search import HomeUnusable
from actsearch.search.storage.disk_use import DiskUse, size_of
from actsearch.search.storage.kept import FILE, KeptRuns


def test_without_a_record_every_trial_is_shown(tmp_path: Path) -> None:
    assert KeptRuns.load(tmp_path).shows(0)


def test_of_the_trials_there_were_those_kept_are_shown_and_all_later_ones(tmp_path: Path) -> None:
    KeptRuns(10, frozenset({3, 7})).save(tmp_path)
    kept = KeptRuns.load(tmp_path)
    assert [number for number in range(13) if kept.shows(number)] == [3, 7, 10, 11, 12]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"before": 1, "kept": [-1]}', "{"])
def test_a_damaged_record_is_named_with_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(HomeUnusable, match=r"kept\.json is damaged .*: remove it"):
        KeptRuns.load(tmp_path)


def test_the_room_of_a_folder_is_that_of_its_files_and_of_none_0(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(bytes(range(256)) * 4096)
    assert 2**20 <= size_of(tmp_path) < 2**20 + 2**17
    assert DiskUse.of(tmp_path, tmp_path / "none").shown == 0


def test_what_sqlite_keeps_only_while_a_database_is_open_takes_no_room(tmp_path: Path) -> None:
    for name in ("study.db", "study.db-wal", "study.db-shm"):
        (tmp_path / name).write_bytes(bytes(range(256)) * 4096)
    assert 2**20 <= size_of(tmp_path) < 2**20 + 2**17
