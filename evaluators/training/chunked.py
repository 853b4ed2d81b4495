"""Members in chunks that fit the memory, trained one chunk after another.

A chunk that runs out of memory all the same is halved, and its parts start again: training is
deterministic, so they come to where the chunk was.
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from ..protocol.evaluator import FinalScore, MemberProgress, Training
from ..recipes.recipe import Recipe
from .members import Member
from .memory import ran_out_of_memory, too_large

Start = Callable[[Sequence[Member]], Training]
Result = TypeVar("Result")


class ChunkedTraining:
    """Members, at most `size` at once; `start(members)` makes a chunk's training, from epoch 0.

    A chunk is started when its turn comes and is not merged with others when members leave it.
    `keep` and `test` are for members that have been advanced.
    """

    def __init__(
        self, start: Start, members: Sequence[Member], recipe: Recipe, *, size: int
    ) -> None:
        self._start, self._recipe = start, recipe
        self._chunks = _chunks(members, size)
        self._epoch = 0

    def advance(self, epoch: int) -> list[MemberProgress]:
        """Train every member to the end of `epoch` (counted from 1) and validate it.

        Raises OutOfMemory when a member does not fit by itself.
        """
        progress = self._each(lambda training: training.advance(epoch))
        self._epoch = epoch
        return progress

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with these members only."""
        ends = itertools.accumulate((len(chunk.members) for chunk in self._chunks), initial=0)
        for chunk, (first, end) in zip(self._chunks, itertools.pairwise(ends), strict=True):
            chunk.keep([p - first for p in positions if first <= p < end])
        self._chunks = [chunk for chunk in self._chunks if chunk.members]

    def test(self) -> list[FinalScore]:
        """Every member on the test images. Raises OutOfMemory."""
        return self._each(lambda training: training.test())

    def _each(self, work: Callable[[Training], list[Result]]) -> list[Result]:
        """The results of the work on every chunk, in order; chunks are halved until each fits."""
        results: list[Result] = []
        number = 0
        while number < len(self._chunks):
            part = self._attempt(self._chunks[number], work)
            if part is None:
                self._halve(number)
            else:
                results += part
                number += 1
        return results

    def _attempt(
        self, chunk: _Chunk, work: Callable[[Training], list[Result]]
    ) -> list[Result] | None:
        """The results of the work on a chunk, or None when memory ran out. By then the error,
        whose traceback holds the tensors of the chunk, is gone."""
        try:
            if chunk.training is None:
                chunk.training = self._start(chunk.members)
                if self._epoch:
                    chunk.training.advance(self._epoch)
            return work(chunk.training)
        except RuntimeError as error:
            if not ran_out_of_memory(error):
                raise
            chunk.training = None
            if len(chunk.members) == 1:
                raise too_large(self._recipe) from error
            return None

    def _halve(self, number: int) -> None:
        """Cut a chunk in two, and all that have not started with it, since they are no smaller."""
        gc.collect()
        torch.cuda.empty_cache()  # does nothing where there is no GPU
        size = -(-len(self._chunks[number].members) // 2)
        rest = self._chunks[number:]
        self._chunks[number:] = [
            part
            for chunk in rest
            for part in ([chunk] if chunk.training else _chunks(chunk.members, size))
        ]


class _Chunk:
    """Members that train together, and their training once it has begun."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = list(members)
        self.training: Training | None = None

    def keep(self, positions: Sequence[int]) -> None:
        if len(positions) == len(self.members):
            return
        self.members = [self.members[position] for position in positions]
        if self.training is not None and positions:
            self.training.keep(positions)


def _chunks(members: Sequence[Member], size: int) -> list[_Chunk]:
    return [_Chunk(members[first : first + size]) for first in range(0, len(members), size)]
