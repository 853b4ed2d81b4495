"""Where jobs run: one seam, pulled by the executor, and two implementations."""

from __future__ import annotations

from ..config import Launch
from ._base import (
    Assignment as Assignment,
    Executor as Executor,
    NextJob as NextJob,
    OnDone as OnDone,
    OnRung as OnRung,
)
from ._in_process import InProcess as InProcess


def executor_for(launch: Launch) -> Executor:
    """This process for one CPU worker, Ray for anything else; Ray is imported only then."""
    if not launch.uses_ray:
        return InProcess()
    from .ray_tune import RayTune

    return RayTune(launch.workers, launch.gpus_per_worker, launch.ray_address)
