"""Forms that a user's data comes in, and what may be taken from them without a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
)

from ..protocol.report_validation import EvaluatorError


def tensor_dataset(data: Sequence[Any], name: str) -> TensorDataset:
    """Two tensors as a data set; raises EvaluatorError for anything else."""
    if len(data) != 2 or not all(isinstance(part, Tensor) for part in data):
        raise EvaluatorError(
            f"{name} must be two tensors, inputs and targets, but is "
            f"({', '.join(type(part).__name__ for part in data)})"
        )
    if len(data[0]) != len(data[1]):
        raise EvaluatorError(
            f"{name} must have one target per input, but has {len(data[0])} inputs and "
            f"{len(data[1])} targets"
        )
    return TensorDataset(*data)


def gives_as(dataset: Any, kind: type) -> bool:
    """Whether a data set is of a kind and gives samples as that does: a subclass may transform."""
    return isinstance(dataset, kind) and all(
        getattr(type(dataset), name, None) is getattr(kind, name, None)
        for name in ("__getitem__", "__getitems__")
    )


def listed_labels(dataset: Any) -> Tensor | None:
    """The labels [N] that a data set keeps in `targets`, if samples have them as they stand there:
    it may list file names, or boxes, and change labels when a sample is taken."""
    changes = (dataset, getattr(dataset, "transforms", None))
    listed = getattr(dataset, "targets", None)
    if listed is None or any(getattr(c, "target_transform", None) is not None for c in changes):
        return None
    try:
        labels = np.asarray(listed)
    except ValueError:  # ragged
        return None
    return torch.as_tensor(labels) if labels.ndim == 1 and labels.dtype.kind in "biuf" else None


def check_sampler(loader: DataLoader[Any], name: str) -> None:
    """Raise EvaluatorError for a loader that does not draw every sample once."""
    sampler: Any = loader.sampler
    evenly = isinstance(sampler, RandomSampler | SequentialSampler)
    if isinstance(sampler, RandomSampler):  # it may draw a part, or some twice
        evenly = not sampler.replacement and sampler.num_samples == len(sampler.data_source)
    if evenly and type(loader.batch_sampler) not in (BatchSampler, type(None)):
        sampler, evenly = loader.batch_sampler, False
    if not evenly:
        raise EvaluatorError(
            f"{name} has a {type(sampler).__name__}, but candidates are compared over "
            f"batches that the seed draws evenly: give the Dataset itself"
        )
