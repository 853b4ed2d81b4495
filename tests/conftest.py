"""One thread per process, the same hypothesis examples in every run, one Ray, one MLflow store."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import hypothesis
import pytest
import torch

from contracts.interpreter import Interpreter

# The machine is shared, and sums come out the same everywhere. Two for `make test-cpus` alone;
# processes that a test starts inherit it.
torch.set_num_threads(int(os.environ.setdefault("OMP_NUM_THREADS", "1")))

# Reading the tests leaves little rubbish, and looking for it took a fifth of the time.
gc.disable()

# Derandomised and without a deadline: a slow machine or a new seed must not fail the build.
hypothesis.settings.register_profile("stable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("stable")

# Fixtures that take seconds to make. Where tests run side by side (pytest-xdist), all that use one
# of the first kind are on one worker, so that it is made once.
ONCE = ("ray_session", "finished")
HEAVY = {*ONCE, "images", "empty_home"}


@pytest.hookimpl(tryfirst=True)  # before -m reads the marks, and --random-order has the last word
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use a costly fixture as heavy, those of Ray as long, and have their
    modules run first: the short ones fill up the workers to the end. The rest of a module stays
    together, for its own fixtures."""
    ranks: dict[str, int] = {}  # of a group: 0 if it shares a fixture, 1 if it is heavy, else 2
    groups: dict[pytest.Item, str] = {}
    for item in items:
        used: Sequence[str] = getattr(item, "fixturenames", ())
        if not HEAVY.isdisjoint(used):
            item.add_marker("heavy")
        if "ray_session" in used:  # `make test` starts no Ray at all: it takes half a minute
            item.add_marker("long")
        heavy = item.get_closest_marker("heavy") is not None
        group = next((name for name in ONCE if name in used), item.location[0])
        item.add_marker(pytest.mark.xdist_group(group))
        groups[item] = group
        ranks[group] = min(ranks.get(group, 2), 0 if group in ONCE else 2 - heavy)
    items.sort(key=lambda item: ranks[groups[item]])


def pytest_collection_finish() -> None:
    """From here on rubbish is looked for among what the tests make."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """For claims about bits, also in `make test-cpus`: they are promised for one thread, as the
    executors train; two cut a product's sums by the size of the ensemble."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an MLflow store and nothing in it; making one takes seconds, copying none."""
    from actsearch.mlflow.tracker import Tracker

    root = tmp_path_factory.mktemp("empty")
    Tracker(root).check()
    return root


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """Ray with two CPUs and one logical GPU; starting it takes ten seconds, hence once."""
    from actsearch.search.executors import ray_tune

    ray = ray_tune.ray  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))  # workers import contracts.faults
        ray.init(
            address="local",  # not that of another worker
            num_cpus=2,
            num_gpus=1,
            include_dashboard=False,
            log_to_driver=False,
        )
    yield
    ray.shutdown()


@pytest.fixture(scope="session")
def interpreter() -> Iterator[Interpreter]:
    """Another Python process, for programs that need not be the first that it runs."""
    interpreter = Interpreter()
    yield interpreter
    interpreter.close()
