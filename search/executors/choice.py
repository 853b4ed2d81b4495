"""The executor that a search's run settings ask for."""

from __future__ import annotations

from ..storage.config import RunSettings
from .base import Executor
from .in_process import InProcess


def executor_for(settings: RunSettings) -> Executor:
    """This process for one CPU worker, Ray for anything else; Ray is imported only then."""
    if not settings.uses_ray:
        return InProcess(settings.rung_limit)
    from .ray_tune import RayTune

    return RayTune(
        settings.fixed_workers, settings.gpus_per_worker, settings.ray_address, settings.rung_limit
    )
