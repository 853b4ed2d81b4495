"""Trainings that overlap in one program leave it the threads that it had."""

from __future__ import annotations

import threading

import pytest
import torch

from actsearch.search import InvalidSetting
from actsearch.search.executors.in_process import InProcess
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


def test_a_limit_that_cannot_be_kept_is_told_before_a_search_is_stored() -> None:
    refused: list[BaseException] = []

    def enter() -> None:
        try:
            InProcess(rung_limit=1.0).__enter__()
        except InvalidSetting as error:
            refused.append(error)

    thread = threading.Thread(target=enter)  # a limit interrupts the main thread alone
    thread.start()
    thread.join()
    assert len(refused) == 1


@pytest.mark.parametrize("limit", [None, 1.0])
def test_in_the_main_thread_any_limit_can_be_kept(limit: float | None) -> None:
    with InProcess(limit):
        pass
