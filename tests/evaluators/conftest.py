"""The real training images, loaded once for all tests of the evaluators, and one thread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from actsearch.evaluators import Images, load_train


@pytest.fixture(scope="session")
def images() -> Images:
    return load_train()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """For claims about bits, also in `make test-cpus`: they are promised for one thread, as the
    executors train; two cut a product's sums by the size of the stack."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
