"""All executors keep the contract; Ray is started once, with one logical GPU."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actsearch.search.executors.base import Executor
from actsearch.search.executors.in_process import InProcess
from actsearch.search.executors.on_demand import OnDemand
from actsearch.search.executors.ray_tune import RayTune
from contracts.executors import ExecutorContract, entered


class TestInProcess(ExecutorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def executor(cls) -> Iterator[Executor]:
        yield from entered(InProcess())


class TestOnDemand(ExecutorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def executor(cls) -> Iterator[Executor]:
        yield from entered(OnDemand(InProcess()))


@pytest.mark.usefixtures("ray_session")
class TestRayTune(ExecutorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def executor(cls, ray_session: None) -> Iterator[Executor]:
        yield from entered(RayTune(workers=2, gpus_per_worker=0.5, address=None))
