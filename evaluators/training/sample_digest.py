"""A digest that tells a user's samples from others: their number, and targets spread over them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .user_data import Samples

READ = 256  # samples whose targets are read: two sets hardly agree in so many


def digest_of(samples: Samples) -> str:
    """A digest in hex, the same in whatever form the samples come; in doubt two sets have one, and
    count as one. To be called inside `generators_kept`."""
    count = len(samples)
    positions = torch.linspace(0, count - 1, min(count, READ), dtype=torch.float64).round().long()
    digest = hashlib.sha256(repr(count).encode())
    for sample in samples.fetch(positions.split(1), 0):  # one by one: not all fit in one batch
        for part in _parts(sample.targets):
            digest.update(part)
    return digest.hexdigest()


def _parts(targets: Any) -> Iterator[bytes]:
    """The numbers of tensors, arrays and plain containers; of anything else the kind alone."""
    if isinstance(targets, np.ndarray | np.generic) and targets.dtype.kind in "biufc":
        targets = torch.as_tensor(np.asarray(targets))
    if isinstance(targets, Tensor) and targets.layout is torch.strided and not targets.is_nested:
        wide = torch.int64
        if targets.is_complex():
            wide = torch.complex128
        elif targets.is_floating_point():
            wide = torch.float64
        whole = targets.detach().to("cpu", wide).resolve_conj().contiguous()
        yield repr(tuple(whole.shape)).encode()
        yield whole.flatten().view(torch.uint8).numpy().tobytes()
    elif isinstance(targets, Mapping):
        yield f"mapping of {len(targets)}".encode()
        for key, value in targets.items():
            yield repr(key).encode()
            yield from _parts(value)
    elif isinstance(targets, list | tuple):
        yield f"list of {len(targets)}".encode()
        for value in targets:
            yield from _parts(value)
    elif isinstance(targets, str | bytes | int | float | complex):
        yield repr(targets).encode()
    else:
        yield type(targets).__name__.encode()
