"""URIs: an SQLite file's path survives, and a secret is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from actsearch.mlflow.client import TrackingRefused
from actsearch.mlflow.uris import public, redacted, sqlite_uri


@pytest.mark.parametrize(
    "path", ["/a b/x.db", "/a%20b/x.db", "/a%2Fb/x.db", "/a?mode=ro/x.db", "/a#b/x.db", "/ä+&;/x"]
)
def test_sqlalchemy_opens_the_file_that_the_path_names(path: str) -> None:
    url = make_url(sqlite_uri(Path(path)))
    assert (url.database, dict(url.query)) == (path, {})
    assert Path(sqlite_uri(Path(path)).removeprefix("sqlite:///")).parent in (
        Path(path).parent,  # where MLflow makes a folder: one that is there
        Path("/"),
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://anna:s3cret@host/p", "https://***@host/p"),
        ("MLflow at https://anna:s3cret@host: no", "MLflow at https://***@host: no"),
        ("https://s3cret@host:5000", "https://***@host:5000"),
        ("https://anna:s3/cr@et#x@host/", "https://***@host/"),
        ("postgresql+psycopg2://u:s3cret@db:5432/n", "postgresql+psycopg2://***@db:5432/n"),
        ("ray://u:s3cret@head:10001", "ray://***@head:10001"),
        ("u:s3cret@head:6379", "***@head:6379"),
        ("http://host/a?token=s3cret&b=s3cret", "http://host/a?token=***&b=***"),
        ("('http://a:s3cret@h/', 'http://b:s3cret@h/')", "('http://***@h/', 'http://***@h/')"),
        ("sqlite:////home/me/mlflow.db", "sqlite:////home/me/mlflow.db"),
        ("http://127.0.0.1:5000 is unavailable", "http://127.0.0.1:5000 is unavailable"),
        ("max(x, 0) at 12:30: see x@y", "max(x, 0) at 12:30: see x@y"),
    ],
)
def test_a_text_is_shown_without_the_secrets_of_its_uris(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_secrets_of_the_environment_are_not_shown_wherever_they_turn_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "tok3n-tok3n")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "pa55word")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://anna:s3cr%2Fet@host?key=k3y-value")
    text = "Bearer tok3n-tok3n, pa55word, url: /api?key=k3y-value, s3cr%2Fet, s3cr/et"
    for secret in ("tok3n", "pa55word", "k3y-value", "s3cr"):
        assert secret not in redacted(text)
        assert secret not in str(TrackingRefused(text))


def test_a_servers_address_to_open_has_neither_login_nor_query() -> None:
    assert public("https://anna:s3cret@host/mlflow/?token=s3cret") == "https://host/mlflow"
