"""Where jobs run: one seam, pulled by the executor, and two implementations."""

from __future__ import annotations

from ..storage.config import RunSettings
from .base import Assignment as Assignment
from .base import Executor as Executor
from .base import NextJob as NextJob
from .base import OnDone as OnDone
from .base import OnRung as OnRung
from .in_process import InProcess as InProcess


def executor_for(launch: RunSettings) -> Executor:
    """This process for one CPU worker, Ray for anything else; Ray is imported only then."""
    if not launch.uses_ray:
        return InProcess(launch.rung_limit)
    from .ray_tune import RayTune

    return RayTune(launch.workers, launch.gpus_per_worker, launch.ray_address, launch.rung_limit)
