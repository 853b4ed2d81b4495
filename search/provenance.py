"""What stands beside every published number: versions, machine, and how to get it again."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch


def provenance() -> dict[str, str]:
    """Versions and hardware of this process."""
    return {
        "actsearch": version("actsearch"),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": f"{os.cpu_count()} cores, {_processor()}",
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }


def provenance_text() -> str:
    """The same in one line."""
    told = provenance()
    gpu = "" if told["gpu"] == "none" else f", {told['gpu']}"
    return f"actsearch {told['actsearch']}, torch {told['torch']}, {told['machine']}{gpu}"


def _processor() -> str:
    """The processor's name as the system tells it; platform.processor() is empty on Linux."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux: the line below answers there
    return platform.processor() or platform.machine()
