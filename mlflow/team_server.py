"""An MLflow server that several people share: with logins, its runs in a database of a server.

Everything is MLflow's own: its server, its basic authentication, its stores. Here are the settings
that such a server needs, checked before it starts, and the database's password kept off the
command line, which every user of a machine can read.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..space.scratch import scratch_folder
from . import artifact_root
from .server_process import ServerError, address, free_port, running
from .uris import redacted

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL

EXTRA = "actsearch[server]"
POSTGRES = "postgresql+psycopg"  # PostgreSQL by the driver that the extra brings
ADMIN = "admin"  # the user that the first start makes, unless MLFLOW_AUTH_ADMIN_USERNAME names it
PASSWORD_VARIABLE = "MLFLOW_AUTH_ADMIN_PASSWORD"
PATIENCE = 10  # seconds until a database server has answered
# Checking a password takes MLflow 0.3 s of CPU, at each of the requests that a candidate's run
# takes; so long a changed password may go on to be taken.
REMEMBERED = 60  # seconds

# Everybody reads everything; what somebody has begun is theirs alone to write.
AUTHENTICATION = """\
[mlflow]
default_permission = READ
database_uri = {database}
admin_username = {admin}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = {remembered}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamServer:
    """How a team's server is run.

    database: SQLAlchemy's address of the database of runs and users. artifacts: a folder, or the
    address of a bucket, such as s3://bucket/folder. allowed_hosts: the names, with commas, by
    which browsers and searches may call it; None: MLflow's own, loopback and private addresses.
    """

    database: str
    artifacts: str
    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = 2
    allowed_hosts: str | None = None

    @contextmanager
    def serve(self, hear: Callable[[str], None]) -> Iterator[str]:
        """Serve, and yield the URL once it answers; hear: takes what the server prints.

        Raises ServerError for what is missing or wrong, before anything is started.
        """
        url = _database_url(self.database)
        _check_packages(url, self.artifacts)
        port = free_port(self.host, self.port, 1)
        _check_database(url)
        artifact_root.check(self.artifacts)
        with scratch_folder() as folder:
            config = folder / "auth.ini"
            environment = self._environment(url, config)
            config.touch(0o600)
            config.write_text(_authentication(url))
            with running(self._arguments(), environment, self.host, port, _redacting(hear)):
                yield address(self.host, port)

    def _arguments(self) -> list[str]:
        hosts = () if self.allowed_hosts is None else ("--allowed-hosts", self.allowed_hosts)
        return [
            *("--artifacts-destination", self.artifacts, "--workers", str(self.workers)),
            *("--app-name", "basic-auth", *hosts),
        ]

    def _environment(self, url: URL, config: Path) -> dict[str, str]:
        """Variables that the server reads, since arguments are everybody's to see."""
        return {
            "MLFLOW_BACKEND_STORE_URI": url.render_as_string(hide_password=False),
            "MLFLOW_AUTH_CONFIG_PATH": str(config),
            "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(32),  # of the form for new users
        }


def has_password(database: str) -> bool:
    """Whether an address holds a password, in its login or its query."""
    url = _database_url(database)
    return url.password is not None or "password" in url.query


def _database_url(text: str) -> URL:
    """SQLAlchemy's address, PostgreSQL's with the driver that the extra brings."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise ServerError(
            f"--database must be an address such as postgresql://USER@HOST/NAME, but got "
            f"'{redacted(text)}'"
        ) from error
    return url.set(drivername=POSTGRES) if url.drivername == "postgresql" else url


def _check_packages(url: URL, artifacts: str) -> None:
    needed = {"flask_wtf": EXTRA}
    if url.drivername == POSTGRES:
        needed["psycopg"] = EXTRA
    if artifacts.startswith(artifact_root.S3):
        needed["boto3"] = artifact_root.EXTRA
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        packages = " ".join(f"'{name}'" for name in dict.fromkeys(needed[m] for m in missing))
        raise ServerError(f"a team's server needs {', '.join(missing)}: `pip install {packages}`")


def _check_database(url: URL) -> None:
    """Raise ServerError where it does not let us in, or the first user would have no password."""
    from sqlalchemy import create_engine, inspect, text
    from sqlalchemy.exc import SQLAlchemyError

    shown = url.set(drivername=url.get_backend_name(), password=None, query={}).render_as_string()
    waiting = {"connect_timeout": PATIENCE} if url.get_backend_name() == "postgresql" else {}
    try:
        engine = create_engine(url, connect_args=waiting)
        with engine.connect() as connection:
            has_users = (
                inspect(connection).has_table("users")
                and connection.execute(text("SELECT count(*) FROM users")).scalar_one()
            )
        engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise ServerError(
            f"the database {shown} cannot be used ({reason}): start it, make user and database as "
            f"docs/team_server.md says, and give the password in PGPASSWORD, ~/.pgpass, or the "
            f"address in MLFLOW_BACKEND_STORE_URI"
        ) from error
    if not has_users and not os.environ.get(PASSWORD_VARIABLE):
        raise ServerError(
            f"nobody could log in: the first start makes the user '{_admin()}', with the password "
            f"in {PASSWORD_VARIABLE}, which is not set. Later starts need it no more"
        )


def _authentication(url: URL) -> str:
    """MLflow's file of settings, in which it takes % for a reference."""
    database = url.render_as_string(hide_password=False).replace("%", "%%")
    return AUTHENTICATION.format(database=database, admin=_admin(), remembered=REMEMBERED)


def _admin() -> str:
    return os.environ.get("MLFLOW_AUTH_ADMIN_USERNAME") or ADMIN


def _redacting(hear: Callable[[str], None]) -> Callable[[str], None]:
    return lambda line: hear(redacted(line))
