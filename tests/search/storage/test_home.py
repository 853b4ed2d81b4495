"""The home: names, one driver for each search, and places that cannot be written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actsearch.search import (
    Home,
    HomeUnusable,
    InvalidSetting,
    NameTaken,
    NoSuchSearch,
    RunSettings,
    SearchBusy,
)
from actsearch.search.storage.folder_lock import lock
from actsearch.search.storage.home import DEFAULT_HOME, PRIOR
from actsearch.search.storage.search_file import SearchFile
from contracts.tiny import CONFIG


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def make(home: Home, name: str) -> Path:
    folder = home.new_folder(name)
    SearchFile(CONFIG, RunSettings()).save(folder)
    return folder


@contextmanager
def without_rights() -> Iterator[None]:
    """As a user whom file permissions bind; a superuser is not bound by them."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder that is ours to read only."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # pytest's own folders let nobody else in
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_the_home_is_the_option_then_the_variable_then_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ACTSEARCH_HOME", raising=False)
    assert Home.at().root == tmp_path / DEFAULT_HOME
    monkeypatch.setenv("ACTSEARCH_HOME", "elsewhere")
    assert Home.at().root == tmp_path / "elsewhere"
    assert Home.at("here").root == tmp_path / "here"


def test_a_name_that_is_taken_says_what_to_do(home: Home) -> None:
    make(home, "mine")
    with pytest.raises(
        NameTaken, match=r"--resume \(in Python resume=True\).*another name.*actsearch delete mine"
    ):
        home.new_folder("mine")


def test_a_folder_without_a_configuration_is_no_search_yet(home: Home) -> None:
    home.new_folder("mine")  # then the process was killed
    assert home.names() == []
    make(home, "mine")
    assert home.names() == ["mine"]


def test_an_unknown_name_names_the_nearest_one(home: Home) -> None:
    make(home, "first-light")
    with pytest.raises(NoSuchSearch, match=r"no search 'first-ligth'.*did you mean 'first-light'"):
        home.folder("first-ligth")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", "a b", "é", "a" * 65, "a\n"])
def test_a_name_that_is_no_good_folder_is_refused(home: Home, name: str) -> None:
    for method in (home.folder, home.new_folder):
        with pytest.raises(InvalidSetting, match="1 to 64 letters, digits"):
            method(name)
    assert not home.root.exists()


def test_fresh_names_are_counted_up(home: Home) -> None:
    assert home.fresh_name() == "search-1"
    make(home, "search-1")
    make(home, "search-3")
    assert home.fresh_name() == "search-2"


def test_the_search_launched_last_comes_last(home: Home) -> None:
    for number, name in enumerate(("b", "a", "c")):
        os.utime(make(home, name) / "config.json", (number, number))
    (home.searches / "b" / "more").touch()  # a later change of the folder is no launch
    assert home.names() == ["b", "a", "c"]


def test_a_beginning_that_fails_takes_the_copy_of_its_prior_along(home: Home) -> None:
    def stopped() -> None:
        with home.begin("new") as folder:
            (folder / f"{PRIOR}1234abcd.jsonl").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert not home.searches.exists()


def test_the_copy_of_a_prior_that_a_killed_beginning_left_is_in_nobodys_way(home: Home) -> None:
    folder = home.new_folder("new")
    (folder / f"{PRIOR}1234abcd.jsonl.partial").touch()
    with home.begin("new") as again:
        assert again == folder


def test_a_deleted_search_is_gone_and_its_name_free(home: Home) -> None:
    folder = make(home, "mine")
    home.delete("mine")
    assert not folder.exists()
    make(home, "mine")


def test_a_deletion_that_fails_elsewhere_leaves_the_search_to_be_deleted_again(
    home: Home,
) -> None:
    folder = make(home, "mine")
    (folder / "best").mkdir()

    def fails() -> None:
        raise ConnectionError("the server went away")

    with pytest.raises(ConnectionError):
        home.delete("mine", fails)
    assert home.names() == ["mine"]
    assert (folder / "best").is_dir()
    home.delete("mine", lambda: None)
    assert not folder.exists()


def test_a_search_that_is_driven_is_not_removed_anywhere(home: Home) -> None:
    removed: list[str] = []
    with lock(make(home, "mine")), pytest.raises(SearchBusy):
        home.delete("mine", lambda: removed.append("experiment"))
    assert removed == []


def test_a_folder_that_was_half_removed_is_still_a_search(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(home, "mine")
    (folder / "study.db").write_text("…")

    def full(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", full)
        with pytest.raises(HomeUnusable):
            home.delete("mine")
    assert home.names() == ["mine"]
    assert not (folder / "study.db").exists()
    home.delete("mine")
    assert home.names() == []


def test_a_home_below_a_file_says_to_choose_another(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "home"):
        with pytest.raises(HomeUnusable, match=r"cannot write in .*choose another with --home"):
            Home(root).new_folder("mine")


def test_a_home_without_permission_says_to_choose_another(read_only: Path) -> None:
    with (
        without_rights(),
        pytest.raises(HomeUnusable, match=r"Permission denied .*; choose"),
    ):
        Home(read_only).new_folder("mine")


def test_a_search_in_a_home_that_became_read_only_cannot_be_driven(read_only: Path) -> None:
    read_only.chmod(0o755)
    folder = make(Home(read_only), "mine")
    for path in (folder, folder.parent):
        path.chmod(0o555)
    with without_rights(), pytest.raises(HomeUnusable, match="Permission denied"), lock(folder):
        pass
    for path in (folder.parent, folder):
        path.chmod(0o755)


def test_a_full_disk_is_noticed_before_the_search_begins(tmp_path: Path) -> None:
    # A limit on the size of files stands for the full disk: it needs no rights of a superuser.
    script = (
        "import resource, sys; from actsearch.search.storage.home import Home; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); Home.at(sys.argv[1])"
        ".new_folder('mine')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True
    )
    assert "HomeUnusable: cannot write in" in done.stderr
    assert "free some space" in done.stderr
    assert Home(tmp_path).names() == []


def test_the_users_folder_is_written_as_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ACTSEARCH_HOME", "~/results")
    assert Home.at().root == tmp_path / "results"
    assert Home.at("~/other").root == tmp_path / "other"


def test_a_file_or_what_would_be_below_it_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        with pytest.raises(HomeUnusable, match=r"file is no folder, .*another with --home"):
            Home.at(home)


def test_in_a_directory_that_was_removed_there_is_no_home_but_one_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACTSEARCH_HOME", raising=False)
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "away")
    (tmp_path / "away").rmdir()
    with pytest.raises(HomeUnusable, match=r"the working directory was removed, .* with --home"):
        Home.at()
    assert Home.at(tmp_path).root == tmp_path


def test_a_search_that_another_process_deletes_meanwhile_is_none_of_the_names(home: Home) -> None:
    make(home, "mine")
    (home.searches / "other").mkdir()
    (home.searches / "other" / "config.json").symlink_to("gone")  # listed, and then not there
    assert home.names() == ["mine"]


def test_a_search_that_never_began_is_submitted_again_and_not_resumed(home: Home) -> None:
    folder = home.searches / "mine"
    folder.mkdir(parents=True)
    (folder / "driver.log").write_text("$ actsearch search")
    with pytest.raises(NoSuchSearch, match=r"never began; .* submit it again, without"):
        home.folder("mine")
