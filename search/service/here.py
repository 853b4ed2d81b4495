"""The switch by which `submit` has the process that it starts drive the search itself."""

from __future__ import annotations

HERE = "--here"
