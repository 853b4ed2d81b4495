"""The real training images, loaded once for all tests of the evaluators."""

from __future__ import annotations

import pytest

from actsearch.evaluators import Images, load_train


@pytest.fixture(scope="session")
def images() -> Images:
    return load_train()
