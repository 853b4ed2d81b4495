"""Hosts on this machine: Linux namespaces of their own, on one network, each with its own disk.

A host has its own network, processes, host name, shared memory and /tmp, its scratch folder. The
Python environment and the rest of the disk are this machine's. Needs root; without it this fails.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from actsearch.evaluators.data.cache import data_root

NETWORK = "10.77.0"  # seen by the hosts alone
SHARED_MEMORY = "200m"  # of a host: an object store of 100 MB, and room
SETTLED = 20.0  # seconds until a host is up

_PYTHON = (sys.executable, "-S", "-E", "-c")
# The first process of a host: reaps what its others leave behind, until it is killed with them.
_INIT = """
import signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    signal.pause()
"""


@dataclass
class Host:
    """One of them; `folder` is its /tmp, seen from outside, where its commands run too."""

    name: str
    address: str
    folder: Path
    variables: Mapping[str, str]
    init: int  # the process of ours that is its first one
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def inside(self, command: Sequence[str], **variables: str) -> list[str]:
        """A command to be run from outside that runs a command inside."""
        pairs = [f"{key}={value}" for key, value in {**self.variables, **variables}.items()]
        here = ["nsenter", "--target", str(self.init), "--all", "--wd=/tmp"]
        return [*here, "env", "--ignore-environment", *pairs, *command]

    def run(
        self,
        *command: str,
        check: bool = True,
        timeout: float = 400.0,
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command there to its end; variables: in its environment, beside the host's."""
        words = self.inside(command, **(variables or {}))
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout)
        assert not check or done.returncode == 0, f"{command} on {self.name}: {done.stderr}"
        return done

    def start(self, *command: str, **variables: str) -> Path:
        """Start a command there in the background; the file that its output goes to."""
        path = self.folder / f"log-{len(self.running)}"
        with path.open("w") as log:
            process = subprocess.Popen(
                self.inside(command, **variables),
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                preexec_fn=_with_ctrl_c,
            )
        self.running.append(process)
        return path

    def processes(self, text: str) -> list[int]:
        """The processes of the host whose command line holds a text, by their numbers here."""
        network = os.readlink(f"/proc/{self.init}/ns/pid")
        pids = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.readlink(folder / "ns/pid") != network:
                    continue
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                if text in words and state != "Z":
                    pids.append(int(folder.name))
        return sorted(pids)

    def signal(self, text: str, number: int) -> list[int]:
        """Send a signal to the processes whose command line holds a text; there must be some."""
        pids = self.processes(text)
        assert pids, f"nothing like {text} runs on {self.name}"
        for pid in pids:
            self.kill(pid, number)
        return pids

    def kill(self, pid: int, number: int) -> None:
        """Send a signal to one of its processes, which may have ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if number == signal.SIGCONT:
            for process in self.running:  # nsenter stops with the command that it waits for
                process.send_signal(signal.SIGCONT)

    def received(self) -> int:
        """Bytes that came to it over the network so far."""
        counters = self.run("cat", "/proc/net/dev").stdout.splitlines()
        return next(int(line.split()[1]) for line in counters if line.strip().startswith("eth0:"))

    def listens_at(self) -> set[tuple[str, int]]:
        """The addresses and ports at which something listens for TCP."""
        lines = self.run("ss", "--tcp", "--listening", "--numeric", "--no-header").stdout
        ends = [line.split()[3].rpartition(":") for line in lines.splitlines()]
        return {(address, int(port)) for address, _, port in ends}

    def off(self) -> None:
        """End all of it at once, as if the power went."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.init, signal.SIGKILL)
        for process in self.running:
            process.kill()
            process.wait()


def _with_ctrl_c() -> None:
    """A shell has what it starts in the background ignore Ctrl-C, and we pass that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def hosts(folder: Path, number: int, **variables: str) -> Iterator[list[Host]]:
    """Some hosts, 10.77.0.1 and on, on one network; at the end nothing of them is left running.

    variables: in the environment of whatever runs there, which has little else.
    """
    with contextlib.ExitStack() as stack:
        switch = _namespaces(stack, "--net")
        _ip(switch, "link", "add", "switch", "type", "bridge")
        _ip(switch, "link", "set", "switch", "up")
        yield [_host(stack, folder, switch, n, variables) for n in range(1, number + 1)]


def _host(
    stack: contextlib.ExitStack, folder: Path, switch: int, n: int, variables: Mapping[str, str]
) -> Host:
    name, address = f"host-{n}", f"{NETWORK}.{n}"
    disk = folder / name
    disk.mkdir()
    init = _namespaces(stack, "--net", "--mount", "--uts", "--ipc", "--pid", "--mount-proc")
    _ip(
        switch,
        *("link", "add", f"port-{n}", "type", "veth"),
        *("peer", "name", "eth0", "netns", f"/proc/{init}/ns/net"),
    )
    _ip(switch, "link", "set", f"port-{n}", "master", "switch", "up")
    _ip(init, "address", "add", f"{address}/24", "dev", "eth0")
    _ip(init, "link", "set", "lo", "up")
    _ip(init, "link", "set", "eth0", "up")
    _enter(init, "--uts", "hostname", name)
    _enter(init, "--mount", "mount", "--bind", str(disk), "/tmp")
    shared = ("-t", "tmpfs", "-o", f"size={SHARED_MEMORY}", "tmpfs", "/dev/shm")
    _enter(init, "--mount", "mount", *shared)
    (disk / "root").mkdir()
    environment = {
        "HOME": "/tmp/root",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ACTSEARCH_DATA": str(data_root().resolve()),
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_raylet_start_wait_time_s": "300",  # on a machine that is shared
        **variables,
    }
    host = Host(name, address, disk, environment, init)
    stack.callback(host.off)
    return host


def _namespaces(stack: contextlib.ExitStack, *kinds: str) -> int:
    """Start a process in namespaces of its own, which end with it; its number."""
    forks = ("--fork", "--kill-child")
    process = subprocess.Popen(
        # The test killed, they go too.
        [*("setpriv", "--pdeathsig", "KILL"), "unshare", *kinds, *forks, *_PYTHON, _INIT],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    stack.callback(process.stderr.close)
    stack.callback(process.wait)
    stack.callback(process.kill)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    give_up = time.monotonic() + SETTLED
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise PermissionError(
                f"no namespaces can be made: {process.stderr.read().strip()}; tests of clusters "
                f"need root, with the capabilities to make networks and mounts"
            )
        pids = children.read_text().split()
        # It has its namespaces, and is the program, once unshare has forked and executed.
        if pids and b"signal.pause" in Path(f"/proc/{pids[0]}/cmdline").read_bytes():
            return int(pids[0])
        time.sleep(0.02)
    raise TimeoutError(f"no namespaces within {SETTLED:g} s")


def _ip(init: int, *words: str) -> None:
    _enter(init, "--net", "ip", *words)


def _enter(init: int, kind: str, *command: str) -> None:
    whole = ["nsenter", "--target", str(init), kind, *command]
    done = subprocess.run(whole, capture_output=True, text=True)
    if done.returncode:
        raise PermissionError(f"{' '.join(whole)}: {done.stderr.strip()}")
