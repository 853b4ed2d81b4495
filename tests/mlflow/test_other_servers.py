"""Servers that are not ours to choose: an older MLflow, and files in a bucket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import mlflow
import pytest
import requests
from mlflow import MlflowClient

from actsearch.search import Home
from actsearch.search.storage.trial_reader import read_trials
from actsearch.search.tracking import sync
from contracts.processes import ended, environment
from contracts.smoke import smoke
from contracts.team import free_port

pytestmark = [
    pytest.mark.slow,  # a minute each: pip installs another environment
    pytest.mark.heavy,
    pytest.mark.timeout(1200),
]

PATIENCE = 120.0  # seconds until a server that should answer is given up
KEYS = {"AWS_ACCESS_KEY_ID": "anna", "AWS_SECRET_ACCESS_KEY": "s3cret-of-bucket"}
ADMIN_PASSWORD = "s3cret-of-admin"


def installed(folder: Path, *packages: str) -> Path:
    """The folder of programs of a new environment that has these packages."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *packages], check=True)
    return folder / "bin"


@contextmanager
def served(words: Sequence[str], url: str, folder: Path, **variables: str) -> Iterator[None]:
    """A server in its own folder, from when it answers at `url` to the end of the block."""
    log = folder / f"{Path(words[0]).name}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            words, cwd=folder, env=environment(**variables), stdout=output, stderr=output,
            start_new_session=True,  # its workers are ended with it
        ) as process,
    ):  # fmt: skip
        try:
            give_up = time.monotonic() + PATIENCE
            while True:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < give_up, log.read_text()
                try:
                    requests.get(url, timeout=5).raise_for_status()
                    break
                except requests.RequestException:
                    time.sleep(0.2)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def searched(home: Home, variables: Mapping[str, str]) -> str:
    """Standard error of a small confirmed search that writes to a server."""
    home.root.mkdir()
    for network, widths in (("mlp", (16,)), ("conv", (4, 8))):
        (home.root / f"{network}.toml").write_text(smoke(network=network, widths=widths))
    words = ["search", "--name", "mine", "--home", str(home.root), "--strategy", "random"]
    recipes = ["--recipe", str(home.root / "mlp.toml"), "--second", str(home.root / "conv.toml")]
    few = ["--candidates", "9", "--finalists", "2", "--seeds", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "actsearch.search.cli", *words, *recipes, *few],
        env=environment() | dict(variables),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def shown(client: MlflowClient) -> set[str | None]:
    """The trials of the search whose runs are on the server."""
    (experiment,) = client.search_experiments(filter_string="name LIKE 'actsearch/mine%'")
    runs = client.search_runs([experiment.experiment_id], "tags.role = 'candidate'")
    return {run.data.tags.get("actsearch.trial") for run in runs}


def trained(home: Home) -> set[str | None]:
    return {str(trial.number) for trial in ended(read_trials(home.folder("mine")))}


def test_a_server_older_than_logged_models_has_every_run_and_the_registered_best_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = installed(tmp_path / "env", "mlflow==2.14.3", "sqlalchemy<2.1", "setuptools<80")
    url = f"http://127.0.0.1:{free_port()}"
    words = [
        str(programs / "mlflow"),
        "server",
        "--port",
        url.rpartition(":")[2],
        "--workers",
        "1",
    ]
    stores = ["--backend-store-uri", f"sqlite:///{tmp_path}/m.db"]
    files = ["--artifacts-destination", str(tmp_path / "files")]
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    home = Home(tmp_path / "home")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
    with served([*words, *stores, *files], f"{url}/health", tmp_path, PATH=path):
        assert "registry" not in searched(home, {"MLFLOW_TRACKING_URI": url})
        assert sync(home, "mine") == len(trained(home)), "and nothing new to be registered"
        client = MlflowClient(url)
        assert shown(client) == trained(home)
        (version,) = client.search_model_versions("name = 'actsearch-mine'")
        module = mlflow.pytorch.load_model(str(version.source))
        assert type(module).__name__ == "Activation"


def test_files_of_a_search_lie_in_a_bucket_whose_keys_the_server_alone_has(
    tmp_path: Path,
) -> None:
    programs = installed(tmp_path / "env", "moto[server]")
    store, url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    keys = {**KEYS, "MLFLOW_S3_ENDPOINT_URL": store, "AWS_DEFAULT_REGION": "us-east-1"}
    words = [sys.executable, "-m", "actsearch.search.cli", "server", "--workers", "1"]
    stores = ["--database", f"sqlite:///{tmp_path}/m.db", "--artifacts", "s3://runs/team"]
    port = ["--port", url.rpartition(":")[2]]
    moto = [str(programs / "moto_server"), "-p", store.rpartition(":")[2]]
    login = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": ADMIN_PASSWORD}
    home = Home(tmp_path / "home")
    with served(moto, f"{store}/moto-api/", tmp_path):
        requests.put(f"{store}/runs", timeout=60).raise_for_status()
        keys["MLFLOW_AUTH_ADMIN_PASSWORD"] = ADMIN_PASSWORD
        with served([*words, *stores, *port], f"{url}/health", tmp_path, **keys):
            assert "registry" not in searched(home, {"MLFLOW_TRACKING_URI": url, **login})
        listing = requests.get(f"{store}/runs?list-type=2", timeout=60).text
    assert listing.count("/artifacts/curve.png") >= len(trained(home))
    assert listing.count("/artifacts/MLmodel") == 1, "the registered best"
