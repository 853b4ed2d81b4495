"""New is what the list of proposals leaves, whatever a process was asked before."""

from __future__ import annotations

import numpy as np
import pytest

from actsearch.search.strategies.base import key_of
from actsearch.search.strategies.surrogate.pool import Pool
from actsearch.search.strategies.surrogate.proposed import SAME, Proposed
from actsearch.space import Encoding, space_from_name

SPACE = space_from_name("core-2")  # too large to be looked at whole


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actsearch.search.strategies.surrogate.pool.SAMPLE", 100)


@pytest.fixture
def pool() -> Pool:
    return Pool(SPACE, 0)


def drawn(pool: Pool, count: int, seed: int) -> list[Encoding]:
    """Encodings outside the pool, and after each two one of its own or one that was there."""
    rng = np.random.default_rng(seed)
    encodings: list[Encoding] = []
    for number in range(count):
        encodings.append(SPACE.sample(rng))
        if number % 2:
            known = [*pool.options.encodings, *encodings]
            encodings.append(known[int(rng.integers(len(known)))])
    return encodings


def test_taken_one_by_one_they_leave_what_they_leave_at_once(pool: Pool) -> None:
    encodings, others = drawn(pool, 30, 0), drawn(pool, 20, 1)
    at_once, one_by_one = Proposed(pool), Proposed(pool)
    at_once.update(encodings)
    for end in range(len(encodings) + 1):
        one_by_one.update(encodings[:end])
    assert 0 < at_once.free.sum() < len(pool.options)
    assert (one_by_one.free == at_once.free).all()
    assert one_by_one.new(others).encodings == at_once.new(others).encodings


def test_another_list_of_proposals_is_taken_anew(pool: Pool) -> None:
    first, other = drawn(pool, 10, 2), drawn(pool, 10, 3)
    proposed = Proposed(pool)
    proposed.update(first)
    for encodings in (other, other[:4], first):
        proposed.update(encodings)
        fresh = Proposed(pool)
        fresh.update(encodings)
        assert (proposed.free == fresh.free).all()
        assert proposed.new(first).encodings == fresh.new(first).encodings


def test_what_was_proposed_is_not_new_in_any_form(pool: Pool) -> None:
    proposed, encodings = Proposed(pool), drawn(pool, 10, 4)
    proposed.update(encodings)
    assert not len(proposed.new(encodings))
    free = pool.options.but(proposed.free)
    assert not {key_of(e) for e in free.encodings} & {key_of(e) for e in encodings}
    assert free.apart_from(pool.of(encodings).places, SAME).all()


def test_a_candidate_outside_the_pool_has_the_same_bits_in_any_company(pool: Pool) -> None:
    encodings = drawn(pool, 12, 5)
    together = pool.of(encodings)
    other = Pool(SPACE, 0)
    backwards = [other.of([encoding]).places for encoding in encodings[::-1]]
    assert (together.places == np.concatenate(backwards[::-1])).all()
