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
    Subset,
    TensorDataset,
    default_collate,
)

from ..protocol.report_validation import EvaluatorError
from .data_forms import check_sampler, gives_as, listed_labels, tensor_dataset
from .rng import SAMPLES, reseed, seed_of

Data: TypeAlias = "Dataset[Any] | DataLoader[Any] | tuple[Tensor, Tensor]"
WorkerInit: TypeAlias = "Callable[[int], None] | None"
COMPARED = 8  # samples whose targets are held against those that a data set lists
TARGETS_READ = 256  # samples whose targets are read where a data set does not list them all


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Inputs and targets of `size` samples: tensors, or what the user's collate function makes.

    Targets of another form (a mapping of tensors, time before samples) have another length.
    """

    inputs: Any
    targets: Any
    size: int

    def on(self, device: torch.device) -> Batch:
        """The same with its tensors, also those in lists and dicts, on a device."""

        def moved(part: Any) -> Any:
            return part.to(device) if callable(getattr(part, "to", None)) else part

        return Batch(_mapped(self.inputs, moved), _mapped(self.targets, moved), self.size)

    def copied(self) -> Batch:
        """The same with tensors of its own: a network or a loss may change what it is given."""

        def copy_of(part: Any) -> Any:
            return part.clone() if isinstance(part, Tensor) else part

        return Batch(_mapped(self.inputs, copy_of), _mapped(self.targets, copy_of), self.size)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """N samples of a data set.

    index: int64 [N], which of the data set's. tensors: all inputs and targets of the data set,
    where they lie in memory; else samples are fetched one by one, with the data set's transforms.
    workers: processes that fetch them; worker_init runs at the start of each.
    """

    name: str  # in messages
    dataset: Dataset[Any]
    index: Tensor
    tensors: tuple[Tensor, Tensor] | None
    collate: Callable[[list[Any]], Any] = default_collate
    workers: int = 0
    worker_init: WorkerInit = None

    @staticmethod
    def of(data: Data, name: str) -> Samples:
        """All samples of a user's data; raises EvaluatorError where no seed can draw them."""
        collate, workers = default_collate, 0
        worker_init: WorkerInit = None
        if isinstance(data, DataLoader):
            check_sampler(data, name)
            collate, workers, worker_init = data.collate_fn, data.num_workers, data.worker_init_fn
            data = data.dataset
        elif isinstance(data, tuple | list):
            data = tensor_dataset(data, name)
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
        while gives_as(part, Subset):  # to the tensors or the list of targets beneath it
            part, index = part.dataset, torch.as_tensor(part.indices)[index]
        tensors = None
        if gives_as(part, TensorDataset) and collate is default_collate:
            tensors = _pair(part.tensors, name)
        return Samples(name, part, index, tensors, collate, workers, worker_init)

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
        """The batches at these positions; the draws of a transform come from the keys and the
        batch's number. To be called inside `generators_kept`. Raises EvaluatorError for what the
        data set raises."""
        if self.tensors is not None:
            for batch in batches:
                at = self.index[batch].to(self.tensors[0].device)
                yield Batch(self.tensors[0][at], self.tensors[1][at], len(at))
            return
        loader = DataLoader(
            self.dataset,
            batch_sampler=[self.index[batch].tolist() for batch in batches],
            collate_fn=self.collate,
            num_workers=self.workers,
            worker_init_fn=self.worker_init,
            generator=torch.Generator().manual_seed(seed_of(*keys)),
        )
        iterator = iter(loader)
        for number, batch in enumerate(batches):
            reseed(*keys, number, SAMPLES)
            yield Batch(*_pair(self._next(iterator), self.name), len(batch))

    def _next(self, iterator: Iterator[Any]) -> Any:
        try:
            return next(iterator)
        except Exception as error:  # of the user's code: StopIteration too, by an ended stream
            text = " ".join(str(error).split())
            raise EvaluatorError(
                f"samples of {self.name} cannot be read: {type(error).__name__}: {text}"
            ) from error

    def targets(self) -> Any:
        """Targets [M]: all labels that the data set lists, else those of some samples drawn
        evenly, in whatever form they come."""
        if self.tensors is not None:
            return self.tensors[1][self.index]
        labels = listed_labels(self.dataset)
        whole = labels is not None and len(labels) == len(self.dataset)  # type: ignore[arg-type]
        if labels is not None and whole and self._has(labels):
            return labels[self.index]
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(0))
        (batch,) = self.fetch([order[:TARGETS_READ]], 0)
        return batch.targets

    def _has(self, labels: Tensor) -> bool:
        """Whether some samples have the labels that the data set lists: it may change them when
        one is taken."""
        few = self.index.new_tensor(range(len(self))[:: max(1, len(self) // COMPARED)][:COMPARED])
        (batch,) = self.fetch([few], 0)
        listed = labels[self.index[few]]
        return isinstance(batch.targets, Tensor) and torch.equal(
            batch.targets.to(listed.dtype), listed
        )

    def __len__(self) -> int:
        return len(self.index)


def _mapped(part: Any, change: Callable[[Any], Any]) -> Any:
    """The parts of a plain container, each changed: tensors, or what moves as they do (packed
    sequences). A container of the user's own is one part."""
    if type(part) is dict:
        return {key: _mapped(value, change) for key, value in part.items()}
    if type(part) in (list, tuple):
        return type(part)(_mapped(value, change) for value in part)
    if isinstance(part, tuple) and hasattr(part, "_fields") and not hasattr(part, "to"):
        return type(part)(*(_mapped(value, change) for value in part))
    return change(part)


def _pair(batch: Any, name: str) -> tuple[Any, Any]:
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        size = f"{len(batch)} parts" if isinstance(batch, tuple | list) else type(batch).__name__
        raise EvaluatorError(f"a sample of {name} must be (input, target), but is {size}")
    return batch[0], batch[1]
