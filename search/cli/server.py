"""Run an MLflow server for a team: logins, runs in PostgreSQL, files in a folder or bucket.

It listens on this machine alone unless --host says otherwise, and ends with Ctrl-C or SIGTERM.
docs/team_server.md has the way from an empty machine to two people's searches on it.

example:
  actsearch server --database postgresql://mlflow@127.0.0.1/mlflow --artifacts /srv/mlflow
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from .options import positive, print_url, stoppable

ORDER = 35
DATABASE, ARTIFACTS = "MLFLOW_BACKEND_STORE_URI", "MLFLOW_ARTIFACTS_DESTINATION"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database",
        metavar="URI",
        help=f"of runs and users, without its password ({DATABASE} may have one)",
    )
    parser.add_argument(
        "--artifacts", metavar="DIR", help=f"a folder, or s3://BUCKET/FOLDER ({ARTIFACTS})"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address it listens at (default %(default)s)"
    )
    parser.add_argument("--port", type=int, default=5000, help="default %(default)s")
    parser.add_argument(
        "--workers", type=positive, default=2, metavar="N", help="processes (default %(default)s)"
    )
    parser.add_argument(
        "--allowed-hosts",
        metavar="NAMES",
        help="names by which it may be called, with commas (default: this machine's private ones)",
    )


def run(options: argparse.Namespace) -> int:
    from ...mlflow.team_server import TeamServer, has_password
    from ...mlflow.ui_server import is_loopback
    from ..errors import InvalidSetting

    database = options.database or os.environ.get(DATABASE)
    artifacts = options.artifacts or os.environ.get(ARTIFACTS)
    if not database or not artifacts:
        raise InvalidSetting(
            "a team's server needs --database, such as postgresql://mlflow@127.0.0.1/mlflow, and "
            "--artifacts, a folder or s3://BUCKET/FOLDER"
        )
    if options.database and has_password(options.database):
        raise InvalidSetting(
            f"--database holds a password, which every user of this machine can read there: give "
            f"the whole address in {DATABASE}, or leave the password out and keep it in ~/.pgpass"
        )
    if not is_loopback(options.host):
        print(
            f"{options.host} is reached from other machines, and passwords come as they are: put "
            f"a proxy with TLS before it, or listen on 127.0.0.1 and use ssh -L",
            file=sys.stderr,
        )
    server = TeamServer(
        database=database,
        artifacts=artifacts,
        host=options.host,
        port=options.port,
        workers=options.workers,
        allowed_hosts=options.allowed_hosts,
    )
    print("starting the MLflow server (10 to 30 s) …", file=sys.stderr)
    with stoppable(), server.serve(_print) as url:
        print_url(url, options)
        print("Ctrl-C stops it", file=sys.stderr)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
