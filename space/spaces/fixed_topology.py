"""Spaces of a fixed wiring: which operator sits at each place is chosen, how they join is not."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..expressions.expression import (
    Expression,
    Granularity,
    Parameter,
    X,
)
from .base import Choose, Space
from .patterns import (
    Instantiator,
    disjoint,
    named,
    operands_of,
)


@dataclass(frozen=True, slots=True)
class ChoiceNode:
    """A node of the wiring: its options, and what its operands are (None for x).

    A place with one option only has path "" and is not asked for.
    """

    path: str
    options: tuple[str, ...]
    below: tuple[ChoiceNode | None, ...]

    def every(self) -> Iterator[ChoiceNode]:
        """This place and all below it, level by level."""
        level = [self]
        while level:
            yield from level
            level = [place for above in level for place in above.below if place is not None]


def assembled(
    root: ChoiceNode | None, chosen: Mapping[str, str], granularity: Granularity
) -> Expression:
    """The candidate at and below a place, given the option chosen at each path."""
    fresh = Instantiator()

    def value(place: ChoiceNode | None) -> Expression:
        if place is None:
            return X
        option = chosen[place.path] if place.path else place.options[0]
        return fresh.fill(option, [value(below) for below in place.below])

    return named(value(root), granularity)


class FixedTopology(Space):
    """Base of core units and schemas: `root` is the wiring, `granularity` the parameters'."""

    __slots__ = ()

    granularity: Granularity

    @property
    @abstractmethod
    def root(self) -> ChoiceNode:
        """The place whose value is the candidate's."""

    @property
    def size(self) -> int:
        return math.prod(len(place.options) for place in self.root.every())

    def build(self, choose: Choose) -> Expression:
        return assembled(self.root, self._choices(choose), self.granularity)

    def ask(self, choose: Choose) -> None:
        self._choices(choose)

    def _choices(self, choose: Choose) -> dict[str, str]:
        """The option chosen at each path."""
        return {
            place.path: choose(place.path, place.options)
            for place in self.root.every()
            if place.path
        }

    def encode(self, expression: Expression) -> dict[str, str] | None:
        reading = next(self._readings(self.root, expression), None)
        if reading is None:
            return None
        return {place.path: reading[0][place.path] for place in self.root.every() if place.path}

    def _readings(
        self, place: ChoiceNode | None, tree: Expression | None
    ) -> Iterator[tuple[dict[str, str], frozenset[Parameter]]]:
        """Every way to choose options at and below a place so that its value is the tree.

        With the parameters used. A tree of None is a value that nothing reads: any option does.
        """
        if place is None:
            if tree in (None, X):
                yield {}, frozenset()
            return
        if tree is None:
            yield {below.path: below.options[0] for below in place.every()}, frozenset()
            return
        for option in place.options:
            matched = operands_of(option, len(place.below), tree, self.granularity)
            if matched is not None:
                for chosen, used in self._joint(place.below, matched[0]):
                    united = disjoint(iter((used, matched[1])))
                    if united is not None:
                        yield {place.path: option, **chosen}, united

    def _joint(
        self, places: tuple[ChoiceNode | None, ...], trees: tuple[Expression | None, ...]
    ) -> Iterator[tuple[dict[str, str], frozenset[Parameter]]]:
        """Every joint reading of several places."""
        if not places:
            yield {}, frozenset()
            return
        for chosen, used in self._readings(places[0], trees[0]):
            for others, more in self._joint(places[1:], trees[1:]):
                united = disjoint(iter((used, more)))
                if united is not None:
                    yield {**chosen, **others}, united
