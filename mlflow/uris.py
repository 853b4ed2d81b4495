"""URIs: that of an SQLite file, and how a text that holds any may be shown: without secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

HIDDEN = "***"
SHORTEST = 4  # characters of a secret that is looked for by itself: a shorter one is in any text

_SECRET_VARIABLES = (
    *("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "RAY_AUTH_TOKEN"),
    *("MLFLOW_AUTH_ADMIN_PASSWORD", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
)
_URI_VARIABLES = (
    *("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_BACKEND_STORE_URI", "RAY_ADDRESS"),
)
_LOGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s'\"<>]*@")  # to the last @: `p@ss/word`
_BARE_LOGIN = re.compile(r"[^\s'\"<>/:@]+:[^\s'\"<>/@]+@(?=[\w\[])")  # user:password@host
_QUERY = re.compile(r"([?&;][^=\s&;?'\"<>]+=)[^\s&;'\"<>)]+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]*")


def sqlite_uri(path: Path) -> str:
    """SQLAlchemy's URI of an SQLite file at an absolute path, whatever characters are in that.

    SQLAlchemy unquotes the path and takes what follows a `?` for settings. MLflow makes the
    folder above the path as it reads in the URI: with the slashes quoted too that is the root.
    """
    text = str(path)
    plain = "%" not in text and "?" not in text
    return f"sqlite:///{text}" if plain else f"sqlite:////{quote(text[1:], safe='')}"


def redacted(text: str) -> str:
    """A text as it may be shown or stored: URIs in it without user, password and the values of
    their queries, and nothing of it a secret that the environment holds."""
    text = _LOGIN.sub(rf"\g<1>{HIDDEN}@", text)
    text = _BARE_LOGIN.sub(f"{HIDDEN}@", text)
    text = _URI.sub(lambda uri: _QUERY.sub(rf"\g<1>{HIDDEN}", uri[0]), text)
    for secret in sorted(_secrets(), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def public(uri: str) -> str:
    """A server's address to open: what `redacted` leaves of it, without login and query."""
    return redacted(uri).replace(f"{HIDDEN}@", "").partition("?")[0].rstrip("/")


def _secrets() -> Iterator[str]:
    """The secrets in the environment, also as they read unquoted, in an error's text."""
    values = [os.environ.get(name, "") for name in _SECRET_VARIABLES]
    for name in _URI_VARIABLES:
        uri = os.environ.get(name, "")
        _, _, rest = uri.partition("://")
        login, at, _ = rest.rpartition("@")
        if at:
            values += [login, login.partition(":")[2]]
        values += [value for value in re.findall(r"[?&;][^=&;]+=([^&;#]+)", uri)]
    for value in values:
        if len(value) >= SHORTEST:
            yield value
            yield unquote(value)
            yield quote(value, safe="")
