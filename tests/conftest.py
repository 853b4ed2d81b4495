"""One thread per process, the same hypothesis examples in every run, and one Ray for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import torch

torch.set_num_threads(1)  # the machine is shared, and sums come out the same everywhere

# Derandomised and without a deadline: a slow machine or a new seed must not fail the build.
hypothesis.settings.register_profile("stable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("stable")


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """Ray with two CPUs and one logical GPU; starting it takes ten seconds, hence once."""
    from actsearch.search.executors import ray_tune

    ray = ray_tune.ray  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))  # workers import contracts.faults
        ray.init(num_cpus=2, num_gpus=1, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()
