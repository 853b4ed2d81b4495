"""A storm: real searches with a real MLflow server, killed again and again, in a host of its own.

    python tests/soak/storm.py --seed 7 --kills 50

What is struck, with which signal and when is drawn from the seed, and printed with the state that
it met; so a storm can be replayed. Whatever the kills leave, each search is resumed to its end,
and then every candidate must be there exactly once. Needs root, as tests of clusters do.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from actsearch.search import Home, Trial
from actsearch.search.storage.confirmation_log import ConfirmationLog
from actsearch.search.storage.trial_reader import read_trials

sys.path.insert(0, str(Path(__file__).parents[1]))

from contracts.hosts import Host, hosts
from contracts.smoke import smoke

CANDIDATES = 18  # of a search: two brackets
FINALISTS, SEEDS = 2, 2
CALM = 5  # launches in a row without a kill, of which one has to end well
PATIENCE = 600.0  # seconds until something that should come is given up
STOPPED = 5.0  # seconds of a SIGSTOP
SERVER = ("mlflow server", "mlflow.server")  # in the command lines of its processes
URI = "http://127.0.0.1:5000"

RUNS = """
import json, mlflow
client, runs = mlflow.MlflowClient(), []
for experiment in client.search_experiments():
    for run in client.search_runs([experiment.experiment_id], max_results=5000):
        tags = run.data.tags
        runs.append([tags.get("actsearch.search", experiment.name), tags.get("actsearch.trial"),
                     run.info.status, tags.get("role")])
print(json.dumps(runs))
"""


@dataclass(frozen=True)
class Strike:
    """A kill to come: at what, with which signal, and when.

    moment: `beginning`, so many seconds after the driver was started (it makes or resumes the
    search); `training`, when another candidate has ended; `confirming`, when another line of the
    confirmation is there. delay: seconds after it.
    """

    target: str
    signal: str
    moment: str
    delay: float

    @staticmethod
    def drawn(rng: random.Random) -> Strike:
        target, signals = rng.choices(
            [
                ("driver", ("KILL", "KILL", "TERM", "INT", "STOP")),
                ("worker", ("KILL", "TERM", "STOP")),
                ("node", ("KILL", "TERM")),
                ("server", ("KILL", "TERM", "STOP")),
            ],
            weights=[5, 2, 1, 2],
        )[0]
        moment = rng.choice(("beginning", "training", "confirming"))
        longest = 12.0 if moment == "beginning" else 1.0
        return Strike(target, rng.choice(signals), moment, round(rng.uniform(0, longest), 2))


class Storm:
    """The searches of one host, and what befalls them."""

    def __init__(self, host: Host, seed: int, kills: int, minutes: float) -> None:
        self._host, self._kills = host, kills
        self._over = time.monotonic() + 60 * minutes
        self._calm = 0  # launches since the last kill
        self._rng = random.Random(seed)
        self._home = Home(host.folder / "home")
        self._driver: subprocess.Popen[str] | None = None
        self._log = Path()
        self._number = 0
        self._begun = 0.0  # when the driver was started
        self.struck: list[dict[str, object]] = []
        self.faults: list[str] = []
        self.searches: list[str] = []

    def run(self) -> None:
        """Strike as often as asked for, or until the time is over; then let the search that was
        struck last come to its end."""
        self._serve()
        while self._strikes() or self._name not in self.searches:
            if self._driver is None:
                self._launch()
            if not self._strikes():
                self._wait(lambda: False)
            else:
                strike = Strike.drawn(self._rng)
                if self._comes(strike):
                    self._do(strike)
            self._reap()

    def _strikes(self) -> bool:
        """Whether there are kills to come."""
        return len(self.struck) < self._kills and time.monotonic() < self._over

    @property
    def _name(self) -> str:
        return f"storm-{self._number}"

    def _launch(self) -> None:
        """Begin the next search, or go on with the one that was ended."""
        workers = 1 + self._number % 2  # in the driver's own process, or two of Ray
        strategy = ("random", "evolution", "surrogate")[self._number % 3]
        recipes = ("--recipe", "/tmp/smoke.toml", "--second", "/tmp/second.toml")
        new = (*recipes, "--strategy", strategy, "--seed", str(self._number))
        resumed = self._name in self._home.names()
        self._calm += 1
        assert self._calm <= CALM, f"{self._name} does not end: {self._log.read_text()}"
        self._log = self._host.start(
            *("actsearch", "search", "--home", "/tmp/home", "--name", self._name),
            *(f"--candidates={CANDIDATES}", f"--workers={workers}"),
            *(f"--finalists={FINALISTS}", f"--seeds={SEEDS}"),
            *(("--resume",) if resumed else new),
            MLFLOW_TRACKING_URI=URI,
        )
        self._driver, self._begun = self._host.running[-1], time.monotonic()

    def _comes(self, strike: Strike) -> bool:
        """Wait for the moment of a strike; False if the driver ended before it came."""
        ended, lines = len(self._ended()), self._confirmed()
        ready: dict[str, Callable[[], bool]] = {
            "beginning": lambda: True,
            "training": lambda: len(self._ended()) > ended,
            "confirming": lambda: self._confirmed() > lines,
        }
        if strike.moment == "beginning" and time.monotonic() - self._begun > 15:
            return False  # it is past; draw another one
        return self._wait(ready[strike.moment]) and not self._ends_within(strike.delay)

    def _do(self, strike: Strike) -> None:
        number = getattr(signal, f"SIG{strike.signal}")
        pids = {
            "driver": lambda: self._host.processes("actsearch search")[:1],
            "worker": lambda: self._host.processes("ray::Worker")[:1],
            "node": lambda: self._host.processes("raylet/raylet"),
            "server": self._server,
        }[strike.target]()
        if not pids:
            return  # no such thing runs now
        self.struck.append(
            {
                "kill": len(self.struck) + 1,
                **asdict(strike),
                "search": self._name,
                "after": round(time.monotonic() - self._begun, 1),
                "states": dict(Counter(t.state for t in self._trials())),
                "confirmed": self._confirmed(),
            }
        )
        print(json.dumps(self.struck[-1]), flush=True)
        self._calm = 0
        for pid in pids:
            self._host.kill(pid, number)
        if strike.signal == "STOP":
            time.sleep(STOPPED)
            for pid in pids:
                self._host.kill(pid, signal.SIGCONT)
        elif strike.target == "driver":
            assert self._driver is not None
            self._driver.wait(PATIENCE)
        elif strike.target == "server":
            time.sleep(self._rng.uniform(0, STOPPED))
            self._serve()

    def _reap(self) -> None:
        """Note how a driver ended that has; the next search's turn comes if it ended well."""
        if self._driver is None or self._driver.poll() is None:
            return
        status, output = self._driver.returncode, self._log.read_text()
        last = output.strip().splitlines()[-1:] or [""]
        print(json.dumps({"ended": self._name, "status": status, "last": last[0]}), flush=True)
        if "Traceback" in output:
            self.faults.append(f"{self._log.name} of {self._name} shows a traceback: {output}")
        if status == 0:
            self.searches.append(self._name)
            self._number += self._strikes()
        self._driver = None

    def _serve(self) -> None:
        """Start the MLflow server, and wait until it answers."""
        self._host.start(
            *("mlflow", "server", "--host", "127.0.0.1", "--port", "5000", "--workers", "1"),
            *("--backend-store-uri", "sqlite:////tmp/runs.db"),
            *("--artifacts-destination", "/tmp/artifacts"),
            MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
            MLFLOW_DISABLE_TELEMETRY="true",
        )
        give_up = time.monotonic() + PATIENCE
        code = f"import urllib.request as r; r.urlopen('{URI}/health', timeout=5)"
        while self._host.run("python", "-c", code, check=False).returncode:
            assert time.monotonic() < give_up, "the MLflow server does not start"

    def _server(self) -> list[int]:
        return [pid for text in SERVER for pid in self._host.processes(text)]

    def _wait(self, ready: Callable[[], bool]) -> bool:
        """Whether something came true before the driver ended."""
        assert self._driver is not None
        give_up = time.monotonic() + PATIENCE
        while self._driver.poll() is None:
            if ready():
                return True
            assert time.monotonic() < give_up, f"nothing comes: {self._log.read_text()}"
            time.sleep(0.1)
        return False

    def _ends_within(self, seconds: float) -> bool:
        assert self._driver is not None
        try:
            self._driver.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _trials(self) -> list[Trial]:
        return (
            read_trials(self._home.folder(self._name)) if self._name in self._home.names() else []
        )

    def _ended(self) -> list[Trial]:
        return [t for t in self._trials() if t.trained and t.state not in ("running", "failed")]

    def _confirmed(self) -> int:
        path = self._home.searches / self._name / "confirmation.jsonl"
        return len(path.read_bytes().splitlines()) if path.exists() else 0

    def verdict(self) -> Iterator[str]:
        """Faults after the storm; none, if all is well."""
        yield from self.faults
        self._serve()
        runs = json.loads(
            self._host.run("python", "-c", RUNS, variables={"MLFLOW_TRACKING_URI": URI}).stdout
        )
        for pid in self._server():
            self._host.kill(pid, signal.SIGKILL)
        for name in self.searches:
            yield from self._wrong_in(name, [run for run in runs if run[0] == name])
        yield from self._wrong_openings()
        time.sleep(STOPPED)
        for pid in self._host.processes(""):
            if pid != self._host.init:
                yield f"process {pid} is left: {Path(f'/proc/{pid}/cmdline').read_bytes()!r}"
        for path in self._host.folder.glob("actsearch-*"):
            yield f"{path.name} is left of the scratch"

    def _wrong_in(self, name: str, runs: list[list[str]]) -> Iterator[str]:
        trials = read_trials(self._home.folder(name))
        ended = [t for t in trials if t.trained and t.state not in ("running", "failed")]
        if len(ended) != CANDIDATES or len({t.expression for t in ended}) != CANDIDATES:
            yield f"{name}: {len(ended)} candidates have trained, not {CANDIDATES} different ones"
        if left := [t.number for t in trials if t.state == "running"]:
            yield f"{name}: trials {left} are still running in the study"
        if open_runs := [run for run in runs if run[2] == "RUNNING"]:
            yield f"{name}: runs {open_runs} are still running in MLflow"
        shown = Counter(
            int(run[1]) for run in runs if run[1] is not None and run[3] == "candidate"
        )
        for trial in ended:
            if shown[trial.number] != 1:
                yield f"{name}: trial {trial.number} has {shown[trial.number]} finished runs"
        trainings = ConfirmationLog(self._home.folder(name)).trainings.values()
        lost = [t for t in trainings if t.reason and "crash" in t.reason]
        if lost:
            yield f"{name}: trainings of the confirmation are recorded as failed: {lost}"

    def _wrong_openings(self) -> Iterator[str]:
        """Each search opens the test set once, however often it is killed, and all are counted."""
        openings = []
        for name in self.searches:
            log = ConfirmationLog(self._home.folder(name))
            if len(log.openings) != 1:
                yield f"{name}: {len(log.openings)} openings are recorded, not one"
            openings += log.openings
        before = [opening.openings_before for opening in sorted(openings, key=lambda o: o.at)]
        if before != list(range(len(before))):
            yield f"the openings before each were counted as {before}"


def main() -> int:
    """Run one storm; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=None, help="of a storm to replay")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=600.0, help="no more kills after them")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(json.dumps({"seed": seed, "kills": options.kills}), flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="storm-", dir="/tmp", ignore_cleanup_errors=True) as at,
        hosts(Path(at), 1) as (host,),
    ):
        (host.folder / "smoke.toml").write_text(smoke(12_000, (64,)))
        (host.folder / "second.toml").write_text(smoke(1000, (4, 4), "conv"))
        storm = Storm(host, seed, options.kills, options.minutes)
        start = time.monotonic()
        storm.run()
        wrong = list(storm.verdict())
        counts = Counter(f"{kill['target']} {kill['signal']}" for kill in storm.struck)
        moments = Counter(str(kill["moment"]) for kill in storm.struck)
        print(
            json.dumps(
                {
                    "seed": seed,
                    "kills": len(storm.struck),
                    "by_target": counts,
                    "by_moment": moments,
                    "searches": len(storm.searches),
                    "candidates": CANDIDATES * len(storm.searches),
                    "seconds": round(time.monotonic() - start),
                    "wrong": wrong,
                },
                indent=1,
            )
        )
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
