"""A Ray cluster of hosts on this machine, started as the docs say: `ray start` on each."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from actsearch.search import Home, Trial
from actsearch.search.storage.trial_reader import read_trials
from contracts.hosts import Host

PORT = 6379
OBJECT_STORE = 100_000_000  # bytes; the training images are 47 MB
PATIENCE = 400.0  # seconds until a search that should get somewhere is given up
STORE_LISTED = """
import json, ray
ray.init(address="auto", log_to_driver=False, logging_level="ERROR")
print(json.dumps([[n["NodeManagerAddress"], n["Alive"], n["Resources"]] for n in ray.nodes()]))
"""


@dataclass
class RayCluster:
    """A head on the first host, and nodes on those that have joined; the home is on the head."""

    hosts: list[Host]
    joined: list[Host] = field(default_factory=list)

    @property
    def head(self) -> Host:
        return self.hosts[0]

    @property
    def address(self) -> str:
        return f"{self.head.address}:{PORT}"

    @property
    def home(self) -> Home:
        """Where the searches are, seen from outside; /tmp/home on the head, and nowhere else."""
        return Home(self.head.folder / "home")

    def start_head(self, cpus: int = 1, *options: str, **variables: str) -> None:
        """`ray start --head` on the first host."""
        self._start(self.head, cpus, "--head", f"--port={PORT}", *options, **variables)

    def join(self, host: Host, cpus: int = 1, *options: str, **variables: str) -> None:
        """`ray start --address` on another."""
        self._start(host, cpus, f"--address={self.address}", *options, **variables)

    def _start(self, host: Host, cpus: int, *options: str, **variables: str) -> None:
        host.run(
            *("ray", "start", f"--node-ip-address={host.address}", f"--num-cpus={cpus}"),
            *(f"--object-store-memory={OBJECT_STORE}", "--disable-usage-stats", *options),
            variables=variables,
        )
        self.joined.append(host)

    def leave(self, host: Host) -> None:
        """`ray stop` on a host."""
        host.run("ray", "stop", "--grace-period=5")
        self.joined.remove(host)

    def nodes(self) -> dict[str, dict[str, float]]:
        """The resources of each node that is alive, by its address."""
        lines = self.head.run("python", "-c", STORE_LISTED).stdout.splitlines()
        return {ip: resources for ip, alive, resources in json.loads(lines[-1]) if alive}

    def search(self, *options: str, **variables: str) -> Path:
        """Start `actsearch search` on the head, over the cluster; the file of its output."""
        return self.head.start(
            *("actsearch", "search", "--home", "/tmp/home", "--ray-address", self.address),
            *options,
            **variables,
        )

    def ended(self, log: Path) -> str:
        """Wait for the end of the last command started on the head; its output, if it did well."""
        process = self.head.running[-1]
        status = process.wait(PATIENCE)
        assert status == 0, log.read_text()
        return log.read_text()

    def wait_for(self, log: Path, name: str, ready: Callable[[list[Trial]], bool]) -> list[Trial]:
        """Watch a search until its trials are ready; return them."""
        process, give_up = self.head.running[-1], time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            assert process.poll() is None, f"it ended: {log.read_text()}"
            trials = self.trials(name)
            if ready(trials):
                return trials
            time.sleep(0.1)
        raise AssertionError(f"nothing came of it in {PATIENCE:g} s: {log.read_text()}")

    def trials(self, name: str) -> list[Trial]:
        """The trials of a search, none where there is no such search yet."""
        return read_trials(self.home.folder(name)) if name in self.home.names() else []


def exactly_once(trials: list[Trial], candidates: int) -> None:
    """Check that so many candidates have trained, none twice, and that none is left over."""
    scored = [t for t in trials if t.trained and t.state not in ("running", "failed")]
    assert len(scored) == candidates
    assert max(Counter(t.expression for t in scored).values()) == 1
    assert not [t for t in trials if t.state == "running"]


def wait_until(ready: Callable[[], bool], message: str) -> None:
    """Return when something has come true."""
    give_up = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < give_up, message
        time.sleep(0.1)
