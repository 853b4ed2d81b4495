"""Chunks give what one training of all members gives, whatever memory allows."""

from __future__ import annotations

import dataclasses
import math
import weakref
from collections.abc import Sequence

import pytest
import torch

from actsearch.evaluators import (
    FinalScore,
    Images,
    MemberProgress,
    OutOfMemory,
    Recipe,
    split,
    subset,
)
from actsearch.evaluators.training.chunked import ChunkedTraining
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.members import Member, members_of
from actsearch.evaluators.training.mlp_ensemble import MlpEnsemble
from actsearch.space import ActsearchError, parse

pytestmark = pytest.mark.usefixtures("one_thread")
TEXTS = ("relu(x)", "tanh(x)", "a * x", "sin(x)", "mish(x)", "gelu(x)", "erf(x)")
RECIPE = Recipe(widths=(16, 8), limit=120, validation=40, rungs=(1, 2, 3), warmup=2)
MEMBERS = members_of([parse(text) for text in TEXTS], RECIPE, 0)


@dataclasses.dataclass
class Memory:
    """A device that trains at most `room` members at once, and how many it was asked to."""

    sets: DataSplits
    room: int = 99
    begun: list[int] = dataclasses.field(default_factory=list)
    references: list[weakref.ref[MlpEnsemble]] = dataclasses.field(default_factory=list)
    advanced: list[tuple[int, int]] = dataclasses.field(default_factory=list)  # members, epoch

    def start(self, members: Sequence[Member]) -> MlpEnsemble:
        self.begun.append(len(members))
        training = _Limited(self, members)
        self.references.append(weakref.ref(training))
        return training

    def chunked(self, size: int) -> ChunkedTraining:
        return ChunkedTraining(self.start, MEMBERS, RECIPE, size=size)


class _Limited(MlpEnsemble):
    def __init__(self, memory: Memory, members: Sequence[Member]) -> None:
        super().__init__(members, RECIPE, memory.sets)
        self._memory, self._held = memory, len(members)

    def keep(self, positions: Sequence[int]) -> None:
        super().keep(positions)
        self._held = len(positions)

    def advance(self, epoch: int) -> list[MemberProgress]:
        self._memory.advanced.append((self._held, epoch))
        if self._held > self._memory.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().advance(epoch)

    def test(self) -> list[FinalScore]:
        if self._held > self._memory.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().test()


@pytest.fixture
def memory(images: Images) -> Memory:
    train, validation = split(subset(images, 120), validation=40, seed=0)
    return Memory(DataSplits.on(torch.device("cpu"), None, train, validation, validation))


def whole(memory: Memory, epoch: int) -> tuple[list[MemberProgress], list[FinalScore]]:
    training = MlpEnsemble(MEMBERS, RECIPE, memory.sets)
    return training.advance(epoch), training.test()


@pytest.mark.parametrize("size", [1, 3, 7])
def test_chunks_give_what_one_training_gives(memory: Memory, size: int) -> None:
    training = memory.chunked(size)
    training.advance(1)
    assert (training.advance(3), training.test()) == whole(memory, 3)
    assert len(memory.begun) == math.ceil(7 / size)
    assert max(memory.begun) == size


@pytest.mark.parametrize("room", [99, 1])
def test_members_leave_from_every_chunk_and_a_chunk_may_end(memory: Memory, room: int) -> None:
    expected, tests = whole(memory, 3)
    training = memory.chunked(3)  # of 7 members: 0 1 2, 3 4 5, 6
    training.advance(1)
    training.keep([1, 2, 6])
    memory.room = room  # with 1, the pair that is left of the first chunk is parted
    assert training.advance(2) == [whole(memory, 2)[0][k] for k in (1, 2, 6)]
    training.keep([1, 2])
    assert training.advance(3) == [expected[k] for k in (2, 6)]
    assert training.test() == [tests[k] for k in (2, 6)]


def test_a_chunk_that_runs_out_of_memory_is_halved_and_comes_to_the_same(memory: Memory) -> None:
    memory.room = 2
    training = memory.chunked(99)
    assert training.advance(1) == whole(memory, 1)[0]
    assert memory.begun == [7, 4, 2, 2, 2, 1]  # what is still to start is cut with it
    memory.room = 1
    assert training.advance(2) == whole(memory, 2)[0]
    assert training.test() == whole(memory, 2)[1]


def test_what_has_been_trained_is_not_trained_again(memory: Memory) -> None:
    memory.room = 4
    training = memory.chunked(99)
    training.advance(1)
    memory.advanced.clear()
    training.advance(2)
    assert memory.advanced == [(4, 2), (3, 2)]


def test_memory_may_run_out_while_testing(memory: Memory) -> None:
    training = memory.chunked(99)
    training.advance(2)
    memory.room = 3
    assert training.test() == whole(memory, 2)[1]


def test_no_tensor_of_a_chunk_outlives_its_failure(memory: Memory) -> None:
    memory.room = 5
    training = memory.chunked(99)
    training.advance(1)
    assert memory.begun == [7, 4, 3]
    assert [reference() is None for reference in memory.references] == [True, False, False]


def test_one_member_too_many_says_what_to_lower(memory: Memory) -> None:
    memory.room = 0
    with pytest.raises(
        OutOfMemory, match=r"'mlp' with batches of 128 .* lower batch_size or width"
    ):
        memory.chunked(4).advance(1)
    assert issubclass(OutOfMemory, ActsearchError)
    assert memory.begun == [4, 2, 1]


def test_the_memory_of_a_cpu_may_run_out_too(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MlpEnsemble, "advance", lambda *_: torch.empty(2**50))
    with pytest.raises(OutOfMemory, match="does not fit the memory of the device"):
        memory.chunked(4).advance(1)
    assert memory.begun == [4, 2, 1]


def test_other_errors_surface(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(MlpEnsemble, "advance", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        memory.chunked(4).advance(1)
    assert memory.begun == [4]
