"""Initial weights from a seed, with the global generators left as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def drawn_from(seed: int) -> Iterator[None]:
    """Modules built inside draw their initial weights, on the CPU, from this seed."""
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed: it would seed every GPU's generator too.
        torch.default_generator.manual_seed(seed)
        yield
