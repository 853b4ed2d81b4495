"""All strategies keep the contract."""

from __future__ import annotations

from typing import cast

import pytest

from actsearch.search.strategies.registry import BUILT_IN, strategy_class
from contracts.strategies import Make, StrategyContract


@pytest.fixture(scope="class", params=list(BUILT_IN))
def shipped(request: pytest.FixtureRequest) -> Make:
    return strategy_class(cast(str, request.param))


class TestShipped(StrategyContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make(cls, shipped: Make) -> Make:
        return shipped
