"""How many candidates a space really has: enumerated, screened, told apart, in batches.

Works on spaces wired as binary(left, right): core units and such schemas. The candidates that
differ in one operand only are evaluated together (`vectorized`), so a million of two units take
minutes.
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
    batched,
    fingerprints,
    initial_values,
    verdicts,
)

BATCH = 200  # forms of the smaller operand at most: 200 x 6,002 values of float64 are 10 MB


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
    def nodes(self) -> tuple[ChoiceNode, ...]:
        return tuple(p for p in self.root.every() if p.path) if self.root else ()

    def __len__(self) -> int:
        return math.prod(len(node.options) for node in self.nodes)

    def __getitem__(self, number: int) -> dict[str, str]:
        chosen = {}
        for node in reversed(self.nodes):  # so that the last choice turns fastest
            number, digit = divmod(number, len(node.options))
            chosen[node.path] = node.options[digit]
        return chosen

    def operand(self, number: int, space: FixedTopology) -> Operand:
        return Operand(assembled(self.root, self[number], space.granularity))


def survey(space: FixedTopology, operands: Sequence[int] | None = None) -> Counts:
    """The counts of a space, or of those candidates whose larger operand has one of these numbers.

    The larger operand is the one with more forms, which are numbered in the order of enumeration.
    Raises SpaceError for a space that is not binary(…, …) or whose operands are both too many.
    """
    root = space.root
    if len(root.below) != 2 or not root.path:
        raise SpaceError(f"a survey needs a space binary(…, …), but got {space.name}")
    sides = [_Side(node) for node in root.below]
    flip = len(sides[1]) > len(sides[0])
    many, few = sides[flip], sides[not flip]
    if len(few) > BATCH:
        raise SpaceError(f"the smaller operand of {space.name} has {len(few)} forms, over {BATCH}")
    operators = [RootOperator(option) for option in root.options]
    others = [few.operand(number, space) for number in range(len(few))]
    batch, table = batched(others), Distinct()
    indices, verdict = array("q"), bytearray()  # of every finite candidate
    numbers = range(len(many)) if operands is None else operands
    for number in numbers:
        operand = many.operand(number, space)
        for at, operator in enumerate(operators):
            codes = verdicts(operator, operand, batch, flip)
            live = (codes != NOT_FINITE).nonzero()[:, 0].tolist()
            if live:
                members = [others[i] for i in live]
                indices.extend((number * len(operators) + at) * len(others) + i for i in live)
                verdict.extend(codes[live].tolist())
                table.add(
                    [initial_values(operator, operand, other, flip) for other in members],
                    fingerprints(operator, operand, members, flip),
                )

    def candidate(index: int) -> Expression:
        rest, other = divmod(index, len(others))
        number, at = divmod(rest, len(operators))
        chosen = {root.path: root.options[at], **many[number], **few[other]}
        return assembled(root, chosen, space.granularity)

    totals: dict[int | str, int] = {code: 0 for code in (*range(6), "constant", "affine")}
    for i in table.numbers():
        code = verdict[i]
        totals[_resolved(candidate(indices[i])) if code == STRAIGHT else code] += 1
    raw = len(numbers) * len(operators) * len(others)
    return Counts(
        raw=raw,
        non_finite=raw - len(table),
        distinct=sum(totals.values()),
        constant=totals["constant"],
        affine=totals["affine"],
        huge=totals[HUGE_VALUES],
        flat=totals[FLAT_SLOPE],
        moment=totals[MOMENT],
        left=totals[LEFT],
    )


def _resolved(expression: Expression) -> int | str:
    """The verdict on a candidate that is straight at its initial parameters."""
    reason = screen(expression)
    if reason in (None, "constant", "affine"):
        return reason or LEFT
    return FLAT_SLOPE if reason.startswith("slope is below") else MOMENT
