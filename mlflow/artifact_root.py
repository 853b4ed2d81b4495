"""The place of a team's files: a folder, or a bucket of an S3-compatible store, checked first."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from .server_process import ServerError

S3 = "s3://"
EXTRA = "actsearch[s3]"
ENDPOINT = "MLFLOW_S3_ENDPOINT_URL"
PATIENCE = 5  # seconds in which a store has to answer; it is asked twice


def check(artifacts: str) -> None:
    """Make a folder, or ask for a bucket; raises ServerError for one that cannot be used."""
    if artifacts.startswith(S3):
        _check_bucket(artifacts)
    elif "://" not in artifacts:
        _make_folder(artifacts)


def _make_folder(artifacts: str) -> None:
    try:
        Path(artifacts).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ServerError(
            f"the folder {artifacts} cannot be made ({error.strerror}): choose another with "
            f"--artifacts"
        ) from error


def _check_bucket(artifacts: str) -> None:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, endpoint = urlsplit(artifacts).netloc, os.environ.get(ENDPOINT)
    waiting = Config(
        connect_timeout=PATIENCE, read_timeout=PATIENCE, retries={"total_max_attempts": 2}
    )
    try:
        boto3.client("s3", endpoint_url=endpoint, config=waiting).head_bucket(Bucket=bucket)
    except (BotoCoreError, ClientError, ValueError) as error:
        where = f" at {endpoint}" if endpoint else ""
        raise ServerError(
            f"the bucket '{bucket}'{where} cannot be used ({error}): make it, and "
            f"set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and {ENDPOINT} for a store that is "
            f"not Amazon's"
        ) from error
