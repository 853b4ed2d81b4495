"""Spaces made of others: a weighted union, and a list of given candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from ..errors import SpaceError
from ..expressions.expression import Expression, Granularity
from ..expressions.parser import parse
from ..expressions.printer import number_text
from .base import Choose, Encoding, Space
from .patterns import anonymous

MEMBER = "space"  # the path at which a union's encoding says which member the candidate is of


@dataclass(frozen=True, slots=True, repr=False)
class Union(Space):
    """Candidates of several spaces; a draw takes a member by its weight, then a draw of it.

    `members` maps each space to its weight, above 0. What two members share is counted twice.
    """

    members: tuple[tuple[Space, float], ...]

    def __post_init__(self) -> None:
        names = [space.name for space, _ in self.members]
        if len(set(names)) < len(names) or len(names) < 2:
            raise SpaceError(f"a union needs different spaces, at least two, but got {names}")
        for space, weight in self.members:
            if not 0 < weight < float("inf"):
                raise SpaceError(f"the weight of {space.name} must be above 0, but got {weight}")
            if isinstance(space, Union):
                raise SpaceError("a union of unions is a union: name all members side by side")

    @property
    def name(self) -> str:
        return "|".join(
            space.name if weight == 1 else f"{number_text(weight)}*{space.name}"
            for space, weight in self.members
        )

    @property
    def size(self) -> int:
        return sum(space.size for space, _ in self.members)

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(space.name for space, _ in self.members)

    def build(self, choose: Choose) -> Expression:
        member, choose_there = self._chosen(choose)
        return member.build(choose_there)

    def ask(self, choose: Choose) -> None:
        member, choose_there = self._chosen(choose)
        member.ask(choose_there)

    def _chosen(self, choose: Choose) -> tuple[Space, Choose]:
        """A member, and how its choices are asked for: members may share paths."""
        at = self._names.index(choose(MEMBER, self._names))
        return self.members[at][0], lambda path, options: choose(f"{at}.{path}", options)

    def sample(self, rng: Generator) -> dict[str, str]:
        weights = np.array([weight for _, weight in self.members])
        return self._drawn(int(rng.choice(len(weights), p=weights / weights.sum())), rng)

    def mutate(self, encoding: Encoding, rng: Generator) -> dict[str, str]:
        """A mutation in the member; as rarely as any one choice, a draw from another member."""
        at, inner = self._opened(encoding)
        space = self.members[at][0]
        if space.size == 1 or rng.integers(len(encoding)) == 0:
            weights = np.array([w if i != at else 0.0 for i, (_, w) in enumerate(self.members)])
            return self._drawn(int(rng.choice(len(weights), p=weights / weights.sum())), rng)
        return self._closed(at, space.mutate(inner, rng))

    def cross(self, first: Encoding, second: Encoding, rng: Generator) -> dict[str, str]:
        """The member's crossing of two of one member; of two members' the first or the second."""
        (at, mine), (other, theirs) = self._opened(first), self._opened(second)
        if at == other:
            return self._closed(at, self.members[at][0].cross(mine, theirs, rng))
        return dict((first, second)[rng.integers(2)])

    def encode(self, expression: Expression) -> dict[str, str] | None:
        for at, (space, _) in enumerate(self.members):
            encoding = space.encode(expression)
            if encoding is not None:
                return self._closed(at, encoding)
        return None

    def _drawn(self, at: int, rng: Generator) -> dict[str, str]:
        return self._closed(at, self.members[at][0].sample(rng))

    def _closed(self, at: int, inner: Encoding) -> dict[str, str]:
        return {MEMBER: self._names[at], **{f"{at}.{path}": o for path, o in inner.items()}}

    def _opened(self, encoding: Encoding) -> tuple[int, dict[str, str]]:
        at = self._names.index(self._option(encoding, MEMBER, self._names))
        prefix = f"{at}."
        inner = {p[len(prefix) :]: o for p, o in encoding.items() if p.startswith(prefix)}
        self.members[at][0]._walk(inner)  # so that a wrong option is refused here, with its path
        return at, inner


@dataclass(frozen=True, slots=True, repr=False)
class Listed(Space):
    """Given candidates under their names, such as a catalog's families."""

    title: str
    texts: Mapping[str, str]
    granularity: Granularity = "layer"
    _trees: dict[str, Expression] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.texts:
            raise SpaceError(f"the list {self.title} has no candidate")
        object.__setattr__(self, "_trees", {n: parse(text) for n, text in self.texts.items()})

    def __hash__(self) -> int:
        return hash((self.title, self.granularity, *self.texts.items()))

    @property
    def name(self) -> str:
        return self.title

    @property
    def size(self) -> int:
        return len(self.texts)

    def build(self, choose: Choose) -> Expression:
        return self._trees[choose("candidate", tuple(self._trees))]

    def encode(self, expression: Expression) -> dict[str, str] | None:
        candidate = anonymous(expression)
        for name, tree in self._trees.items():
            if anonymous(tree) == candidate:
                return {"candidate": name}
        return None
