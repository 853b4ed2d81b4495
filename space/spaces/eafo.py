"""A space with EAFO as a choice: its candidates, and each one corrected under a density.

    core-1+eafo        relu(x), and relu(x) + epsilon=0.01 * (x * exp(-x ** 2 / 2)), …

So a correction is one mutation among the others, and a corrected candidate mutates on: of
f + epsilon eta, eta is worked out anew for whatever f becomes. It is found in numbers, so that the
same choices are the same candidate on every machine (see `eafo`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from numpy.random import Generator

from ..eafo.density import DENSITIES, density
from ..eafo.eafo import corrected
from ..errors import CandidateError, SpaceError
from ..expressions.expression import Call, Expression, Granularity
from ..expressions.parser import MAX_LENGTH
from .base import Choose, Encoding, Space
from .patterns import anonymous
from .unions import Union

SUFFIX = "+eafo"
PATH = "eafo"  # where an encoding says whether the candidate is corrected, and under which density
NONE = "none"
OPTIONS = (NONE, *DENSITIES)


@dataclass(frozen=True, slots=True, repr=False)
class Corrected(Space):
    """The candidates of a space, as they are or corrected under one of the named densities.

    One that cannot be corrected, being the worst activation itself or without a finite slope, is
    itself under every density. Sampling: a draw of the space, every second one corrected.
    """

    space: Space

    def __post_init__(self) -> None:
        if isinstance(self.space, Union | Corrected):
            raise SpaceError(f"{SUFFIX} goes to each member of a union, once: a{SUFFIX}|b{SUFFIX}")

    @property
    def name(self) -> str:
        return f"{self.space.name}{SUFFIX}"

    @property
    def size(self) -> int:
        return len(OPTIONS) * self.space.size

    def build(self, choose: Choose) -> Expression:
        under = choose(PATH, OPTIONS)
        return _corrected(self.space.build(choose), under, self.space.granularity)

    def ask(self, choose: Choose) -> None:
        choose(PATH, OPTIONS)
        self.space.ask(choose)

    def seed_candidates(self) -> tuple[Encoding, ...]:
        return tuple({PATH: NONE, **encoding} for encoding in self.space.seed_candidates())

    def encode(self, expression: Expression) -> dict[str, str] | None:
        inner_encoding = self.space.encode(expression)
        if inner_encoding is not None:
            return {PATH: NONE, **inner_encoding}
        if not isinstance(expression, Call) or expression.primitive != "add":
            return None
        inner = self.space.encode(expression.operands[0])
        for under in DENSITIES if inner is not None else ():
            encoding = {PATH: under, **(inner or {})}
            if anonymous(self.decode(encoding)) == anonymous(expression):
                return encoding
        return None

    def sample(self, rng: Generator) -> dict[str, str]:
        under = NONE if rng.integers(2) else DENSITIES[rng.integers(len(DENSITIES))]
        return {PATH: under, **self.space.sample(rng)}

    def mutate(self, encoding: Encoding, rng: Generator) -> dict[str, str]:
        """A mutation in the space; as rarely as any one choice, another density or none."""
        under, inner = self._opened(encoding)
        if self.space.size > 1 and rng.integers(len(encoding)):
            return {PATH: under, **self.space.mutate(inner, rng)}
        others = [option for option in OPTIONS if option != under]
        return {PATH: others[rng.integers(len(others))], **inner}

    def cross(self, first: Encoding, second: Encoding, rng: Generator) -> dict[str, str]:
        """A crossing in the space, corrected as one of the two is."""
        (under, inner), (other, other_inner) = self._opened(first), self._opened(second)
        return {
            PATH: (under, other)[rng.integers(2)],
            **self.space.cross(inner, other_inner, rng),
        }

    def encodings(self) -> Iterator[dict[str, str]]:
        for encoding in self.space.encodings():
            yield from ({PATH: under, **encoding} for under in OPTIONS)

    def _opened(self, encoding: Encoding) -> tuple[str, dict[str, str]]:
        """The density and the rest of an encoding; raises SpaceError where one is wrong."""
        under = self._option(encoding, PATH, OPTIONS)
        inner = {path: option for path, option in encoding.items() if path != PATH}
        self.space._walk(inner)  # so that a wrong option is refused here
        return under, inner


@lru_cache(maxsize=4096)  # 4 ms each, and every look at an encoding builds it
def _corrected(expression: Expression, under: str, granularity: Granularity) -> Expression:
    if under == NONE:
        return expression
    try:
        result = corrected(expression, density(under), granularity=granularity, symbols=False)
    except CandidateError:  # nothing to correct, or no room: it stays what it is
        return expression
    return result if len(str(result)) <= MAX_LENGTH else expression
