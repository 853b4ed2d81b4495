"""A user's data: samples of input and target, taken in batches by seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
)

from ..protocol.report_validation import EvaluatorError
from .rng import reseed

Data: TypeAlias = "Dataset[Any] | DataLoader[Any] | tuple[Tensor, Tensor]"
Batch: TypeAlias = tuple[Tensor, Tensor]
TARGETS_READ = 256  # samples whose targets are read where a data set does not list them all


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """N samples of a data set.

    index: int64 [N], which of the data set's. tensors: all inputs and targets of the data set,
    where they lie in memory; else samples are fetched one by one, with the data set's transforms.
    workers: processes that fetch them.
    """

    name: str  # in messages
    dataset: Dataset[Any]
    index: Tensor
    tensors: tuple[Tensor, Tensor] | None
    collate: Callable[[list[Any]], Any] = default_collate
    workers: int = 0

    @staticmethod
    def of(data: Data, name: str) -> Samples:
        """All samples of a user's data; raises EvaluatorError where no seed can draw them."""
        collate, workers = default_collate, 0
        if isinstance(data, DataLoader):
            _check_sampler(data, name)
            collate, workers = data.collate_fn, data.num_workers
            data = data.dataset
        elif isinstance(data, tuple | list):
            data = _tensor_dataset(data, name)
        if isinstance(data, IterableDataset) or not hasattr(data, "__len__"):
            raise EvaluatorError(
                f"{name} must be a data set with a length, since batches are drawn by seed, but "
                f"is a {type(data).__name__}: give a Dataset, a DataLoader or two tensors"
            )
        count = len(data)  # type: ignore[arg-type]  # it has one
        if count == 0:
            raise EvaluatorError(f"{name} is empty: it needs at least one sample")
        index = torch.arange(count)
        part: Any = data
        while isinstance(part, Subset):  # to the tensors or the list of targets beneath it
            part, index = part.dataset, torch.as_tensor(part.indices)[index]
        tensors = None
        if isinstance(part, TensorDataset) and collate is default_collate:
            tensors = _pair(part.tensors, name)
        return Samples(name, part, index, tensors, collate, workers)

    def split(self, held: int, seed: int) -> tuple[Samples, Samples]:
        """The others, and `held` of them drawn by seed; raises EvaluatorError if one is empty."""
        if not 0 < held < len(self):
            raise EvaluatorError(
                f"validation must hold out 1 to {len(self) - 1} of the {len(self)} samples of "
                f"{self.name}, but is {held}"
            )
        order = self.index[
            torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        ]
        validation = replace(self, name="validation", index=order[:held])
        return replace(self, index=order[held:].sort().values), validation

    def on(self, device: torch.device) -> Samples:
        """The same, with tensors in memory copied to a device once."""
        if self.tensors is None:
            return self
        inputs, targets = self.tensors
        return replace(self, tensors=(inputs.to(device), targets.to(device)))

    def shuffled(self, size: int, seed: int, epoch: int) -> list[Tensor]:
        """One epoch's batches, int64 [B] each: positions in an order drawn from (seed, epoch).

        A last batch of one joins the one before: batch norm cannot take it.
        """
        generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
        batches = list(torch.randperm(len(self), generator=generator).split(size))
        if len(batches) > 1 and len(batches[-1]) == 1:
            batches[-2:] = [torch.cat(batches[-2:])]
        return batches

    def in_order(self, size: int) -> list[Tensor]:
        """All samples once, as batches of positions."""
        return list(torch.arange(len(self)).split(size))

    def fetch(self, batches: Sequence[Tensor], *keys: int) -> Iterator[Batch]:
        """The batches at these positions, input and target; the draws of a transform come from the
        keys and the batch's number. To be called inside `generators_kept`."""
        if self.tensors is not None:
            for batch in batches:
                at = self.index[batch].to(self.tensors[0].device)
                yield self.tensors[0][at], self.tensors[1][at]
            return
        loader = DataLoader(
            self.dataset,
            batch_sampler=[self.index[batch].tolist() for batch in batches],
            collate_fn=self.collate,
            num_workers=self.workers,
            generator=torch.Generator().manual_seed(sum(keys) % 2**62),
        )
        iterator = iter(loader)
        for number in range(len(batches)):
            reseed(*keys, number)
            yield _pair(next(iterator), self.name)

    def targets(self) -> Tensor:
        """Targets [M]: all that the data set lists, else of some samples drawn evenly."""
        if self.tensors is not None:
            return self.tensors[1][self.index]
        listed = getattr(self.dataset, "targets", None)
        if listed is not None and len(listed) == len(self.dataset):  # type: ignore[arg-type]
            return torch.as_tensor(listed)[self.index]
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(0))
        ((_, targets),) = self.fetch([order[:TARGETS_READ]], 0)
        return targets

    def __len__(self) -> int:
        return len(self.index)


def _tensor_dataset(data: Sequence[Any], name: str) -> TensorDataset:
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


def _check_sampler(loader: DataLoader[Any], name: str) -> None:
    if not isinstance(loader.sampler, RandomSampler | SequentialSampler):
        raise EvaluatorError(
            f"{name} has a {type(loader.sampler).__name__}, but candidates are compared over "
            f"batches that the seed draws evenly: give the Dataset itself"
        )


def _pair(batch: Any, name: str) -> Batch:
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        size = f"{len(batch)} parts" if isinstance(batch, tuple | list) else type(batch).__name__
        raise EvaluatorError(f"a sample of {name} must be (input, target), but is {size}")
    return batch[0], batch[1]
