"""The versions and the machine behind a published number."""

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
        "machine": machine(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }


def provenance_text() -> str:
    """The same in one line."""
    values = provenance()
    gpu = "" if values["gpu"] == "none" else f", {values['gpu']}"
    return f"actsearch {values['actsearch']}, torch {values['torch']}, {values['machine']}{gpu}"


def versions() -> dict[str, str]:
    """Installed versions of the package and the libraries that decide how a search runs."""
    return {name: version(name) for name in ("actsearch", "torch", "optuna", "ray", "mlflow")}


def machine() -> str:
    """Number of cores, and the processor's name as the system tells it."""
    return f"{os.cpu_count()} cores, {processor()}"


def processor() -> str:
    """The processor's name; platform.processor() is empty on Linux."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux: the line below answers there
    return platform.processor() or platform.machine()
