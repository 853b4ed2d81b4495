"""When two candidates are the same function: by their form, else by values within a tolerance.

Commuted, reassociated and renamed forms have the same form (canonical.py), which alone decides.
All others are compared by values in float64. They are the same candidate if they differ nowhere in
this neighbourhood by more than TOLERANCE after asinh (absolute near 0, relative in the tails):

- at the initial parameters: |x| from 0.02 to 4 in steps of 0.02, to 16 in steps of 0.053, to 97
  in steps of 4.5 %. What is narrower, or nearer to 0 (the floor of divisions), is not seen;
- at 81 joint settings of the parameters, each from -4.2 to 4.5 (times the initial value, where
  that is larger than 1): a third of them below 0, a third between 0 and the start (or 1), a third
  beyond; of every three parameters each combination of these ranges is there three times, with
  all moves small, middling or large. |x| up to 10, other points in each setting, tails to 117.

At the initial values alone x * sigmoid(beta * x) would be x * sigmoid(x), and x + beta would be x;
at values up to 1 alone max(x, beta * x) would be beta * x + (1 - beta) * max(x, 0).
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from ..expressions.compile import Program, compile_program
from ..expressions.expression import Expression
from .canonical import canonical_form

TOLERANCE = 1e-5  # largest difference of equal functions, after asinh: absolute near 0, relative
# in the tails. Rounding of float64 stays below 1e-8, and the divisor's floor moves x / x by 3e-6
ROUNDING = 1.3e-7  # relative, of two values kept as float32
STEP, NEAR = 0.0203, 200  # spacing and number of points on each side of 0; never a round number,
# where 1 / (x - 1) would be a matter of rounding
MIDDLE_STEP, MIDDLE = 0.0531, 225
FAR_RATIO, FAR = 1.045, 41
BELOW = (-0.053, -0.21, -0.447, -0.713, -0.941, -1.31, -1.93, -2.71, -4.13)
WITHIN = (0.971, 0.883, 0.787, 0.659, 0.531, 0.409, 0.263, 0.137, 0.043)
BEYOND = (1.031, 1.097, 1.241, 1.493, 1.787, 2.203, 2.801, 3.511, 4.397)
SETTINGS = 81
ROW_STEP, ROW_NEAR, ROW_TAILS = 0.5713, 14, (12.7, 30.1, 94.1)
BASE, MOVES = 0.9, (1.7, -0.7)  # parameters' values to order them by: all at one, each alone at
# the others. Both signs: of a * relu(b * x) the parameters differ at negative values only
DIGITS = 9  # decimals of an effect that count for the order
NAN, INFINITE = 1000.0, 1001.0  # marks; asinh of the largest float64 is 711


@dataclass(frozen=True, slots=True, eq=False)  # compared by `matches`, within the tolerance
class Fingerprint:
    """A candidate's identity: equal functions have matching ones.

    `kind`: granularity and initial value of each parameter, sorted; `values`: squashed by asinh,
    [points] at the initial parameters and as many again at each setting of them; `form`: equal for
    the same candidate written in another order.
    """

    kind: tuple[tuple[str, float], ...]
    values: Tensor
    form: str | None = None

    def matches(self, other: Fingerprint) -> bool:
        """Whether the two stand for the same candidate."""
        if self.form is not None and self.form == other.form:
            return True
        return self.kind == other.kind and agree(self.values, other.values, TOLERANCE)

    @property
    def key(self) -> float:
        """A number that fingerprints of matching values share up to the tolerance."""
        return float(summary(self.values.double()))


def agree(values: Tensor, others: Tensor, tolerance: float) -> bool:
    """Whether two candidates' values differ nowhere by more than a tolerance, but for rounding."""
    if values.shape != others.shape:
        return False
    allowed = tolerance + (ROUNDING * values.abs() if values.dtype == torch.float32 else 0.0)
    return bool(((values - others).abs() <= allowed).all())


@cache
def dense_points() -> Tensor:
    """Where the initial parameters are looked at, the nearest to 0 first: float64 [P].

    Remembered, as `setting_points` is: do not write to them.
    """
    near = STEP * torch.arange(1, NEAR + 1, dtype=torch.float64)
    middle = near[-1] + MIDDLE_STEP * torch.arange(1, MIDDLE + 1, dtype=torch.float64)
    far = middle[-1] * FAR_RATIO ** torch.arange(1, FAR + 1, dtype=torch.float64)
    side = torch.cat([near, middle, far])
    return torch.stack([-side, side], 1).flatten()


@cache
def setting_points() -> Tensor:
    """Where each setting of the parameters is looked at: float64 [SETTINGS, points]."""
    near = ROW_STEP * torch.arange(1, ROW_NEAR + 1, dtype=torch.float64)
    side = torch.cat([near, torch.tensor(ROW_TAILS, dtype=torch.float64)])
    golden = torch.arange(SETTINGS, dtype=torch.float64) * (math.sqrt(5) - 1) / 2
    stretched = (0.75 + 0.5 * golden.frac())[:, None] * side
    return torch.cat([-stretched, stretched], 1)


@cache
def drawn(rank: int, initial: float) -> Tensor:
    """The values of the parameter of a rank, from 0, in every setting: float64 [SETTINGS].

    A setting's number in base 3 has four digits: three say which range the first three ranks take
    their values from (a later rank takes a sum of two), the fourth how far all move.
    """
    digits = torch.arange(SETTINGS)[:, None] // torch.tensor([27, 9, 3, 1]) % 3
    first, second, third = (digits[:, (rank + k) % 3] for k in range(3))
    size = digits[:, 3]
    range_, fine = (first + rank // 3 * second) % 3, (second + rank // 3 * third + size) % 3
    values = torch.tensor((*BELOW, *WITHIN, *BEYOND), dtype=torch.float64)
    chosen = values[9 * range_ + 3 * size + fine]
    # No two parameters ever have the same value: that could hide which is which.
    return chosen * (1 + 0.0037 * rank) * max(1.0, abs(initial))


def fingerprint(expression: Expression) -> Fingerprint:
    """The fingerprint of a candidate, independent of its parameters' names and order.

    Pure and the same in every process; half a millisecond.
    """
    program = compile_program(expression)
    parameters = program.parameters
    initial = [torch.tensor(p.initial, dtype=torch.float64) for p in parameters]
    values = squash(program(dense_points(), initial))
    if parameters:
        ranks = {index: rank for rank, index in enumerate(_parameter_order(program))}
        drawings = [drawn(ranks[i], p.initial)[:, None] for i, p in enumerate(parameters)]
        values = torch.cat([values, squash(program(setting_points(), drawings)).flatten()])
    kind = tuple(sorted((p.granularity, p.initial) for p in parameters))
    return Fingerprint(kind, values.float(), canonical_form(expression))


class FingerprintIndex:
    """Candidates seen so far, by fingerprint: find one in logarithmic time.

    recall: makes the fingerprint of a number again. With it only keys and forms are kept, some 200
    bytes each and not 4 to 15 kB: few candidates are so near that values have to be compared.
    """

    def __init__(self, recall: Callable[[int], Fingerprint] | None = None) -> None:
        self._recall = recall
        self._forms: dict[str, int] = {}
        self._keys: list[float] = []
        self._numbers: list[int] = []
        self._entries: dict[int, Fingerprint] = {}

    def find(self, entry: Fingerprint) -> int | None:
        """The number under which an equal candidate was added, or None."""
        if entry.form is not None and entry.form in self._forms:
            return self._forms[entry.form]
        key = entry.key
        # The values are kept as float32, and each is off by a part of itself.
        reach = 1.001 * TOLERANCE + ROUNDING * abs(key)
        low = bisect.bisect_left(self._keys, key - reach)
        high = bisect.bisect_right(self._keys, key + reach)
        for number in self._numbers[low:high]:
            known = self._entries[number] if self._recall is None else self._recall(number)
            if known.matches(entry):
                return number
        return None

    def add(self, entry: Fingerprint, number: int) -> None:
        """Remember a candidate under a number of its own."""
        self.add_known(entry.key, entry.form, number)
        if self._recall is None:
            self._entries[number] = entry

    def add_known(self, key: float, form: str | None, number: int) -> None:
        """Remember a candidate that can be recalled, by the key and form of its fingerprint."""
        at = bisect.bisect_left(self._keys, key)
        self._keys.insert(at, key)
        self._numbers.insert(at, number)
        if form is not None:
            self._forms.setdefault(form, number)


def summary(values: Tensor) -> Tensor:
    """A weighted mean over the last dimension: [..., points] to [...].

    The weights rise, since with equal ones every odd function would have 0.
    """
    weights = torch.arange(1, values.shape[-1] + 1, dtype=values.dtype)
    return values @ weights / weights.sum()


def squash(raw: Tensor) -> Tensor:
    """asinh, with numbers of their own for NaN and the infinities."""
    return torch.asinh(raw).nan_to_num(nan=NAN, posinf=INFINITE, neginf=-INFINITE)


def _parameter_order(program: Program) -> list[int]:
    """The parameters sorted by their effect when moved alone, so that order and names do not
    matter where two forms differ."""
    parameters = program.parameters
    count = len(parameters)
    if count < 2:
        return list(range(count))
    rows = torch.full((count, len(MOVES), count), BASE, dtype=torch.float64)
    for index in range(count):
        rows[index, :, index] = torch.tensor(MOVES)
    columns = list(rows.flatten(0, 1).T[..., None])
    points = setting_points()[0].expand(count * len(MOVES), -1)
    effects = summary(squash(program(points, columns))).view(count, len(MOVES)).tolist()

    def key(index: int) -> tuple[str, float, list[float]]:
        parameter = parameters[index]
        rounded = [round(effect, DIGITS) for effect in effects[index]]
        return parameter.granularity, parameter.initial, rounded

    return sorted(range(count), key=key)
