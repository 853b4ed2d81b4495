"""A space: a set of candidates that can be sampled, mutated, enumerated and counted.

A space is written once, as `build`: a function that asks for one choice after another, each at a
named place (its path in the tree) among stated options, and assembles the candidate. Sampling,
mutation, crossing, enumeration and the encoding as ordinary Optuna trials all follow from it. At
one path the options are always the same, since Optuna keeps one distribution per name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from numpy.random import Generator

from ..errors import SpaceError
from ..expressions.expression import Expression, Granularity

Choose = Callable[[str, tuple[str, ...]], str]
Encoding = Mapping[str, str]


class Space(ABC):
    """A set of candidates, each with an encoding: the option chosen at each path.

    granularity: what shares one copy of a parameter that a candidate gets from the space.
    """

    granularity: Granularity = "layer"

    @property
    @abstractmethod
    def name(self) -> str:
        """The text `--space` takes for it."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @property
    def suffix(self) -> str:
        """The granularity as a part of the name: nothing where it is `layer`."""
        return "" if self.granularity == "layer" else f"[{self.granularity}]"

    @property
    @abstractmethod
    def size(self) -> int:
        """Exact number of encodings; several may be the same function."""

    @abstractmethod
    def build(self, choose: Choose) -> Expression:
        """The candidate that the answers of `choose(path, options)` describe."""

    def ask(self, choose: Choose) -> None:
        """Ask for every choice as `build` does; for those that need no candidate.

        A space overrides it where assembling the candidate takes longer than choosing.
        """
        self.build(choose)

    def seed_candidates(self) -> tuple[Encoding, ...]:
        """Encodings of well-known activations in this space, for strategies to start from."""
        return ()

    @abstractmethod
    def encode(self, expression: Expression) -> dict[str, str] | None:
        """An encoding whose candidate is this tree up to its parameters' names, else None.

        It is about how a candidate is written: what computes the same in another way is found by
        its fingerprint.
        """

    def contains(self, expression: Expression) -> bool:
        """Whether an encoding gives this tree, up to its parameters' names."""
        return self.encode(expression) is not None

    def decode(self, encoding: Encoding) -> Expression:
        """The candidate of an encoding; raises SpaceError where it names no option."""

        def choose(path: str, options: tuple[str, ...]) -> str:
            return self._option(encoding, path, options)

        return self.build(choose)

    def sample(self, rng: Generator) -> dict[str, str]:
        """An encoding with every choice drawn uniformly and independently."""
        return self._record(lambda path, options: options[rng.integers(len(options))])

    def mutate(self, encoding: Encoding, rng: Generator) -> dict[str, str]:
        """The encoding with one choice, at a uniformly drawn path, replaced by another option.

        Choices that only exist after the replacement are drawn uniformly. Raises SpaceError where
        the encoding names no option, or there is none other.
        """
        paths = [path for path, options in self._walk(encoding).items() if len(options) > 1]
        if not paths:
            raise SpaceError(f"space {self.name} has one candidate only: nothing to mutate")
        target = paths[rng.integers(len(paths))]

        def choose(path: str, options: tuple[str, ...]) -> str:
            kept = encoding.get(path)
            if path != target and kept in options:
                return kept
            others = [option for option in options if path != target or option != kept]
            return others[rng.integers(len(others))]

        return self._record(choose)

    def cross(self, first: Encoding, second: Encoding, rng: Generator) -> dict[str, str]:
        """A child of two encodings: each choice from one of them, by a fair coin.

        A choice that one parent lacks comes from the other; one that both lack is drawn uniformly.
        Raises SpaceError where a parent names no option.
        """
        for parent in (first, second):
            self._walk(parent)

        def choose(path: str, options: tuple[str, ...]) -> str:
            offered = [p[path] for p in (first, second) if path in p] or options
            return offered[rng.integers(len(offered))]

        return self._record(choose)

    def encodings(self) -> Iterator[dict[str, str]]:
        """Every encoding once, lazily, in a fixed order (the last choice turns fastest)."""
        prefix: Sequence[int] = ()
        while True:
            odometer = _Odometer(prefix)
            yield self._record(odometer.choose)
            if not odometer.turn():
                return
            prefix = odometer.digits

    def _record(self, choose: Choose) -> dict[str, str]:
        record: dict[str, str] = {}

        def recording(path: str, options: tuple[str, ...]) -> str:
            record[path] = choose(path, options)
            return record[path]

        self.ask(recording)
        return record

    def _option(self, encoding: Encoding, path: str, options: tuple[str, ...]) -> str:
        chosen = encoding.get(path)
        if chosen not in options:
            raise SpaceError(
                f"space {self.name} has no option {chosen!r} at {path}; "
                f"its options there: {', '.join(options)}"
            )
        return chosen

    def _walk(self, encoding: Encoding) -> dict[str, tuple[str, ...]]:
        """The options at every path of an encoding."""
        offered: dict[str, tuple[str, ...]] = {}

        def choose(path: str, options: tuple[str, ...]) -> str:
            offered[path] = options
            return self._option(encoding, path, options)

        self.ask(choose)
        return offered


@dataclass(slots=True)
class _Odometer:
    """Answers with the digits it was given, then with first options; `turn` counts one up."""

    digits: Sequence[int]
    _used: list[tuple[int, int]] = field(default_factory=list)  # (digit, number of options)

    def choose(self, path: str, options: tuple[str, ...]) -> str:
        at = len(self._used)
        digit = self.digits[at] if at < len(self.digits) else 0
        self._used.append((digit, len(options)))
        return options[digit]

    def turn(self) -> bool:
        while self._used:
            digit, count = self._used.pop()
            if digit + 1 < count:
                self.digits = [d for d, _ in self._used] + [digit + 1]
                return True
        return False
