"""How this process talks to MLflow: quietly, with short timeouts, in errors of ours."""

from __future__ import annotations

import logging
import os
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..space import ActsearchError
from .local_store import make_whole
from .uris import redacted, sqlite_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

DEFAULTS = {
    # A server that does not answer is given up after two tries of 5 s, not after MLflow's own 8
    # of 120 s: records wait in the writer, nobody waits for the server.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Failures are raised here and reported once, by the caller.
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}

DATABASE_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}  # unless the address says
DATABASE_PATIENCE = 10.0  # seconds until one has to answer

UNKNOWN_USER, FORBIDDEN, NOT_FOUND = 401, 403, 404  # of HTTP
DENIED = (UNKNOWN_USER, FORBIDDEN)
_ENDPOINT = re.compile(r"API request to endpoint (\S+) failed")  # where no JSON was answered


class TrackingError(ActsearchError):
    """Base of what can go wrong with MLflow. Its message shows no secret that a URI holds."""

    def __init__(self, message: str) -> None:
        super().__init__(redacted(message))


class TrackingUnavailable(TrackingError):
    """Raised when MLflow cannot be reached or cannot store; trying again later may help."""


class TrackingDenied(TrackingUnavailable):
    """Raised when MLflow does not know this user, or does not allow it what it asks for, until the
    server's administrator does."""


class TrackingRefused(TrackingError):
    """Raised when MLflow answers, but will not take what it is given; trying again is no use."""


def database(home: Path) -> Path:
    """The MLflow store of a home."""
    return home.resolve() / "mlflow.db"


def local_uri(home: Path) -> str:
    """The tracking URI of a home's own store."""
    return sqlite_uri(database(home))


def connect(uri: str, local_database: Path | None) -> MlflowClient:
    """A client of the store at `uri`; a store of our own is made where none is whole yet.

    Settings of MLflow that the user's environment makes are kept. Importing mlflow takes 1-3 s,
    hence here and not at the top: so does creating a store.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    retries = logging.getLogger("urllib3.connectionpool")  # warns of each
    if retries.level == logging.NOTSET:
        retries.setLevel(logging.ERROR)
    from mlflow import MlflowClient

    with translated(uri):
        if local_database is not None:
            make_whole(local_database)
        else:
            _check_listens(uri)
        try:
            return MlflowClient(tracking_uri=uri)
        except ImportError as error:  # the driver of another database
            raise TrackingRefused(
                f"MLflow at {uri} needs the package '{error.name}': install it, or set another "
                f"MLFLOW_TRACKING_URI"
            ) from error


def _check_listens(uri: str) -> None:
    """Raise OSError where nobody listens at the address of a database, if that is one: MLflow
    would try ten times, waiting twice as long each time, 100 s in all."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(uri)
    except ArgumentError:
        return  # none that SQLAlchemy reads; MLflow says so
    port = DATABASE_PORTS.get(url.get_backend_name())
    if url.host is not None and port is not None:
        socket.create_connection((url.host, url.port or port), timeout=DATABASE_PATIENCE).close()


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """Turn what MLflow, its stores and the file system raise into TrackingError."""
    from google.protobuf.json_format import ParseError  # an answer's fields are of other types
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError  # where MlflowClient opens a store

    try:
        yield
    except MlflowException as error:
        status = error.get_http_status_code()
        if status in DENIED:
            raise _denied(uri, status, error) from error
        if (endpoint := missing_endpoint(error)) is not None:
            raise TrackingRefused(
                f"MLflow at {uri} has no {endpoint}: it is older than what is asked of it, or "
                f"no MLflow; check MLFLOW_TRACKING_URI, or have its administrator install MLflow 3"
            ) from error
        if status < 500 and status != 429:  # 429: too many requests
            raise TrackingRefused(f"MLflow at {uri} refuses: {_first_line(error)}") from error
        raise _unavailable(uri, error) from error
    except (ParseError, RecursionError) as error:
        raise TrackingRefused(
            f"what answers at {uri} does not speak MLflow's protocol ({_first_line(error)}); "
            f"check MLFLOW_TRACKING_URI"
        ) from error
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:  # OSError: requests' as well
        answer = getattr(error, "response", None)  # to the transfer of a file
        status = getattr(answer, "status_code", 0)
        if status in DENIED:
            raise _denied(uri, status, error) from error
        raise _unavailable(uri, error) from error


def missing_endpoint(error: MlflowException) -> str | None:
    """The endpoint that a server does not have, where that is the error: one that it has answers
    in JSON, also that something is not found."""
    match = _ENDPOINT.search(str(error))
    return match[1] if match and error.get_http_status_code() == NOT_FOUND else None


def _denied(uri: str, status: int, error: BaseException) -> TrackingDenied:
    if status == UNKNOWN_USER:
        is_set = os.environ.get("MLFLOW_TRACKING_USERNAME") or "@" in uri
        advice = (
            "does not know the user and password that it is given"
            if is_set
            else "asks who you are"
        )
        return TrackingDenied(
            f"MLflow at {uri} {advice}: set MLFLOW_TRACKING_USERNAME and "
            f"MLFLOW_TRACKING_PASSWORD to those its administrator gave you"
        )
    _, _, answer = _first_line(error).rpartition("Response ")  # MLflow's words before the server's
    reason = answer.partition(": ")[2].strip("'. ") or "it says no more"
    return TrackingDenied(
        f"MLflow at {uri} does not allow this ({reason}): ask its administrator for the "
        f"permission to write there, or unset MLFLOW_TRACKING_URI to write into the home instead"
    )


def _unavailable(uri: str, error: BaseException) -> TrackingUnavailable:
    cause = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper  # MLflow and requests wrap "connection refused" four times over
    if uri.startswith(("http://", "https://")):
        advice = "; start that server, or unset MLFLOW_TRACKING_URI to write into the home instead"
    elif isinstance(cause, (OSError, sqlite3.Error)):
        advice = "; make room there and allow writing, or choose another place with --home"
    else:
        advice = ""
    return TrackingUnavailable(f"MLflow at {uri} is unavailable ({_first_line(cause)}){advice}")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
