"""All candidates of one half: fingerprints and screening verdicts of a whole stack at once.

The numbers are those of `fingerprint` and `screen`, which tests/space/test_survey.py compares, but
for the order in which the chain rule is multiplied out where numbers overflow.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..analysis.fingerprint import (
    BASE,
    DIGITS,
    DRAWS,
    MOVED,
    drawn,
    squash,
    summary,
)
from ..analysis.moments import gaussian_nodes
from ..analysis.screening import (
    FLAT,
    HUGE,
    LIVE,
    MOMENTS,
    POINTS,
    RANGE,
    screening_points,
    straight,
)
from .operands import Operand, RootOperator

LEFT, NOT_FINITE, HUGE_VALUES, STRAIGHT, FLAT_SLOPE, MOMENT = range(6)  # verdicts; STRAIGHT is
# straight at the initial parameters: whether at others too, `screen` says


@dataclass(frozen=True, slots=True)
class CandidateBatch:
    """The screening values of the n halves that vary in a batch."""

    value: Tensor  # float32 [n, S]
    slope: Tensor  # float32 [n, S]
    exact: Tensor  # float64 [n, S]


def stack(halves: Sequence[Operand]) -> CandidateBatch:
    """The stack of some halves."""
    columns = zip(*(half.screened for half in halves), strict=True)
    value, slope, exact = (torch.stack(list(column)) for column in columns)
    return CandidateBatch(value, slope, exact)


def verdicts(joint: RootOperator, half: Operand, others: CandidateBatch, flip: bool) -> Tensor:
    """The verdict of `screen` on each: int8 [n]. `flip`: the one operand is the second."""
    value, slope, exact = half.screened
    one, many = (value, slope), (others.value, others.slope)
    found, slopes = joint.value_and_slope(*((many, one) if flip else (one, many)))
    x, _, weights = screening_points()
    values = found[:, :POINTS]
    # amax is NaN where a value is, and no comparison holds for NaN.
    finite = values.abs().amax(1) < math.inf
    finite &= slopes[:, :POINTS].abs().amax(1) < math.inf
    inner = (x.abs() <= RANGE / 2).nonzero()  # a slice, since picking columns copies them
    centre = values[:, int(inner[0]) : int(inner[-1]) + 1]
    huge = centre.abs().amax(1) > HUGE
    live = (slopes[:, POINTS:].abs() > FLAT).float() @ weights.float() >= LIVE
    own = [torch.tensor(p.initial, dtype=torch.float64) for p in joint.parameters]
    pair = (others.exact, exact) if flip else (exact, others.exact)
    precise = joint(*pair, own)
    moments = precise[:, POINTS:].square() @ gaussian_nodes()[1]
    result = torch.full((len(found),), LEFT, dtype=torch.int8)
    result[~((moments >= MOMENTS[0]) & (moments <= MOMENTS[1]))] = MOMENT
    result[~live] = FLAT_SLOPE
    result[straight(precise[:, :POINTS], x.double())[1]] = STRAIGHT
    result[huge] = HUGE_VALUES
    result[~finite] = NOT_FINITE
    return result


def fingerprints(
    joint: RootOperator, half: Operand, others: Sequence[Operand], flip: bool
) -> Tensor:
    """Each candidate's fingerprint values, float64 [n, 3 * P]."""
    groups: dict[tuple[int, ...], list[tuple[int, _Ranks]]] = defaultdict(list)
    for at, ranks in enumerate(_ranks(joint, half, others, flip)):
        groups[ranks.half].append((at, ranks))
    rows = [torch.empty(0)] * len(others)
    for mine, members in groups.items():
        one = half.at(mine)
        many = torch.stack([others[at].at(ranks.other) for at, ranks in members])
        own = [
            torch.tensor(
                [[p.initial, *(drawn(d, r.own[i]) for d in DRAWS)] for _, r in members],
                dtype=torch.float64,
            )[:, :, None]
            for i, p in enumerate(joint.parameters)
        ]
        values = squash(joint(*((many, one) if flip else (one, many)), own))
        for (at, _), row in zip(members, values.flatten(1), strict=True):
            rows[at] = row
    return torch.stack(rows)


def initial_values(
    joint: RootOperator, half: Operand, other: Operand, flip: bool
) -> tuple[float, ...]:
    """The initial values of a candidate's parameters, sorted."""
    parts = _parts(joint, len(half.parameters), len(other.parameters), flip)
    return tuple(sorted(_initial(parts, joint, half, other)))


@dataclass(frozen=True, slots=True)
class _Ranks:
    """The place, in the order of effect, of each part's parameters among the candidate's."""

    half: tuple[int, ...]
    other: tuple[int, ...]
    own: tuple[int, ...]


def _ranks(
    joint: RootOperator, half: Operand, others: Sequence[Operand], flip: bool
) -> list[_Ranks]:
    """The ranks for every candidate of the batch."""
    found: list[_Ranks | None] = [None] * len(others)
    by_count: dict[int, list[int]] = defaultdict(list)
    for at, other in enumerate(others):
        by_count[len(other.parameters)].append(at)
    for count, members in by_count.items():
        parts = _parts(joint, len(half.parameters), count, flip)
        if len(parts) < 2:
            effects = torch.zeros(len(members), len(parts), dtype=torch.float64)
        else:
            effects = _effects(joint, half, [others[at] for at in members], parts, flip)
        for at, row in zip(members, effects.tolist(), strict=True):
            starts = _initial(parts, joint, half, others[at])
            keys = [(round(e, DIGITS), s) for e, s in zip(row, starts, strict=True)]
            order = sorted(range(len(parts)), key=keys.__getitem__)
            rank = {parts[index]: r for r, index in enumerate(order)}
            found[at] = _Ranks(
                # An operator may ignore a half; the values of its parameters are then no matter.
                tuple(rank.get(("half", i), 0) for i in range(len(half.parameters))),
                tuple(rank.get(("other", i), 0) for i in range(count)),
                tuple(rank["own", i] for i in range(len(joint.parameters))),
            )
    return [ranks for ranks in found if ranks is not None]


def _parts(joint: RootOperator, mine: int, theirs: int, flip: bool) -> list[tuple[str, int]]:
    """Every parameter as (part, index), in the order in which the candidate's text has them."""
    first, second = (("other", theirs), ("half", mine))[:: 1 if flip else -1]
    names = [p.name for p in joint.parameters]
    parts: list[tuple[str, int]] = []
    for name in joint.order:
        if name in names:
            parts.append(("own", names.index(name)))
        else:
            part, count = first if name == "x1" else second
            parts += [(part, i) for i in range(count)]
    return parts


def _initial(
    parts: Sequence[tuple[str, int]], joint: RootOperator, half: Operand, other: Operand
) -> list[float]:
    """The initial values of a candidate's parameters, in their order."""
    owners = {"half": half.parameters, "other": other.parameters, "own": joint.parameters}
    return [owners[part][index].initial for part, index in parts]


def _effects(
    joint: RootOperator,
    half: Operand,
    others: list[Operand],
    parts: list[tuple[str, int]],
    flip: bool,
) -> Tensor:
    """The summary with each parameter moved alone: float64 [g, number of parameters]."""
    mine = [index + 1 if part == "half" else 0 for part, index in parts]
    theirs = [index + 1 if part == "other" else 0 for part, index in parts]
    one = half.moved[mine]
    many = torch.stack([other.moved[theirs] for other in others])
    own = [
        torch.tensor([MOVED if part == ("own", i) else BASE for part in parts]).double()[:, None]
        for i in range(len(joint.parameters))
    ]
    return summary(squash(joint(*((many, one) if flip else (one, many)), own)))
