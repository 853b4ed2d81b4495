"""A search on a cluster: its files go there, its lines tell its status, its folder comes back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from actsearch.search import ClusterUnusable, Home, InvalidSetting
from actsearch.search.executors import ray_jobs
from actsearch.search.executors.ray_jobs import RayJobs
from actsearch.search.service.cluster_job import ClusterJob, submit_job
from actsearch.search.service.cluster_status import status_in
from actsearch.search.service.fetching import pack, unpack, unwrapped
from actsearch.search.service.working_files import working_files
from actsearch.search.storage.home import PRIOR
from actsearch.search.storage.shown_functions import Showing, ShownFunctions
from actsearch.search.storage.trial_reader import read_trials
from contracts.trials import whole

JOB = ClusterJob(address="head:6379", job="raysubmit_1")
BEGUN = """\
search 'mine' has its place and goes on by itself
search 'mine': 60 candidates of core-1 (6,250 encodings) by random, recipe quick, on 8 Ray workers
"""
SWEEP = "12/60 candidates  ·  best 87.42%  x * tanh(x)  ·  0:36 spent  ·  about 2:10 left, then "
CONFIRMED = (
    "60/60 candidates  ·  best 88.00%  x  ·  1:00:00 spent\n9/36 trainings  ·  0:20 spent\n"
)


def test_the_status_is_read_from_what_it_printed() -> None:
    assert status_in("mine", JOB, "PENDING", "").state == "starting"
    assert status_in("mine", JOB, "RUNNING", BEGUN).workers == 8
    status = status_in("mine", JOB, "RUNNING", f"{BEGUN}{SWEEP}1:05:00 of confirmation\n")
    assert (status.state, status.entered, status.candidates) == ("searching", 12, 60)
    assert status.score == pytest.approx(0.8742)
    assert status.expression == "x * tanh(x)"
    assert (status.left, status.later, status.per_hour) == (130.0, 3900.0, 1200.0)
    status = status_in("mine", JOB, "RUNNING", BEGUN + CONFIRMED)
    assert (status.state, status.trainings, status.entered) == ("confirming", (9, 36), 60)
    status = status_in("mine", JOB, "SUCCEEDED", BEGUN + CONFIRMED)
    assert (status.state, status.runs, status.trainings) == ("finished", False, None)


def test_a_place_in_the_queue_and_a_failure_are_read_too() -> None:
    waits = "search 'mine' waits until 'a', 'b' have ended\n"
    assert status_in("mine", JOB, "RUNNING", waits).behind == ("a", "b")
    failed = status_in("mine", JOB, "FAILED", f"{BEGUN}actsearch: every training failed\n")
    assert (failed.state, failed.reason) == ("failed", "every training failed")


def test_a_fetched_search_is_the_one_that_was_packed(
    searched: Home, empty_home: Path, tmp_path: Path
) -> None:
    here = Home(Path(shutil.copytree(empty_home, tmp_path / "here")))
    folder, prior = here.new_folder("mine"), f"{PRIOR}1234abcd.jsonl"
    (searched.folder("mine") / prior).write_text("what its strategy learned from")
    for test_set in ("1f", "2c"):  # at one moment, of one data set's name
        ShownFunctions(searched.root).add(
            Showing(
                at="2026-11-30",
                folder="searches/mine",
                dataset="own data",
                functions=("sin(x)",),
                test_set=test_set,
            )
        )
    data = unwrapped("other lines\n" + "\n".join(pack(searched, "mine")) + "\nand more\n")
    assert data is not None
    for _ in range(2):  # the second one is over the first
        unpack(here, folder, data)
        # As text: a loss that diverged is NaN, which equals nothing.
        assert whole(read_trials(folder)) == whole(read_trials(searched.folder("mine")))
        for file in ("config.json", "confirmation.jsonl", "best/activation.py", prior):
            assert (folder / file).read_bytes() == (searched.folder("mine") / file).read_bytes()
        shown = ShownFunctions(here.root).read()
        assert shown == ShownFunctions(searched.root).read()
        assert shown, "the openings of its test set count here too"
    names = {path.name for path in folder.iterdir() if not path.name.startswith("study.db-")}
    assert names == {"best", "config.json", "confirmation.jsonl", "study.db", prior}


def test_what_is_cut_short_is_not_unpacked(finished: Home) -> None:
    text = "\n".join(pack(finished, "mine"))
    assert unwrapped(text[: len(text) // 2]) is None


def test_the_modules_and_toml_files_of_the_directory_go_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in ("mine.py", "nets/small.py", "my.toml", ".git/hook.py", "data.bin"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("")
    for words in (["--evaluator=mine:evaluator"], ["--recipe=my.toml"]):
        with working_files(words) as folder:
            assert folder is not None
            files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))
            assert files == ["mine.py", "my.toml", "nets/small.py"]
    with working_files(["--candidates=9", "--name", "mine"]) as folder:
        assert folder is None
    with (
        pytest.raises(InvalidSetting, match=r"other\.toml is not below"),
        working_files(["--recipe=../other.toml"]),
    ):
        pass


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_jobs, "find_spec", lambda name: None)
    with pytest.raises(ClusterUnusable, match=r"pip install 'actsearch\[cluster\]'"):
        RayJobs("head:6379")


def test_a_submission_that_is_interrupted_leaves_no_job_that_nothing_here_knows(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[str] = []

    class Pending:
        """A cluster on which a job waits, whose submitter is interrupted meanwhile."""

        def __init__(self, address: str) -> None:
            pass

        def submit(self, *arguments: object) -> str:
            return "raysubmit_9"

        def state(self, job: str) -> str:
            raise KeyboardInterrupt

        def stop(self, job: str) -> None:
            stopped.append(job)

    monkeypatch.setattr("actsearch.search.service.cluster_job.RayJobs", Pending)
    with pytest.raises(KeyboardInterrupt):
        submit_job(home, "mine", "head:6379", lambda name: ["search", name], resume=False)
    assert stopped == ["raysubmit_9"]
    assert not (home.searches / "mine").exists()
