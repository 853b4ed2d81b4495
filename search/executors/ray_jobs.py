"""The job server of a Ray cluster: programs that run on its head, apart from whoever sent them."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import ClusterUnusable
from .ray_address import ClusterAddress, address_of, check_answers, refusals_explained

EXTRA = "actsearch[cluster]"
STOP_WAIT = 60  # seconds that a job has to end after SIGTERM; Ray's own 3 are too few for a search
LOOK_EVERY = 0.5  # seconds
ENDS = ("SUCCEEDED", "FAILED", "STOPPED")
_URL = ("http://", "https://")
_NEEDED = ("aiohttp", "requests", "aiohttp_cors")  # of ray[default], which has the job server
_OVERRIDING = ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS")  # which Ray prefers to what it is told


class RayJobs:
    """The jobs of one cluster: HOST:PORT of its head, `auto`, or http://HOST:8265, its job
    server's own address, as through an SSH tunnel.

    Raises ClusterUnusable where the extra is missing, nothing answers, or it is no job server;
    InvalidSetting for what is no address.
    """

    def __init__(self, address: str) -> None:
        missing = [name for name in _NEEDED if find_spec(name) is None]
        if missing:
            raise ClusterUnusable(
                f"submitting to a Ray cluster needs {EXTRA}, of which {', '.join(missing)} is not "
                f"installed: `pip install '{EXTRA}'`, here and on the cluster's head"
            )
        self.address = address
        logging.getLogger("ray.dashboard").setLevel(logging.CRITICAL)
        url = address if address.startswith(_URL) else _job_server(address)
        from ray.job_submission import JobSubmissionClient

        with _explained(address, url), _only_as_told():
            self._client: Any = JobSubmissionClient(url)
        self._url = url

    def submit(self, command: str, name: str, files: Path | None = None) -> str:
        """Run a shell command on the head, in a copy of a folder; returns the job's id."""
        environment: dict[str, Any] = {"env_vars": {"RAY_JOB_STOP_WAIT_TIME_S": str(STOP_WAIT)}}
        if files is not None:
            environment["working_dir"] = str(files)
        with _explained(self.address, self._url):
            return str(
                self._client.submit_job(
                    entrypoint=command, runtime_env=environment, metadata={"actsearch": name}
                )
            )

    def state(self, job: str) -> str:
        """PENDING, RUNNING, or one of ENDS."""
        with _explained(self.address, self._url, job):
            return str(self._client.get_job_status(job).value)

    def message(self, job: str) -> str:
        """The server's message about a job that failed; "" without one."""
        with _explained(self.address, self._url, job):
            return str(self._client.get_job_info(job).message or "")

    def log(self, job: str) -> str:
        """All that a job has printed."""
        with _explained(self.address, self._url, job):
            return str(self._client.get_job_logs(job))

    def stop(self, job: str) -> bool:
        """Ask a job to stop as SIGTERM does; whether it was running."""
        with _explained(self.address, self._url, job):
            return bool(self._client.stop_job(job))

    def wait(self, job: str) -> str:
        """The state a job ends in."""
        while (state := self.state(job)) not in ENDS:
            time.sleep(LOOK_EVERY)
        return state

    def delete(self, job: str) -> None:
        """Forget a job that has ended."""
        with _explained(self.address, self._url, job):
            self._client.delete_job(job)


def _job_server(text: str) -> str:
    """The URL of the job server of a cluster, which its head says."""
    with _only_as_told():
        address = address_of(text)
        assert address is not None
        check_answers(address)
        from ray.dashboard.utils import ray_address_to_api_server_url

        with refusals_explained(address), _explained(text, text):
            url = str(ray_address_to_api_server_url(None if text == "auto" else text))
    _check_reachable(address, url)
    return url


def _check_reachable(address: ClusterAddress, url: str) -> None:
    """Raise ClusterUnusable where the server listens on the head alone, and this is not it."""
    host = address.text.rpartition(":")[0].strip("[]")
    local = ("", "127.0.0.1", "::1", "localhost")
    if "//127.0.0.1" in url and host not in local and not _is_here(host):
        raise ClusterUnusable(
            f"the job server of {address} listens on its head alone ({url}): start the head with "
            f"`ray start --head --dashboard-host 0.0.0.0`, or take a tunnel (`ssh -L "
            f"8265:127.0.0.1:8265 {host}`) and give --ray-address http://127.0.0.1:8265"
        )


def _is_here(host: str) -> bool:
    """Whether a host's name is this machine's."""
    from ray.util import get_node_ip_address

    return host == str(get_node_ip_address())


@contextmanager
def _only_as_told() -> Iterator[None]:
    """Hide the variables that Ray would follow instead of the address it is given."""
    hidden: Mapping[str, str] = {n: os.environ.pop(n) for n in _OVERRIDING if n in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


@contextmanager
def _explained(address: str, url: str, job: str = "") -> Iterator[None]:
    """Turn the client's errors into one sentence each."""
    import requests

    try:
        yield
    except (ConnectionError, requests.exceptions.RequestException, ValueError) as error:
        raise ClusterUnusable(
            f"no Ray job server answers for {address} ({url}): start the head with `ray start "
            f"--head` where {EXTRA} is installed, or leave --ray-address out to use this machine"
        ) from error
    except RuntimeError as error:
        text = str(error)
        if job and ("404" in text or "does not exist" in text):
            raise ClusterUnusable(
                f"the Ray cluster at {address} knows no job {job}: it was started anew since, and "
                f"has forgotten its jobs; what the search has is on its head's disk"
            ) from error
        if "401" in text or "403" in text:
            raise ClusterUnusable(
                f"the Ray cluster at {address} does not let this machine in: set "
                f"RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN to the cluster's"
            ) from error
        raise ClusterUnusable(
            f"the Ray job server at {address} refuses: {text.splitlines()[0][:400]}"
        ) from error
