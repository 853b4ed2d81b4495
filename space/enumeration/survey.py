"""How many candidates a space really has: enumerated, screened, told apart, in batches.

Works on spaces wired as binary(left, right): core units and such schemas. The candidates that
differ in one half only are evaluated together (`batches`), so a million of two units take minutes.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from ..analysis.screening import screen
from ..errors import SpaceError
from ..expressions.expression import Expression
from ..spaces.fixed_topology import ChoiceNode, FixedTopology, assembled
from .dedup import Distinct
from .operands import Operand, RootOperator
from .vectorized import (
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

    root: ChoiceNode | None

    @property
    def places(self) -> tuple[ChoiceNode, ...]:
        return tuple(p for p in self.root.every() if p.path) if self.root else ()

    def __len__(self) -> int:
        return math.prod(len(place.options) for place in self.places)

    def __getitem__(self, number: int) -> dict[str, str]:
        chosen = {}
        for place in reversed(self.places):  # so that the last choice turns fastest
            number, digit = divmod(number, len(place.options))
            chosen[place.path] = place.options[digit]
        return chosen

    def half(self, number: int, space: FixedTopology) -> Operand:
        return Operand(assembled(self.root, self[number], space.granularity))


def survey(space: FixedTopology, halves: Sequence[int] | None = None) -> Counts:
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
    joints = [RootOperator(option) for option in root.options]
    others = [few.half(number, space) for number in range(len(few))]
    stacked, table = stack(others), Distinct()
    places, verdict = array("q"), bytearray()  # of every finite candidate
    numbers = range(len(many)) if halves is None else halves
    for number in numbers:
        half = many.half(number, space)
        for at, joint in enumerate(joints):
            codes = verdicts(joint, half, stacked, flip)
            live = (codes != NOT_FINITE).nonzero()[:, 0].tolist()
            if live:
                members = [others[i] for i in live]
                places.extend((number * len(joints) + at) * len(others) + i for i in live)
                verdict.extend(codes[live].tolist())
                table.add(
                    [initial_values(joint, half, other, flip) for other in members],
                    fingerprints(joint, half, members, flip),
                )

    def candidate(place: int) -> Expression:
        rest, other = divmod(place, len(others))
        number, at = divmod(rest, len(joints))
        chosen = {root.path: root.options[at], **many[number], **few[other]}
        return assembled(root, chosen, space.granularity)

    found: dict[int | str, int] = {code: 0 for code in (*range(6), "constant", "affine")}
    for i in table.numbers():
        code = verdict[i]
        found[_resolved(candidate(places[i])) if code == STRAIGHT else code] += 1
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
