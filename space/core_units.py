"""The space of the search that found Swish: core units, binary(unary(x), unary(x)), nested.

Ramachandran, Zoph and Le 2017, section 2 and figure 1. One unit is b(u1(x), u2(x)); n units put
the value of n - 1 units through the left unary: b2(u3(b1(u1(x), u2(x))), u4(x)).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from .base import Choose, Encoding, Space
from .errors import SpaceError
from .expression import Expression, Granularity, Variable, X, substitute
from .grammar import parse

# Options are texts, since texts are what a study stores; beta is a learnable parameter.
UNARY = (
    "x",
    "-x",
    "abs(x)",
    "x ** 2",
    "x ** 3",
    "sqrt(x)",
    "beta * x",
    "x + beta",
    "log(x)",
    "exp(x)",
    "sin(x)",
    "cos(x)",
    "sinh(x)",
    "cosh(x)",
    "tanh(x)",
    "asinh(x)",
    "atan(x)",
    "sinc(x)",
    "max(x, 0)",
    "min(x, 0)",
    "sigmoid(x)",
    "softplus(x)",
    "exp(-x ** 2)",
    "erf(x)",
    "beta",
)
BINARY = (
    "x1 + x2",
    "x1 * x2",
    "x1 - x2",
    "x1 / x2",
    "max(x1, x2)",
    "min(x1, x2)",
    "sigmoid(x1) * x2",
    "exp(-beta * (x1 - x2) ** 2)",
    "exp(-beta * abs(x1 - x2))",
    "beta * x1 + (1 - beta) * x2",
)
# Binary, left and right of well-known activations.
KNOWN = (
    ("sigmoid(x1) * x2", "x", "x"),  # SiLU
    ("sigmoid(x1) * x2", "beta * x", "x"),  # Swish with a learnable beta
    ("max(x1, x2)", "x", "max(x, 0)"),  # ReLU
    ("max(x1, x2)", "tanh(x)", "tanh(x)"),
    ("max(x1, x2)", "softplus(x)", "softplus(x)"),
)
_IDENTITY = ("max(x1, x2)", "x", "x")  # what the inner units compute then


@dataclass(frozen=True, slots=True)
class CoreUnits(Space):
    """Core units of the Swish paper; each drawn beta is a parameter of its own.

    The paper learns beta per channel; `layer` is the default here because the default network is
    an MLP, where a channel would be a single neuron.
    """

    units: int = 1
    granularity: Granularity = "layer"
    unary: tuple[str, ...] = UNARY
    binary: tuple[str, ...] = BINARY

    def __post_init__(self) -> None:
        if not 1 <= self.units <= 8:
            raise SpaceError(f"core units must be 1 to 8, but got {self.units}")
        for kind, options in (("unary", self.unary), ("binary", self.binary)):
            if not options or len(set(options)) < len(options):
                raise SpaceError(f"{kind} options must be distinct and at least one: {options}")
        for option in self.unary:
            _template(option, ("x",))
        for option in self.binary:
            _template(option, ("x1", "x2"))

    @property
    def name(self) -> str:
        suffix = "" if self.granularity == "layer" else f"[{self.granularity}]"
        return f"core-{self.units}{suffix}"

    @property
    def size(self) -> int:
        per_unit = len(self.unary) ** 2 * len(self.binary)
        return math.prod([per_unit] * self.units)

    def known(self) -> tuple[Encoding, ...]:
        return tuple(
            self._encoding((unit, *[_IDENTITY] * (self.units - 1)))
            for unit in KNOWN
            if self._has(unit) and (self.units == 1 or self._has(_IDENTITY))
        )

    def _has(self, unit: tuple[str, str, str]) -> bool:
        binary, left, right = unit
        return binary in self.binary and left in self.unary and right in self.unary

    def _encoding(self, units: Sequence[tuple[str, str, str]]) -> dict[str, str]:
        """The encoding of units given from the outermost in."""
        encoding: dict[str, str] = {}
        for depth, unit in enumerate(units):
            path = "unit" + ".inner" * depth
            encoding |= dict(
                zip((f"{path}.binary", f"{path}.left", f"{path}.right"), unit, strict=True)
            )
        return encoding

    def build(self, choose: Choose) -> Expression:
        fresh = _Fresh()
        return fresh.named(self._unit(choose, "unit", self.units, fresh), self.granularity)

    def _unit(self, choose: Choose, path: str, units: int, fresh: _Fresh) -> Expression:
        binary = choose(f"{path}.binary", self.binary)
        left = choose(f"{path}.left", self.unary)
        right = choose(f"{path}.right", self.unary)
        inner = self._unit(choose, f"{path}.inner", units - 1, fresh) if units > 1 else X
        return substitute(
            fresh.template(binary, ("x1", "x2")),
            {
                Variable("x1"): substitute(fresh.template(left, ("x",)), {X: inner}),
                Variable("x2"): fresh.template(right, ("x",)),
            },
        )


_CORE = re.compile(r"core-([0-9]{1,3})(?:\[(layer|channel|network)\])?")


def space_from_name(name: str) -> Space:
    """The space a text names: core-N, or core-N[channel] and core-N[network]."""
    match = _CORE.fullmatch(name)
    if match is None:
        raise SpaceError(
            f"unknown space '{name}'; known: core-1, core-2, … and with the parameters' "
            f"granularity core-1[channel], core-1[network]"
        )
    granularity: Granularity = match[2] or "layer"  # type: ignore[assignment]
    return CoreUnits(int(match[1]), granularity)


@lru_cache(maxsize=1024)
def _template(option: str, variables: tuple[str, ...]) -> Expression:
    return parse(option, variables)


class _Fresh:
    """Gives every drawn occurrence of a parameter its own name."""

    def __init__(self) -> None:
        self._count = 0

    def template(self, option: str, variables: tuple[str, ...]) -> Expression:
        template = _template(option, variables)
        self._count += 1
        return substitute(
            template,
            {p: replace(p, name=f"p{self._count}_{p.name}") for p in template.parameters},
        )

    @staticmethod
    def named(expression: Expression, granularity: Granularity) -> Expression:
        """The tree with its parameters called beta, beta2, … in order of appearance."""
        return substitute(
            expression,
            {
                p: replace(p, name=f"beta{i + 1 if i else ''}", granularity=granularity)
                for i, p in enumerate(expression.parameters)
            },
        )
