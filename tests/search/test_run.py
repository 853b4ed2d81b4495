"""A search is killed, stopped and resumed: nothing is lost and nothing trained twice."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from actsearch.mlflow.client import local_uri
from actsearch.search import (
    Home,
    Trial,
)
from actsearch.search.cli.main import main
from actsearch.search.storage.trial import (
    entered,
    interrupted,
)
from actsearch.search.storage.trial_reader import read_trials
from actsearch.space.counted import counted
from contracts.processes import PATIENCE, Driver, actsearch, ended, wait_for
from contracts.trials import whole

pytestmark = pytest.mark.long
MORE = 4  # candidates after the last interruption
BEGIN = (
    *("search", "--name", "mine", "--limit-data", "1500", "--no-confirm", "--candidates", "500"),
    *("--strategy", "evolution"),  # it looks at what has trained, and begins at once
)
RESUME = ("search", "--name", "mine", "--resume")


@dataclass
class Story:
    """One search as seen through its interruptions."""

    home: Home
    workers: int
    temporary: Path  # the drivers' folder for temporary files
    killed: list[Trial] = field(default_factory=list)  # as SIGKILL left them
    stopped: list[Trial] = field(default_factory=list)  # as the signal left them
    stop: tuple[int, str] | None = None  # its exit status and messages
    end: tuple[int, str, str] = (0, "", "")  # of the last launch, with its results
    pid: int = 0  # of the first driver
    leaderboard: list[dict[str, Any]] = field(default_factory=list)  # while it ran
    second_drivers: list[tuple[int, str]] = field(default_factory=list)  # while it ran

    @property
    def folder(self) -> Path:
        return self.home.searches / "mine"

    @property
    def candidates(self) -> list[Trial]:
        begun = (self.folder / "config.json").is_file()  # the last thing that is made
        return read_trials(self.folder) if begun else []


def here(*arguments: str) -> tuple[int, str, str]:
    """A verb in this process: its exit status, results and messages."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(arguments)
    return status, out.getvalue(), err.getvalue()


def until_it_trains(driver: Driver, story: Story) -> None:
    """Wait until a few more candidates have ended and others are in training."""
    before = len(ended(story.candidates))
    wait_for(
        driver,
        story.home,
        "mine",
        lambda trials: (
            len(ended(trials)) >= before + 3
            and any(c.state == "running" and c.expression for c in trials)
        ),
    )


def live_through(folder: Path, empty_home: Path, workers: int, *stops: int) -> Iterator[Story]:
    """SIGKILL, resumed; for each signal stopped and resumed; then to its end."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="t") as temporary:  # Ray needs a short one
        yield lived(folder, empty_home, Path(temporary), workers, *stops)


def lived(folder: Path, empty_home: Path, temporary: Path, workers: int, *stops: int) -> Story:
    home = Home(Path(shutil.copytree(empty_home, folder / "home")))
    story = Story(home, workers, temporary)
    place, env = ("--home", str(home.root)), {"TMPDIR": str(temporary)}
    with actsearch(folder, *BEGIN, *place, "--workers", str(workers), **env) as driver:
        until_it_trains(driver, story)
        story.pid = driver.process.pid
        if workers == 1:
            story.leaderboard = json.loads(here("leaderboard", "mine", "--json", *place)[1])
            for again in (RESUME, BEGIN):
                status, _, err = here(*again, *place)
                story.second_drivers.append((status, err))
        driver.stop(signal.SIGKILL)
    story.killed = story.candidates
    for number in stops:
        with actsearch(folder, *RESUME, *place, **env) as driver:
            until_it_trains(driver, story)
            story.stop = driver.stop(number), driver.err
    story.stopped = story.candidates
    total = str(entered(story.stopped) + MORE)
    with actsearch(folder, *RESUME, *place, "--json", "--candidates", total, **env) as driver:
        story.end = driver.process.wait(PATIENCE), driver.out, driver.err
    return story


@pytest.fixture(scope="module")
def alone(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The driver trains by itself."""
    yield from live_through(tmp_path_factory.mktemp("alone"), empty_home, 1, signal.SIGINT)


@pytest.fixture(scope="module")
def on_ray(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Two Ray workers train."""
    yield from live_through(tmp_path_factory.mktemp("ray"), empty_home, 2)


@pytest.fixture(scope="module")
def stopped_on_ray(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The same, and stopped as Ctrl-C does it, then as a scheduler does."""
    folder = tmp_path_factory.mktemp("ray")
    yield from live_through(folder, empty_home, 2, signal.SIGINT, signal.SIGTERM)


@pytest.fixture(
    scope="module",
    params=["alone", "on_ray", pytest.param("stopped_on_ray", marks=pytest.mark.slow)],
)
def story(request: pytest.FixtureRequest) -> Story:
    value: Story = request.getfixturevalue(request.param)
    return value


@pytest.fixture(
    scope="module", params=["alone", pytest.param("stopped_on_ray", marks=pytest.mark.slow)]
)
def halted(request: pytest.FixtureRequest) -> Story:
    """The story of a search that a signal stopped after the kill."""
    value: Story = request.getfixturevalue(request.param)
    return value


def test_it_was_killed_in_the_midst_of_training(story: Story) -> None:
    assert any(c.state == "running" and c.expression for c in story.killed)
    assert ended(story.killed)


def test_what_had_ended_before_a_kill_is_there_unchanged_in_the_end(story: Story) -> None:
    final = {c.number: c for c in story.candidates}
    for snapshot in (story.killed, story.stopped):
        for candidate in ended(snapshot):
            assert whole([final[candidate.number]]) == whole([candidate])


def test_no_candidate_was_trained_to_its_end_twice(story: Story) -> None:
    finished = ended(story.candidates)
    assert set(Counter(c.origin for c in finished).values()) == {1}
    assert set(Counter(c.expression for c in finished).values()) == {1}


def test_what_was_in_training_came_again(story: Story) -> None:
    finished = {c.origin for c in ended(story.candidates)}
    for snapshot in (story.killed, story.stopped):
        assert {c.origin for c in snapshot if c.entered_training} <= finished


def test_exactly_as_many_distinct_candidates_as_asked_for_entered_training(story: Story) -> None:
    status, _, err = story.end
    assert status == 0, err
    assert entered(story.candidates) == entered(story.stopped) + MORE
    assert len(ended(story.candidates)) == entered(story.stopped) + MORE


def test_nothing_is_left_running(story: Story) -> None:
    for trials in [story.candidates, *([story.stopped] if story.stop else [])]:
        assert not [c for c in trials if c.state == "running"]


def test_no_driver_s_scratch_is_left_and_of_ray_s_sessions_the_last_one(story: Story) -> None:
    assert [path for path in story.temporary.iterdir() if path.name != "ray"] == []
    sessions = [path for path in story.temporary.glob("ray/session_*") if not path.is_symlink()]
    assert len(sessions) == (1 if story.workers > 1 else 0)


def test_mlflow_has_one_closed_run_for_each_candidate_that_trained(story: Story) -> None:
    client = MlflowClient(local_uri(story.home.root))
    (experiment,) = client.search_experiments(filter_string="name LIKE '%mine'")
    everything = list(client.search_runs([experiment.experiment_id], max_results=1000))
    assert {run.info.status for run in everything} == {"FINISHED"}
    runs = [run for run in everything if run.data.tags["role"] == "candidate"]
    shown = sorted(int(run.data.tags["actsearch.trial"]) for run in runs)
    assert shown == sorted(c.number for c in ended(story.candidates))


def test_a_signal_stops_it_with_130_and_the_advice_to_resume(halted: Story) -> None:
    assert halted.stop is not None
    status, err = halted.stop
    assert status == 130
    assert "Go on with: actsearch search --resume --name mine --home" in err
    assert "Traceback" not in err


def test_it_is_said_how_many_candidates_will_be_tried_again(halted: Story) -> None:
    assert halted.stop is not None
    again = interrupted(halted.stopped)
    assert again > 0
    assert f"; {counted(again, 'candidate')} in training will be tried again" in halted.stop[1]


def test_the_result_names_the_best_and_where_it_is(story: Story) -> None:
    result = json.loads(story.end[1])
    assert result["name"] == "mine"
    assert result["confirmation"] is None
    assert result["best"]["verdict"] == "unconfirmed"
    assert Path(result["exported"]).is_file()
    scores = [row["score"] for row in result["leaderboard"] if row["state"] == "complete"]
    assert scores == sorted(scores, reverse=True)


def test_the_leaderboard_can_be_read_while_the_search_runs(alone: Story) -> None:
    assert len(alone.leaderboard) >= 3
    for row in alone.leaderboard:
        assert {"expression", "state", "score", "rungs", "trial"} <= set(row)
        assert row["rungs"] or row["state"] == "infeasible"


def test_a_second_driver_is_refused_while_the_first_is_at_work(alone: Story) -> None:
    resumed, begun = alone.second_drivers
    assert resumed[0] == begun[0] == 1
    assert f"search 'mine' is being driven by process {alone.pid}" in resumed[1]
    assert "search 'mine' exists" in begun[1]
    assert all(err.count("\n") == 1 for _, err in alone.second_drivers)
