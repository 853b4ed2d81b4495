"""How many candidates a space really has: enumerated, screened, told apart, in batches.

Works on spaces wired as binary(left, right): core units and such schemas. The candidates that
differ in one half only are evaluated together (`batches`), so a million of two units take minutes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt
import torch

from .batches import (
    FLAT_SLOPE,
    HUGE_VALUES,
    LEFT,
    MOMENT,
    NOT_FINITE,
    STRAIGHT,
    fingerprints,
    initial_values,
    stack,
    verdicts,
)
from .errors import SpaceError
from .expression import Expression
from .fingerprint import GRID, TOLERANCE, sample_points, summary
from .halves import Half, Joint
from .screening import screen
from .wiring import Place, Wired, assembled

EVERY = 9  # of a fingerprint's 882 values every 9th is kept, as float32, …
NEAR_ZERO = range(GRID // 2 - 2, GRID // 2 + 2)  # … and these of each draw, where the divisor's
# floor makes x ** 3 / x ** 3 another candidate than 1. Together 0.4 KB a candidate
ROUNDING = 1.3e-7  # relative, of two numbers kept as float32
STACKED = 200  # forms of the smaller half at most: 200 x 6,002 values of float64 are 10 MB


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of candidates: all; those with a value or slope that is not finite on [-10, 10]; of
    the others the distinct ones; and of these what `screen` says, `left` being the ones to train.
    """

    raw: int
    non_finite: int
    distinct: int
    constant: int
    affine: int
    huge: int
    flat: int
    moment: int
    left: int


@dataclass(frozen=True, slots=True)
class _Side:
    """One operand of the root: all ways to choose its options, by number."""

    root: Place | None

    @property
    def places(self) -> tuple[Place, ...]:
        return tuple(p for p in self.root.every() if p.path) if self.root else ()

    def __len__(self) -> int:
        return math.prod(len(place.options) for place in self.places)

    def __getitem__(self, number: int) -> dict[str, str]:
        chosen = {}
        for place in reversed(self.places):  # so that the last choice turns fastest
            number, digit = divmod(number, len(place.options))
            chosen[place.path] = place.options[digit]
        return chosen

    def half(self, number: int, space: Wired) -> Half:
        return Half(assembled(self.root, self[number], space.granularity))


def survey(space: Wired, halves: Sequence[int] | None = None) -> Counts:
    """The counts of a space, or of those candidates whose larger half has one of these numbers.

    The larger half is the one with more forms, which are numbered in the order of enumeration.
    Raises SpaceError for a space that is not binary(…, …) or whose halves are both too many.
    """
    root = space.root
    if len(root.below) != 2 or not root.path:
        raise SpaceError(f"a survey needs a space binary(…, …), but got {space.name}")
    sides = [_Side(place) for place in root.below]
    flip = len(sides[1]) > len(sides[0])
    many, few = sides[flip], sides[not flip]
    if len(few) > STACKED:
        raise SpaceError(f"the smaller half of {space.name} has {len(few)} forms, over {STACKED}")
    joints = [Joint(option) for option in root.options]
    others = [few.half(number, space) for number in range(len(few))]
    stacked, table = stack(others), _Table()
    numbers = range(len(many)) if halves is None else halves
    for number in numbers:
        half = many.half(number, space)
        for at, joint in enumerate(joints):
            codes = verdicts(joint, half, stacked, flip)
            live = (codes != NOT_FINITE).nonzero()[:, 0].tolist()
            if live:
                members = [others[i] for i in live]
                table.add(
                    [(number, at, i) for i in live],
                    [initial_values(joint, half, other, flip) for other in members],
                    codes[live].numpy(),
                    fingerprints(joint, half, members, flip),
                )

    def candidate(number: int, at: int, other: int) -> Expression:
        chosen = {root.path: root.options[at], **many[number], **few[other]}
        return assembled(root, chosen, space.granularity)

    found = {code: 0 for code in (*range(6), "constant", "affine")}
    for place, code in table.distinct():
        found[_resolved(candidate(*place)) if code == STRAIGHT else code] += 1
    raw = len(numbers) * len(joints) * len(others)
    return Counts(
        raw=raw,
        non_finite=raw - len(table),
        distinct=sum(found.values()),
        constant=found["constant"],
        affine=found["affine"],
        huge=found[HUGE_VALUES],
        flat=found[FLAT_SLOPE],
        moment=found[MOMENT],
        left=found[LEFT],
    )


def _resolved(expression: Expression) -> int | str:
    """The verdict on a candidate that is straight at its initial parameters."""
    reason = screen(expression)
    if reason in (None, "constant", "affine"):
        return reason or LEFT
    return FLAT_SLOPE if reason.startswith("slope is below") else MOMENT


@cache
def _kept(count: int) -> list[int]:
    """The positions of the values that are kept of a fingerprint's."""
    draws = range(0, count, len(sample_points()))
    return sorted({*range(0, count, EVERY), *(start + i for start in draws for i in NEAR_ZERO)})


@dataclass(slots=True)
class _Table:
    """The finite candidates: where each is, what it is, its verdict and a part of its values."""

    places: list[tuple[int, int, int]] = field(default_factory=list)
    _kinds: list[int] = field(default_factory=list)
    _codes: list[npt.NDArray[np.int8]] = field(default_factory=list)
    _keys: list[npt.NDArray[np.float64]] = field(default_factory=list)
    _values: list[npt.NDArray[np.float32]] = field(default_factory=list)
    _known: dict[tuple[float, ...], int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.places)

    def add(
        self,
        places: Sequence[tuple[int, int, int]],
        initial: Sequence[tuple[float, ...]],
        codes: npt.NDArray[np.int8],
        values: torch.Tensor,
    ) -> None:
        self.places += places
        for starts in initial:
            self._kinds.append(self._known.setdefault(tuple(sorted(starts)), len(self._known)))
        self._codes.append(codes)
        self._keys.append(summary(values).numpy())
        self._values.append(values[:, _kept(values.shape[1])].float().numpy())

    def distinct(self) -> list[tuple[tuple[int, int, int], int]]:
        """One candidate of every set of equal ones, with its verdict."""
        if not self.places:
            return []
        keys, values = np.concatenate(self._keys), np.concatenate(self._values)
        self._values.clear()
        codes, kinds = np.concatenate(self._codes), np.array(self._kinds)
        found, near, kind = [], deque[int](), -1
        for i in np.lexsort((keys, kinds)).tolist():
            if kinds[i] != kind:
                near.clear()
                kind = kinds[i]
            while near and keys[i] - keys[near[0]] > 1.001 * TOLERANCE:
                near.popleft()
            allowed = TOLERANCE + ROUNDING * np.abs(values[i])
            if not any((np.abs(values[i] - values[j]) <= allowed).all() for j in near):
                near.append(i)
                found.append((self.places[i], int(codes[i])))
        return found
