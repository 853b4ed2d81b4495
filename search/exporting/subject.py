"""The candidate of an export, with what every format says of it: facts, origin, licence."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...space import Expression
from ...space.analysis.finite_range import FiniteRange, finite_ranges, finite_text
from ...space.analysis.torch_kernel import torch_kernel
from ...space.expressions.symbolic import Symbolic, symbolic
from ...space.modules.kernels import Kernel
from ..provenance import provenance

LICENCE = "Apache-2.0"
WIDTH = 90  # of the lines of notes


@dataclass(frozen=True)
class Subject:
    """A candidate to export.
    facts: verdict and numbers, for the JSON and the card; notes: the same in words. memory:
    whether the torch file keeps one tensor for the backward pass and computes the rest anew.
    """

    expression: Expression
    class_name: str = "Activation"
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: str = ""
    memory: bool = False

    @cached_property
    def kernel(self) -> Kernel | None:
        """The one call of torch that computes the candidate, if there is one."""
        return torch_kernel(self.expression)

    @cached_property
    def finite(self) -> Mapping[str, FiniteRange]:
        """Where value and slope are finite, by dtype."""
        return finite_ranges(self.expression)

    @cached_property
    def symbols(self) -> Symbolic:
        """Its LaTeX and derivative; some seconds of sympy."""
        return symbolic(self.expression)

    @cached_property
    def wrapped_notes(self) -> str:
        """The notes, and where value and slope are finite, in lines of at most WIDTH."""
        finite = f"Value and slope are finite: {finite_text(self.finite)}."
        notes = f"{self.notes}\n{finite}" if self.notes else finite
        lines = [line for text in notes.splitlines() for line in _lines(text)]
        return "\n".join(lines)

    @property
    def header(self) -> str:
        """Licence, versions and machine, as lines for a comment."""
        origin = provenance()
        made = (
            f"Written by actsearch {origin['actsearch']} with torch {origin['torch']} and Python "
            f"{origin['python']} on {origin['machine']}"
        )
        source = [
            f"{name} {self.facts[name]}" for name in ("search", "trial") if name in self.facts
        ]
        made += f", from {', '.join(source)}." if source else "."
        return "\n".join([f"SPDX-License-Identifier: {LICENCE}", *_lines(made)])

    @property
    def description(self) -> dict[str, Any]:
        """The same as plain data, for activation.json."""
        return {
            "expression": str(self.expression),
            "class_name": self.class_name,
            "licence": LICENCE,
            "parameters": [
                {"name": p.name, "initial": p.initial, "granularity": p.granularity}
                for p in self.expression.parameters
            ],
            **provenance(),
            **self.facts,
        }


def _lines(text: str) -> list[str]:
    """The text in lines of at most WIDTH, broken at spaces alone: names and flags stay whole."""
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False)
