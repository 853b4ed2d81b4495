"""A team's server says what is missing or unsafe before it starts anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SECRET = "s3cret-word"
Verb = Callable[..., Any]


def test_an_address_with_a_password_is_not_taken_from_the_command_line(
    actsearch: Verb, tmp_path: Path
) -> None:
    for uri in (f"postgresql://mlflow:{SECRET}@db/mlflow", f"mysql://db/x?password={SECRET}"):
        output = actsearch("server", "--database", uri, "--artifacts", tmp_path)
        assert output.status == 1
        assert "every user of this machine can read there" in output.err
        assert SECRET not in output.err


def test_a_database_that_does_not_answer_is_named_without_its_password(
    actsearch: Verb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"postgresql://mlflow:{SECRET}@127.0.0.1:9/mlflow"  # the discard port
    monkeypatch.setenv("MLFLOW_BACKEND_STORE_URI", uri)
    output = actsearch("server", "--artifacts", tmp_path / "files", "--port", "0")
    assert output.status == 1
    last = output.err.splitlines()[-1]
    assert last.startswith("actsearch: the database postgresql://***@127.0.0.1:9/mlflow cannot be")
    assert "refused" in last
    assert SECRET not in output.err
    assert not (tmp_path / "files").exists()


def test_a_first_start_without_an_administrators_password_is_refused(
    actsearch: Verb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_AUTH_ADMIN_PASSWORD", raising=False)
    database = f"sqlite:///{tmp_path}/mlflow.db"
    words = ("--database", database, "--artifacts", tmp_path, "--port", "0")
    output = actsearch("server", *words)
    assert output.status == 1
    assert "MLFLOW_AUTH_ADMIN_PASSWORD, which is not set" in output.err


def test_what_it_cannot_do_without_is_asked_for(actsearch: Verb) -> None:
    output = actsearch("server", "--artifacts", "/srv/mlflow")
    assert output.status == 1
    assert "needs --database, such as postgresql://" in output.err
