"""Slices in chunks that fit the memory, trained one chunk after another.

A chunk that runs out of memory all the same is halved, and its halves start again: training is
deterministic, so they come to where the chunk was.
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from ...space import ActsearchError
from ..protocol.evaluator import FinalScore, MemberProgress, Training
from ..recipes.recipe import Recipe
from .members import Member

Start = Callable[[Sequence[Member]], Training]
Found = TypeVar("Found")


class OutOfMemory(ActsearchError):
    """Raised when not even one slice can be trained in the memory of the device."""


class ChunkedTraining:
    """Slices at most `size` at once; `start(slices)` makes the training of a chunk, from epoch 0.

    A chunk is started when its turn comes and is not merged with others when slices leave it.
    `keep` and `test` are for slices that have been advanced.
    """

    def __init__(
        self, start: Start, slices: Sequence[Member], recipe: Recipe, *, size: int
    ) -> None:
        self._start, self._recipe, self._size = start, recipe, size
        self._chunks = [_Chunk(part) for part in _parts(slices, size)]
        self._epoch = 0

    def advance(self, epoch: int) -> list[MemberProgress]:
        """Train every slice to the end of `epoch` (counted from 1) and validate it.

        Raises OutOfMemory when a slice does not fit by itself.
        """
        progress = self._each(lambda training: training.advance(epoch))
        self._epoch = epoch
        return progress

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with these slices only."""
        ends = itertools.accumulate((len(chunk.slices) for chunk in self._chunks), initial=0)
        for chunk, (first, end) in zip(self._chunks, itertools.pairwise(ends), strict=True):
            chunk.keep([p - first for p in positions if first <= p < end])
        self._chunks = [chunk for chunk in self._chunks if chunk.slices]

    def test(self) -> list[FinalScore]:
        """Every slice on the test images. Raises OutOfMemory."""
        return self._each(lambda training: training.test())

    def _each(self, work: Callable[[Training], list[Found]]) -> list[Found]:
        """What the work finds in every chunk, in order; chunks are halved until each fits."""
        found: list[Found] = []
        number = 0
        while number < len(self._chunks):
            chunk = self._chunks[number]
            result = self._attempt(chunk, work)
            if result is None:
                self._halve(number)
            else:
                found += result
                number += 1
        return found

    def _attempt(
        self, chunk: _Chunk, work: Callable[[Training], list[Found]]
    ) -> list[Found] | None:
        """What the work finds, or None when memory ran out. By then the error, whose traceback
        holds the tensors of the chunk, is gone."""
        try:
            if chunk.training is None:
                chunk.training = self._start(chunk.slices)
                if self._epoch:
                    chunk.training.advance(self._epoch)
            return work(chunk.training)
        except torch.OutOfMemoryError as error:
            chunk.training = None
            if len(chunk.slices) == 1:
                raise OutOfMemory(
                    f"one candidate in the network '{self._recipe.network}' with batches of "
                    f"{self._recipe.batch_size} images does not fit the memory of the device; "
                    f"lower batch_size or widths in the recipe"
                ) from error
            return None

    def _halve(self, number: int) -> None:
        """Cut a chunk in two, and all that have not started with it, since they are no smaller."""
        gc.collect()
        torch.cuda.empty_cache()  # does nothing where there is no GPU
        failed = self._chunks[number]
        size = -(-len(failed.slices) // 2)
        rest = self._chunks[number:]
        self._chunks[number:] = [
            piece
            for chunk in rest
            for piece in (
                [chunk] if chunk.training else [_Chunk(p) for p in _parts(chunk.slices, size)]
            )
        ]


class _Chunk:
    """Slices that train together, and their training once it has begun."""

    def __init__(self, slices: Sequence[Member]) -> None:
        self.slices = list(slices)
        self.training: Training | None = None

    def keep(self, positions: Sequence[int]) -> None:
        if len(positions) == len(self.slices):
            return
        self.slices = [self.slices[position] for position in positions]
        if self.training is not None and positions:
            self.training.keep(positions)


def _parts(slices: Sequence[Member], size: int) -> list[Sequence[Member]]:
    return [slices[first : first + size] for first in range(0, len(slices), size)]
