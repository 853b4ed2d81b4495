"""All strategies keep the contract."""

from __future__ import annotations

from typing import cast

import pytest

from actsearch.search.strategies.registry import BY_NAME
from contracts.strategies import Make, StrategyContract


@pytest.fixture(scope="class", params=list(BY_NAME))
def shipped(request: pytest.FixtureRequest) -> Make:
    return BY_NAME[cast(str, request.param)]


class TestShipped(StrategyContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls, shipped: Make) -> Make:
        return shipped
