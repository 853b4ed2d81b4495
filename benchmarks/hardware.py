"""The hardware that a figure was measured on, for every benchmark's JSON.

    print(json.dumps({**figures, **hardware()}))

A processor's name may say little ("Intel(R) Xeon(R) Processor" of a virtual machine), so its
family and model, its widest vectors and the sizes of its caches stand beside it; the load is that
of the last minute, and tells whether times were measured on an idle machine.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from actsearch.search.provenance import machine

_FIELDS = ("cpu family", "model", "stepping")  # of /proc/cpuinfo
_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


def hardware() -> dict[str, Any]:
    """The processor, its cores and caches, the load on it, and torch's version."""
    return {
        "machine": machine(),
        "cpu_model": _model(),
        "vectors": torch.backends.cpu.get_cpu_capability(),
        "caches": _caches(),
        "load": round(os.getloadavg()[0], 1),
        "torch": torch.__version__,
    }


def _model() -> str | None:
    """Family, model and stepping, which tell processors of one name apart; None off Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return None
    values: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        values.setdefault(name.strip(), value.strip())
    return ", ".join(f"{name} {values[name]}" for name in _FIELDS if name in values) or None


def _caches() -> dict[str, str]:
    """Sizes by level, as the system writes them; empty where it does not."""
    caches = {}
    for folder in sorted(_CACHES.glob("index*")):
        kind = (folder / "type").read_text().strip()
        level = (folder / "level").read_text().strip()
        if kind != "Instruction":
            caches[f"L{level}"] = (folder / "size").read_text().strip()
    return caches
