"""A home is input: whatever its files hold, it is read, or an error of ours says what is wrong.

The files of a finished search are damaged one at a time, then read by everything that reads them
before a resumed search trains.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actsearch.search import Home, Search
from actsearch.search.confirmation.comparison import read_confirmation
from actsearch.search.confirmation.plan import plan_of
from actsearch.search.exporting.winner import exportable
from actsearch.search.reports.confirmation import confirmation_json, confirmation_text
from actsearch.search.reports.leaderboard import leaderboard_text, overview, overview_text
from actsearch.search.storage.confirmation_log import ConfirmationLog
from actsearch.search.storage.folder_lock import lock
from actsearch.search.storage.search_file import SearchFile
from actsearch.search.storage.shown_functions import NAME, ShownFunctions
from actsearch.search.storage.study import Study
from actsearch.search.storage.trial_reader import read_trials
from actsearch.search.strategies.registry import strategy_class
from actsearch.space import ActsearchError, space_from_name

Verb = Callable[..., Any]

TEXTS = ("config.json", "confirmation.jsonl", NAME)
FILES = (*TEXTS, "study.db")
DEEP = json.loads("[" * 500 + "]" * 500)
NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 2, 10**30, 10**400, 0.5, -0.5, 1e308, float("nan"), float("inf"), "",
    "x", "mine", "relu(x)", "\x1b[31mred\r", "\u202eabc", "\ud800", "a" * 5000, "(" * 3000,
    "9" * 400, "core-1", "os:system", [], {}, [0], [[]], {"": 0}, {"a": {"a": []}}, DEEP,
)  # fmt: skip
CELLS = (None, "", "x", -1, 10**12, 0.5, b"\xff\x00", "{}", "RUNNING", "WAITING", "null", 2)
RARE = ("origin", "retry", "duplicate_of", "infeasible", "error")
BYTES = (b"", b"\0", b"\xff", b"[" * 5000, b'{"a":', b"9", b"\n")
MANY = settings(max_examples=300, suppress_health_check=list(HealthCheck))
SOME = settings(MANY, max_examples=8)  # of each test in the default suite


class Copy:
    """A copy of the finished search, to be spoilt."""

    def __init__(self, finished: Home, root: Path) -> None:
        self.home = Home(root)
        self.folder = root / "searches" / "mine"
        self.folder.mkdir(parents=True)
        for name in TEXTS:
            original = (finished.root if name == NAME else finished.folder("mine")) / name
            shutil.copyfile(original, self.path(name))
        with (
            closing(sqlite3.connect(finished.folder("mine") / "study.db")) as original_study,
            closing(sqlite3.connect(self.path("study.db"))) as study,
        ):
            original_study.backup(study)

    def path(self, name: str) -> Path:
        return (self.home.root if name == NAME else self.folder) / name

    def sql(self, command: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.path("study.db"))) as connection, connection:
            return connection.execute(command, values).fetchall()

    def read(self) -> None:
        """Everything that reads a home, up to the moment where a resumed search would train."""
        overview_text(overview(self.home)[0], self.home.root)
        folder = self.home.folder("mine")
        file, trials = SearchFile.load(folder), read_trials(folder)
        leaderboard_text(trials, file.config)
        confirmation = read_confirmation(plan_of(file, trials), ConfirmationLog(self.folder))
        if confirmation is not None:
            confirmation_text(confirmation)
            confirmation_json(confirmation)
        exportable(self.home, "mine", None)
        ShownFunctions(self.home.root).read()
        Search("mine", home=self.home.root, resume=True)
        space = space_from_name(file.config.space)
        strategy = strategy_class(file.config.strategy)(space, file.config.seed)
        with lock(self.folder):
            study = Study(self.folder, strategy)
            study.sweep()
            study.trials()

    def is_read_or_refused(self) -> None:
        """Raise nothing but ActsearchError, in a message that can be read; no text is changed."""
        before = {name: self.path(name).read_bytes() for name in TEXTS if self.is_file(name)}
        message = ""
        try:
            self.read()
        except ActsearchError as error:
            message = str(error)
        assert len(message) < 5000
        assert before == {name: self.path(name).read_bytes() for name in before}

    def is_file(self, name: str) -> bool:
        return self.path(name).is_file()


@pytest.fixture(scope="module")
def copied(finished: Home, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Copy]:
    """Makes a copy anew: connections to the study of the last one may still be open."""
    return lambda: Copy(finished, tmp_path_factory.mktemp("foreign") / "home")


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value within a JSON value, itself included."""
    yield path
    if isinstance(value, dict | list):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for key, member in members:
            yield from paths(member, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A JSON value with another one at a path."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def spoil_value(copy: Copy, data: st.DataObject) -> None:
    path = copy.path(data.draw(st.sampled_from(TEXTS)))
    text = path.read_text()
    lines = [text] if path.name == "config.json" else text.splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    stored = json.loads(lines[number])
    where = data.draw(st.sampled_from(list(paths(stored))))
    lines[number] = json.dumps(changed(stored, where, data.draw(st.sampled_from(NASTY))))
    path.write_text("\n".join(lines) + "\n")


def spoil_bytes(copy: Copy, data: st.DataObject) -> None:
    path = copy.path(data.draw(st.sampled_from(FILES)))
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    lost = data.draw(st.sampled_from((0, 1, 7, len(content))))
    path.write_bytes(content[:at] + data.draw(st.sampled_from(BYTES)) + content[at + lost :])


def spoil_attribute(copy: Copy, data: st.DataObject) -> None:
    rows = copy.sql("SELECT trial_id, key, value_json FROM trial_user_attributes ORDER BY 1, 2")
    trial, key, text = data.draw(st.sampled_from(rows))
    value = data.draw(st.sampled_from(NASTY))
    if key == "result" and data.draw(st.booleans()):
        stored = json.loads(json.loads(text))
        where = data.draw(st.sampled_from(list(paths(stored))))
        value = json.dumps(changed(stored, where, value))
    elif data.draw(st.booleans()):  # one that another kind of trial has
        key = data.draw(
            st.sampled_from(("origin", "retry", "duplicate_of", "infeasible", "error"))
        )
    copy.sql("DELETE FROM trial_user_attributes WHERE trial_id = ? AND key = ?", trial, key)
    copy.sql(
        "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (?, ?, ?)",
        *(trial, key, json.dumps(value)),
    )


def spoil_table(copy: Copy, data: st.DataObject) -> None:
    tables = copy.sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    (table,) = data.draw(st.sampled_from(tables))
    columns = [row[1] for row in copy.sql(f"PRAGMA table_info({table})")]
    rows = [row for (row,) in copy.sql(f"SELECT rowid FROM {table} ORDER BY 1")]
    how = data.draw(st.sampled_from(("drop", "delete", "update", "update", "update")))
    if how == "drop":
        copy.sql(f"DROP TABLE {table}")
    elif rows and how == "delete":
        copy.sql(f"DELETE FROM {table} WHERE rowid = ?", data.draw(st.sampled_from(rows)))
    elif rows:
        column, cell = data.draw(st.sampled_from(columns)), data.draw(st.sampled_from(CELLS))
        row = data.draw(st.sampled_from(rows))
        with suppress(sqlite3.IntegrityError):  # SQLite lets nobody write it
            copy.sql(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", cell, row)


KINDS = (spoil_value, spoil_bytes, spoil_attribute, spoil_table)


def test_a_finished_search_is_read_as_it_is(copied: Callable[[], Copy]) -> None:
    copied().read()


@pytest.mark.parametrize("spoil", KINDS)
@given(data=st.data())
@SOME
def test_a_damaged_home_is_read_or_refused(
    copied: Callable[[], Copy], spoil: Callable[[Copy, st.DataObject], None], data: st.DataObject
) -> None:
    copy = copied()
    spoil(copy, data)
    copy.is_read_or_refused()


@pytest.mark.slow
@pytest.mark.timeout(1800)  # 300 examples at 0.3 to 1 s
@pytest.mark.parametrize("spoil", KINDS)
@given(data=st.data())
@MANY
def test_a_home_damaged_in_many_ways_is_read_or_refused(
    copied: Callable[[], Copy], spoil: Callable[[Copy, st.DataObject], None], data: st.DataObject
) -> None:
    copy = copied()
    spoil(copy, data)
    copy.is_read_or_refused()


@pytest.mark.parametrize(
    "put",
    [
        os.mkfifo,
        os.mkdir,
        lambda path: os.symlink("/dev/zero", path),
        lambda path: os.symlink("/nowhere", path),
    ],
    ids=["pipe", "folder", "device", "dangling"],
)
@pytest.mark.parametrize("name", [*FILES, "lock"])
def test_what_stands_in_a_file_s_place_and_is_none_is_refused_and_never_waited_for(
    copied: Callable[[], Copy], name: str, put: Callable[[Path], None]
) -> None:
    copy = copied()
    copy.path(name).unlink(missing_ok=True)
    put(copy.path(name))
    with pytest.raises(ActsearchError, match=name):
        copy.read()


def test_a_study_of_another_version_of_optuna_is_named_as_such(
    copied: Callable[[], Copy],
) -> None:
    copy = copied()
    copy.sql("UPDATE alembic_version SET version_num = 'v9.0.0'")
    with pytest.raises(ActsearchError, match=r"study\.db cannot be used with the Optuna that is"):
        copy.read()


@pytest.mark.parametrize(
    ("attribute", "value", "reason"),
    [
        ("retry", -1, "retry: .*greater than or equal to 0"),
        ("retry", True, "retry must be a whole number, but got True"),
        ("origin", 99, "it names a later trial as an earlier one"),
        ("duplicate_of", 99, "it names a later trial as an earlier one"),
        ("infeasible", 3, "infeasible must be a text, but got 3"),
        ("expression", ["x"], r"expression must be a text, but got \['x'\]"),
        ("result", "{", "Invalid JSON"),
        ("result", '{"rungs": {"1": 2}}', "from 0 to 1|less than or equal to 1"),
        ("result", '{"rungs": {"one": 0.5}}', "valid integer"),
        ("result", '{"seconds": "9"}', "seconds must be a number, but got '9'"),
        ("result", '{"learned": {"beta": 1}}', "beta"),
    ],
)
def test_an_attribute_of_a_trial_that_breaks_a_rule_is_named_with_the_trial(
    copied: Callable[[], Copy], attribute: str, value: Any, reason: str
) -> None:
    copy = copied()
    ((trial, number),) = copy.sql(
        "SELECT trial_id, number FROM trials JOIN trial_user_attributes USING (trial_id) "
        "WHERE key = 'result' ORDER BY 1 LIMIT 1"
    )
    copy.sql("DELETE FROM trial_user_attributes WHERE trial_id = ? AND key = ?", trial, attribute)
    copy.sql(
        "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (?, ?, ?)",
        *(trial, attribute, json.dumps(value)),
    )
    with pytest.raises(ActsearchError, match=rf"trial {number} of .* is damaged \(.*{reason}"):
        read_trials(copy.folder)


def test_the_list_of_searches_names_those_that_cannot_be_read_and_shows_the_others(
    copied: Callable[[], Copy], actsearch: Verb
) -> None:
    copy = copied()
    for name in ("also", "empty", "spoilt"):
        shutil.copytree(copy.folder, copy.home.searches / name)
    (copy.home.searches / "empty" / "config.json").unlink()
    (copy.home.searches / "spoilt" / "study.db").write_bytes(b"spoilt")
    result = actsearch("leaderboard", "--json", "--home", copy.home.root)
    assert result.status == 0
    assert {row["name"] for row in json.loads(result.out)} == {"mine", "also"}
    first, second = result.err.splitlines()
    assert first.startswith("search 'empty' cannot be read: ")
    assert "no file config.json" in first
    assert second.startswith("search 'spoilt' cannot be read: the study ")
    assert "file is not a database" in second
    table = actsearch("leaderboard", "--home", copy.home.root)
    assert table.err == result.err
    assert len(table.out.splitlines()) == 3


@pytest.mark.parametrize("verb", [("leaderboard",), ("status",), ("status", "--watch")])
@pytest.mark.parametrize("file", ["config.json", "study.db"])
def test_where_no_search_can_be_read_none_is_denied(
    copied: Callable[[], Copy], actsearch: Verb, verb: tuple[str, ...], file: str
) -> None:
    copy = copied()
    (copy.folder / file).write_bytes(b"spoilt")
    result = actsearch(*verb, "--home", copy.home.root)
    assert result.status == 0
    assert "search 'mine' cannot be read: " in result.err
    assert not result.out.strip()


@pytest.mark.parametrize("verb", ["leaderboard", "status"])
def test_the_newest_search_is_watched_first(
    copied: Callable[[], Copy], actsearch: Verb, verb: str
) -> None:
    copy = copied()
    shutil.copytree(copy.folder, copy.home.searches / "newest", copy_function=shutil.copyfile)
    for flags, order in (((), ["mine", "newest"]), (("--watch",), ["newest", "mine"])):
        out = actsearch(verb, *flags, "--home", copy.home.root).out
        names = [line.split()[0] for line in out.splitlines() if line]
        assert [name for name in names if name in order] == order


def test_a_copied_folder_is_a_search_of_its_own_name(copied: Callable[[], Copy]) -> None:
    copy = copied()
    shutil.copytree(copy.folder, copy.home.searches / "copy")
    assert SearchFile.load(copy.home.folder("copy")).config.name == "copy"
    assert Search("copy", home=copy.home.root, resume=True).name == "copy"
