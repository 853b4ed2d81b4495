"""Trainings that overlap in one program leave it the threads that it had."""

from __future__ import annotations

import torch

from actsearch.search.executors.one_thread import one_thread


def test_the_last_of_overlapping_blocks_gives_the_threads_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        first, second = one_thread(), one_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert torch.get_num_threads() == 1, "the second still trains"
        second.__exit__(None, None, None)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)
