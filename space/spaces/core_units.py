"""The space of the search that found Swish: core units, binary(unary(x), unary(x)), nested.

Ramachandran, Zoph and Le 2017, section 2 and figure 1. One unit is b(u1(x), u2(x)); n units put
the value of n - 1 units through the left unary: b2(u3(b1(u1(x), u2(x))), u4(x)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import SpaceError
from ..expressions.expression import Granularity
from .base import Encoding
from .fixed_topology import ChoiceNode, FixedTopology
from .operator_sets import SWISH, Operators

# Binary, left and right of well-known activations.
KNOWN = (
    ("sigmoid(x1) * x2", "x", "x"),  # SiLU
    ("sigmoid(x1) * x2", "beta * x", "x"),  # Swish with a learnable beta
    ("max(x1, x2)", "x", "max(x, 0)"),  # ReLU
    ("max(x1, x2)", "tanh(x)", "tanh(x)"),
    ("max(x1, x2)", "softplus(x)", "softplus(x)"),
)
_IDENTITY = ("max(x1, x2)", "x", "x")  # what the inner units compute then


@dataclass(frozen=True, slots=True, repr=False)
class CoreUnits(FixedTopology):
    """Core units, over the Swish paper's operators unless told; each drawn beta is its own.

    The paper learns beta per channel; `layer` is the default here because the default network is
    an MLP, where a channel would be a single neuron.
    """

    units: int = 1
    granularity: Granularity = "layer"
    operators: Operators = SWISH
    _root: ChoiceNode = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.units <= 8:
            raise SpaceError(f"core units must be 1 to 8, but got {self.units}")
        object.__setattr__(self, "_root", self._unit("unit", self.units))

    @property
    def name(self) -> str:
        return f"core-{self.units}{self.suffix}{self.operators.beside_swish}"

    @property
    def root(self) -> ChoiceNode:
        return self._root

    def seed_candidates(self) -> tuple[Encoding, ...]:
        return tuple(
            self._encoding((unit, *[_IDENTITY] * (self.units - 1)))
            for unit in KNOWN
            if self._has(unit) and (self.units == 1 or self._has(_IDENTITY))
        )

    def _has(self, unit: tuple[str, str, str]) -> bool:
        binary, *unary = unit
        return binary in self.operators.binary and {*unary} <= {*self.operators.unary}

    @staticmethod
    def _encoding(units: Sequence[tuple[str, str, str]]) -> dict[str, str]:
        """The encoding of units given from the outermost in."""
        encoding: dict[str, str] = {}
        for depth, unit in enumerate(units):
            path = "unit" + ".inner" * depth
            encoding |= dict(
                zip((f"{path}.binary", f"{path}.left", f"{path}.right"), unit, strict=True)
            )
        return encoding

    def _unit(self, path: str, units: int) -> ChoiceNode:
        unary = self.operators.options("unary", 1)
        inner = self._unit(f"{path}.inner", units - 1) if units > 1 else None
        return ChoiceNode(
            f"{path}.binary",
            self.operators.options("binary", 2),
            (
                ChoiceNode(f"{path}.left", unary, (inner,)),
                ChoiceNode(f"{path}.right", unary, (None,)),
            ),
        )
