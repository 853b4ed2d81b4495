"""Files of a home are input: bounded, named where they are wrong, and no link is followed."""

from __future__ import annotations

import base64
import errno
import fcntl
import json
import zlib
from pathlib import Path

import pytest

from actsearch.search import Home, HomeUnusable, InvalidSetting, RunSettings
from actsearch.search.storage.confirmation_log import ConfirmationLog, Opening, Retraining
from actsearch.search.storage.folder_lock import lock
from actsearch.search.storage.search_file import SearchFile
from contracts.tiny import CONFIG

TRAINING = {
    "kind": "training", "recipe": "abc", "network": "mlp", "seed": 5, "expression": "sin(x)",
    "val": 0.8, "test": 0.7,
}  # fmt: skip
OPENING = Opening(at="2026-01-01", finalists=("sin(x)",), seeds=(5,))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"schema": 1, "schema": 1}', "'schema' stands twice"),
        ('{"schema": 1, "config": {"name": "\\ud800"}}', "surrogates not allowed"),
        ('{"schema": ' + "9" * 5000 + "}", "4300 digits"),
        (" " * 2_000_000, "more than 1,048,576 bytes"),
        ("[]", "does not say its format"),
        ('{"schema": 1, "config": {"seed": ' + "9" * 4000 + "}}", "at least 0 and below"),
    ],
    ids=["deep", "twice", "surrogate", "digits", "large", "list", "seed"],
)
def test_a_hostile_configuration_is_named_with_its_file_and_reason(
    tmp_path: Path, content: str, reason: str
) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InvalidSetting, match=reason) as caught:
        SearchFile.load(tmp_path)
    assert str(tmp_path / "config.json") in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_a_stored_recipe_that_breaks_a_rule_is_named_with_the_file(tmp_path: Path) -> None:
    SearchFile(CONFIG, RunSettings()).save(tmp_path)
    path = tmp_path / "config.json"
    stored = json.loads(path.read_text())
    stored["config"]["recipe"]["eta"] = "three"
    path.write_text(json.dumps(stored))
    with pytest.raises(InvalidSetting, match=f"{path} is damaged .*eta must be a whole number"):
        SearchFile.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hits": base64.b64encode(zlib.compress(bytes(20_000_000))).decode()}, "16,000,000"),
        ({"val": 1e999}, "val must be from 0 to 1"),
        ({"test": float("nan")}, "test must be from 0 to 1"),
    ],
    ids=["bomb", "infinity", "nan"],
)
def test_a_training_that_cannot_be_one_is_named_with_its_line(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    (tmp_path / "confirmation.jsonl").write_text(json.dumps({**TRAINING, **change}) + "\n")
    with pytest.raises(HomeUnusable, match=rf"line 1 is damaged \(.*{reason}"):
        ConfirmationLog(tmp_path)


def test_of_a_test_set_too_large_nothing_is_recorded_by_image(tmp_path: Path) -> None:
    training = Retraining(
        recipe="abc", network="mlp", seed=5, expression="sin(x)", val_accuracy=0.8,
        test_accuracy=0.7, test_correct=bytes(16_000_001),
    )  # fmt: skip
    ConfirmationLog(tmp_path).add([training])
    (read,) = ConfirmationLog(tmp_path).trainings.values()
    assert (read.test_accuracy, read.test_correct) == (0.7, None)


def test_a_link_in_a_search_s_folder_is_not_written_through(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs\n")
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("config.json.partial", "confirmation.jsonl", "lock"):
        (folder / name).symlink_to(theirs)
    SearchFile(CONFIG, RunSettings()).save(folder)
    assert not (folder / "config.json").is_symlink()
    (folder / "confirmation.jsonl").unlink()
    (folder / "confirmation.jsonl").symlink_to(tmp_path / "new")
    with pytest.raises(HomeUnusable, match="neither a file nor a link to one"):
        ConfirmationLog(folder).add([OPENING])
    with pytest.raises(HomeUnusable, match="symbolic link"), lock(folder):
        pass
    assert theirs.read_text() == "theirs\n"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("linked", ["folder", "best"])
def test_delete_removes_no_more_than_a_link(tmp_path: Path, linked: str) -> None:
    home, theirs = Home(tmp_path / "home"), tmp_path / "theirs"
    theirs.mkdir()
    SearchFile(CONFIG, RunSettings()).save(theirs)
    folder = home.searches / "mine"
    if linked == "folder":
        home.searches.mkdir(parents=True)
        folder.symlink_to(theirs)
        with pytest.raises(HomeUnusable, match=f"{folder} is a symbolic link"):
            home.delete("mine")
    else:
        folder.mkdir(parents=True)
        SearchFile(CONFIG, RunSettings()).save(folder)
        (folder / "best").symlink_to(theirs)
        home.delete("mine")
        assert not folder.exists()
    assert [path.name for path in theirs.iterdir()] == ["config.json"]


def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with (
        pytest.raises(HomeUnusable, match=r"has no locks \(flock\): choose another"),
        lock(tmp_path),
    ):
        pass
