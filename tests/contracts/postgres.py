"""A PostgreSQL of its own for a test, from Debian's packages: on loopback, with a password."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

OWNER = "mlflow"  # of the database that it has
PASSWORD = "p@ss/w%rd:é"  # whatever a URI must quote is in it
DEBIAN = Path("/usr/lib/postgresql")  # bin/ of a version is not on the PATH


@dataclass
class Postgres:
    """The server's folder and port; `start` again after `stop` or `kill`."""

    folder: Path
    port: int

    @property
    def uri(self) -> str:
        """SQLAlchemy's address of the database, with user and password."""
        return f"postgresql://{OWNER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{OWNER}"

    @property
    def public_uri(self) -> str:
        """The same without the password."""
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{OWNER}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        # No socket in the file system: its path would be too long under a test's folder.
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        self._control("start", "-o", options, "-l", str(self.folder / "log"))

    def stop(self) -> None:
        """End it, and the connections that it has."""
        self._control("stop", "-m", "fast")

    def query(self, command: str) -> str:
        """The answer of `psql` to a command, one row a line."""
        return _run(
            *("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", OWNER, "-d", OWNER),
            *("-A", "-t", "-c", command),
            PGPASSWORD=PASSWORD,
        )

    def _control(self, verb: str, *words: str) -> None:
        _run(_program("pg_ctl"), verb, "-w", "-D", str(self.folder / "data"), *words)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server with one database and its owner, gone at the end. Where PostgreSQL is not installed
    this fails: `apt-get install postgresql`."""
    with tempfile.TemporaryDirectory(prefix="postgres-", dir="/tmp") as name:
        folder = Path(name)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if os.geteuid() == 0:  # which it refuses to run as
            shutil.chown(folder, "postgres", "postgres")
            shutil.chown(secret, "postgres", "postgres")
        _run(
            *(_program("initdb"), "-D", str(folder / "data"), "-U", OWNER, "-E", "UTF8"),
            *("--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync"),
        )
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server = Postgres(folder, port)
        server.start()
        try:
            _run(
                *("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", OWNER, OWNER),
                PGPASSWORD=PASSWORD,
            )
            yield server
        finally:
            if (folder / "data/postmaster.pid").exists():
                server.stop()


def _program(name: str) -> str:
    """The path of one of PostgreSQL's programs."""
    path = shutil.which(name) or next(map(str, sorted(DEBIAN.glob(f"*/bin/{name}"))), None)
    if path is None:
        raise FileNotFoundError(f"no {name}: apt-get install postgresql")
    return path


def _run(*command: str, **variables: str) -> str:
    user = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
    done = subprocess.run(
        [*user, *command],
        cwd="/",
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout
