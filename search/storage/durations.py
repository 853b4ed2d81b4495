"""Times as they are written: 90, 90s, 10m, 1.5h or 2d."""

from __future__ import annotations

import re

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}  # seconds


def seconds(text: str) -> float | None:
    """The seconds of such a text; None where it is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    return None if match is None else float(match[1]) * _UNITS[match[2]]
