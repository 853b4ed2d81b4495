"""The real images, and homes whose MLflow store is there already."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from actsearch.evaluators import ImageClassification, load_train
from actsearch.search import Home, Search
from actsearch.search.cli.main import main
from actsearch.search.exporting import proof
from actsearch.search.storage.search_file import SearchFile
from contracts.interpreter import Interpreter
from contracts.tiny import TINY, TINY_CONV


class CommandResult(NamedTuple):
    """Exit status and output of a verb of the command line."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def images() -> ImageClassification:
    return ImageClassification({"fashion-mnist": load_train()})


@pytest.fixture(autouse=True)
def proved_in_a_fork(
    request: pytest.FixtureRequest, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exports are proved by the same program in another process, which has loaded torch before."""
    if request.node.get_closest_marker("new_process") is None:
        monkeypatch.setattr(proof, "python_alone", interpreter.run)


@pytest.fixture
def home(empty_home: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(empty_home, tmp_path / "home")))


@pytest.fixture(scope="session")
def finished(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with `mine`, a small real search to its end: 8 candidates, a confirmation of two
    over two seeds on both networks, the best exported. To be read only: see `searched`."""
    home = Home(Path(shutil.copytree(empty_home, tmp_path_factory.mktemp("finished") / "home")))
    Search(
        "mine",
        home=home.root,
        space="core-1[network]",
        strategy="random",
        recipe=TINY,
        second=TINY_CONV,
        seed=2,
        bracket=4,
        candidates=8,
        finalists=2,
        seeds=2,
        second_seeds=2,
    ).run()
    return home


@pytest.fixture
def searched(finished: Home, tmp_path: Path) -> Home:
    """A copy of `finished` to do something to."""
    return Home(Path(shutil.copytree(finished.root, tmp_path / "home")))


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Callable[[Search], SearchFile]:
    """Settings that a search would run with; it is not run."""

    def stored_file(search: Search) -> SearchFile:
        handed_over: list[SearchFile] = []
        with monkeypatch.context() as patch:
            patch.setattr(
                "actsearch.search.api.run", lambda *args, **_: handed_over.append(args[1])
            )
            search.run()
        return handed_over[0]

    return stored_file


@pytest.fixture
def actsearch(capsys: pytest.CaptureFixture[str]) -> Callable[..., CommandResult]:
    """A verb of the command line, run in this process: its status, results and messages."""

    def run(*arguments: str | Path) -> CommandResult:
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as stopped:  # how argparse ends
            status = int(stopped.code or 0)
        return CommandResult(status, *capsys.readouterr())

    return run
