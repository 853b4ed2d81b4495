"""All candidates that share one operand: their fingerprints and screening verdicts at once.

The numbers are those of `fingerprint` and `screen`, as tests/space/enumeration/test_survey.py
compares, but for the order in which the chain rule is multiplied out where numbers overflow.
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
    MOVES,
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
    """The screening values of the n operands that vary in a batch."""

    value: Tensor  # float32 [n, S]
    slope: Tensor  # float32 [n, S]
    exact: Tensor  # float64 [n, S]


def batched(operands: Sequence[Operand]) -> CandidateBatch:
    """The screening values of some operands in one batch."""
    columns = zip(*(operand.screened for operand in operands), strict=True)
    value, slope, exact = (torch.stack(list(column)) for column in columns)
    return CandidateBatch(value, slope, exact)


def verdicts(
    operator: RootOperator, operand: Operand, others: CandidateBatch, flip: bool
) -> Tensor:
    """The verdict of `screen` on each: int8 [n]. `flip`: the shared operand is the second."""
    value, slope, exact = operand.screened
    fixed, varying = (value, slope), (others.value, others.slope)
    outputs, slopes = operator.value_and_slope(*((varying, fixed) if flip else (fixed, varying)))
    x, _, weights = screening_points()
    values = outputs[:, :POINTS]
    # amax is NaN where a value is, and no comparison holds for NaN.
    finite = values.abs().amax(1) < math.inf
    finite &= slopes[:, :POINTS].abs().amax(1) < math.inf
    inner = (x.abs() <= RANGE / 2).nonzero()  # a slice, since picking columns copies them
    centre = values[:, int(inner[0]) : int(inner[-1]) + 1]
    parameters = [torch.tensor(p.initial, dtype=torch.float64) for p in operator.parameters]
    pair = (others.exact, exact) if flip else (exact, others.exact)
    precise = operator(*pair, parameters)
    moments = precise[:, POINTS:].square() @ gaussian_nodes()[1]
    size = moments.sqrt()
    huge = centre.abs().amax(1) > HUGE * size
    flat = (FLAT * size).float()[:, None]
    live = (slopes[:, POINTS:].abs() > flat).float() @ weights.float() >= LIVE
    result = torch.full((len(outputs),), LEFT, dtype=torch.int8)
    result[~((moments >= MOMENTS[0]) & (moments <= MOMENTS[1]))] = MOMENT
    result[~live] = FLAT_SLOPE
    result[straight(precise[:, :POINTS], x.double())[1]] = STRAIGHT
    result[huge] = HUGE_VALUES
    result[~finite] = NOT_FINITE
    return result


def fingerprints(
    operator: RootOperator, operand: Operand, others: Sequence[Operand], flip: bool
) -> list[Tensor]:
    """Each candidate's fingerprint values, float64 [points]; fewer where it has no parameters."""

    def combined(fixed: Tensor, varying: Tensor, parameters: Sequence[Tensor]) -> Tensor:
        return squash(operator(*((varying, fixed) if flip else (fixed, varying)), parameters))

    initial = [torch.tensor(p.initial, dtype=torch.float64) for p in operator.parameters]
    start = combined(operand.start, torch.stack([other.start for other in others]), initial)
    rows = list(start)
    groups: dict[tuple[int, ...], list[tuple[int, _Ranks]]] = defaultdict(list)
    for at, ranks in enumerate(_ranks(operator, operand, others, flip)):
        if operand.parameters or others[at].parameters or operator.parameters:
            groups[ranks.operand].append((at, ranks))
    for shared_ranks, members in groups.items():
        varying = torch.stack([others[at].at(ranks.other) for at, ranks in members])
        parameters = [
            torch.stack([drawn(r.operator[i], p.initial) for _, r in members])[..., None]
            for i, p in enumerate(operator.parameters)
        ]
        values = combined(operand.at(shared_ranks), varying, parameters)
        for (at, _), row in zip(members, values.flatten(1), strict=True):
            if _parts(operator, len(operand.parameters), len(others[at].parameters), flip):
                rows[at] = torch.cat([rows[at], row])
    return rows


def initial_values(
    operator: RootOperator, operand: Operand, other: Operand, flip: bool
) -> tuple[float, ...]:
    """The initial values of a candidate's parameters, sorted."""
    parts = _parts(operator, len(operand.parameters), len(other.parameters), flip)
    return tuple(sorted(_initial(parts, operator, operand, other)))


@dataclass(frozen=True, slots=True)
class _Ranks:
    """The place, in the order of effect, of each part's parameters among the candidate's."""

    operand: tuple[int, ...]
    other: tuple[int, ...]
    operator: tuple[int, ...]


def _ranks(
    operator: RootOperator, operand: Operand, others: Sequence[Operand], flip: bool
) -> list[_Ranks]:
    """The ranks for every candidate of the batch."""
    by_candidate: list[_Ranks | None] = [None] * len(others)
    by_count: dict[int, list[int]] = defaultdict(list)
    for at, other in enumerate(others):
        by_count[len(other.parameters)].append(at)
    for count, members in by_count.items():
        parts = _parts(operator, len(operand.parameters), count, flip)
        if len(parts) < 2:
            effects = torch.zeros(len(members), len(parts), len(MOVES), dtype=torch.float64)
        else:
            effects = _effects(operator, operand, [others[at] for at in members], parts, flip)
        for at, row in zip(members, effects.tolist(), strict=True):
            starts = _initial(parts, operator, operand, others[at])
            keys = [(s, [round(e, DIGITS) for e in es]) for es, s in zip(row, starts, strict=True)]
            order = sorted(range(len(parts)), key=keys.__getitem__)
            rank = {parts[index]: r for r, index in enumerate(order)}
            by_candidate[at] = _Ranks(
                # One may be ignored; the values of its parameters are then no matter.
                tuple(rank.get(("operand", i), 0) for i in range(len(operand.parameters))),
                tuple(rank.get(("other", i), 0) for i in range(count)),
                tuple(rank["operator", i] for i in range(len(operator.parameters))),
            )
    return [ranks for ranks in by_candidate if ranks is not None]


def _parts(operator: RootOperator, shared: int, varying: int, flip: bool) -> list[tuple[str, int]]:
    """Every parameter as (part, index), in the order in which the candidate's text has them."""
    first, second = (("other", varying), ("operand", shared))[:: 1 if flip else -1]
    names = [p.name for p in operator.parameters]
    parts: list[tuple[str, int]] = []
    for name in operator.order:
        if name in names:
            parts.append(("operator", names.index(name)))
        else:
            part, count = first if name == "x1" else second
            parts += [(part, i) for i in range(count)]
    return parts


def _initial(
    parts: Sequence[tuple[str, int]], operator: RootOperator, operand: Operand, other: Operand
) -> list[float]:
    """The initial values of a candidate's parameters, in their order."""
    owners = {
        "operand": operand.parameters,
        "other": other.parameters,
        "operator": operator.parameters,
    }
    return [owners[part][index].initial for part, index in parts]


def _effects(
    operator: RootOperator,
    operand: Operand,
    others: list[Operand],
    parts: list[tuple[str, int]],
    flip: bool,
) -> Tensor:
    """The summary with each parameter moved alone: float64 [g, number of parameters, MOVES]."""
    moves = [(part, index, at) for part, index in parts for at in range(len(MOVES))]

    def rows(mine: str) -> list[int]:
        return [1 + len(MOVES) * index + at if part == mine else 0 for part, index, at in moves]

    fixed = operand.moved[rows("operand")]
    varying = torch.stack([other.moved[rows("other")] for other in others])
    parameters = [
        torch.tensor(
            [
                [MOVES[at] if (part, index) == ("operator", i) else BASE]
                for part, index, at in moves
            ],
            dtype=torch.float64,
        )
        for i in range(len(operator.parameters))
    ]
    pair = (varying, fixed) if flip else (fixed, varying)
    effects = summary(squash(operator(*pair, parameters)))
    return effects.view(len(others), len(parts), len(MOVES))
