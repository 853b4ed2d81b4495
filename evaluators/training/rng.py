"""Randomness of a user's code: the global generators, set by keys and put back after.

A user's network, dropout and augmentation draw from them. Ours draws from arguments only.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import numpy as np
import torch

# Streams of random numbers, the last of the keys: without it, keys that end in 0 would be those of
# a shorter list.
SAMPLES, STEPS, SCORES = 2, 3, 4


@contextlib.contextmanager
def generators_kept(device: torch.device | None = None) -> Iterator[None]:
    """Leave torch's (also that of a CUDA device), numpy's and Python's generator as found."""
    of_python, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  # the global
    cuda = [device] if device is not None and device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=cuda):
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)  # noqa: NPY002


def seed_of(*keys: int) -> int:
    """A seed for one of torch's generators that no other keys have, but by chance."""
    words = np.random.SeedSequence(keys).generate_state(2)
    return int(words[0]) << 31 | int(words[1]) >> 1


def reseed(*keys: int) -> None:
    """Seed all of these generators from keys, each 0 or more; to be called inside
    `generators_kept`."""
    torch.manual_seed(seed_of(*keys))
    words = np.random.SeedSequence(keys).generate_state(2)
    random.seed(int(words[0]))
    np.random.seed(int(words[1]))  # noqa: NPY002
