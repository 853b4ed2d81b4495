"""The suites' own asserts are explained like those of tests."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("contracts.executors", "contracts.strategies")
