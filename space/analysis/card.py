"""The property card of a candidate: everything known and measured about it, and verdicts in words.

The verdicts answer what introductions to the subject ask of an activation, each in one line with
the number behind it; the thresholds stand in this file.
"""

from __future__ import annotations

import html
import math
import textwrap
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..expressions.expression import Expression
from ..expressions.picture import as_svg
from ..expressions.symbolic import Symbolic, symbolic
from ..json_safe import plain
from .cost import Cost, cost
from .finite_range import (
    FiniteRange,
    finite_ranges,
    finite_text,
    float_numbers,
    wide_enough,
)
from .identify import Identification, identify
from .properties import Properties, properties

NARROWEST, HANGING = 40, 36  # characters of a line, and of a text that hangs beside its name
LONGEST = 400  # characters of a line before it is cut
LINE = 1e-3  # share of the variance that a line may leave while f counts as linear
CHEAP = 3.0  # forward and backward time over ReLU's
FEW = 2  # parameters per place
CENTRED = 0.1  # |mean| over the standard deviation …
SPARSE = 0.25  # share of exact zeros
GAIN = (0.7, 1.5)  # of the gradient's second moment per layer: ten layers keep it within
# 0.03 and 60; ReLU has 1, Tanh 1.18, Sigmoid 0.15


@dataclass(frozen=True, slots=True)
class Verdict:
    """One item: `holds` as the introductions would have it, and the measured reason."""

    item: str
    holds: bool
    because: str


@dataclass(frozen=True, slots=True, repr=False)
class Card:
    """All that is known and measured of one candidate at one choice of parameters, `values`."""

    expression: Expression
    values: Mapping[str, float]
    known_as: Identification
    symbols: Symbolic
    properties: Properties
    cost: Cost
    finite: Mapping[str, FiniteRange]

    def __str__(self) -> str:
        return card_text(self)

    def __repr__(self) -> str:
        return f"<Card of {self.expression}: {self.known_as.sentence}>"

    def _repr_html_(self) -> str:
        """The picture and the card's text, for notebooks."""
        return f"<div>{as_svg(self.expression)}<pre>{html.escape(card_text(self))}</pre></div>"

    @property
    def _finite(self) -> bool:
        return wide_enough(self.finite["float32"])

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """In the order in which they are usually asked."""
        p, c = self.properties, self.cost
        flat = " and ".join(p.saturating)
        count = len(self.expression.parameters)
        spread = math.sqrt(max(p.second_moment - p.mean**2, 0.0))
        smooth = p.smooth
        return (
            Verdict(
                "non-linear",
                p.curvature > LINE,
                f"a line leaves {p.curvature:.1%} of the variance",
            ),
            Verdict("differentiable", not (smooth.jumps or smooth.kinks), smooth.text),
            Verdict(
                "cheap",
                max(c.forward, c.backward) <= CHEAP,
                f"{c.forward:.1f}× ReLU forward, {c.backward:.1f}× backward, "
                f"{c.flops} FLOPs, keeps {c.bytes_kept:g} bytes (ReLU {c.relu_bytes:g})",
            ),
            Verdict("not saturating", not flat, f"saturates on the {flat}" if flat else "no side"),
            Verdict("monotone", p.direction in ("increasing", "decreasing"), self._direction()),
            Verdict("few parameters", count <= FEW, self._parameters()),
            Verdict(
                "zero-centred",
                abs(p.mean) <= CENTRED * spread,
                f"mean {p.mean:.4g}, standard deviation {spread:.4g}",
            ),
            Verdict("sparse", p.zero_output >= SPARSE, f"{p.zero_output:.1%} of outputs are 0"),
            Verdict(
                "no vanishing or exploding slope",
                GAIN[0] <= p.gain <= GAIN[1] and self._finite,
                f"{_gain(p.gain)} per layer; {p.zero_slope:.1%} of slopes are 0, "
                + self._largest(),
            ),
        )

    def _largest(self) -> str:
        p, single = self.properties, self.finite["float32"]
        if not self._finite:
            return f"finite in float32 for x in {single.text} only"
        if math.isinf(p.lipschitz):
            return "they grow without bound"
        return f"the largest is {'' if p.lipschitz_proven else 'at least '}{p.lipschitz:.4g}"

    def _direction(self) -> str:
        p = self.properties
        if p.direction == "neither":
            if not p.turns:
                return "turns outside [-10, 10]"
            return f"turns {p.turns} time{'s' * (p.turns > 1)} on [-10, 10]"
        seen = "" if p.direction_proven else " wherever it was looked at"
        return f"{'strictly ' * p.strictly}{p.direction}{seen}"

    def _parameters(self) -> str:
        """How many of which granularity, with the values the card holds at."""
        counts = Counter(p.granularity for p in self.expression.parameters)
        if not counts:
            return "none"
        text = ", ".join(f"{n} per {granularity}" for granularity, n in counts.items())
        shown = [f"{name} = {value:.6g}" for name, value in self.values.items()]
        return f"{text} ({', '.join(shown[:4])}{', …' if len(shown) > 4 else ''})"


def card(expression: Expression, values: Mapping[str, float] | None = None) -> Card:
    """The card of the candidate at its initial parameters, or with `values` for some, by name.

    Takes a few seconds, most of it in sympy and in fitting families; sympy's forms are simplified
    in the main thread only.
    """
    at = {p.name: (values or {}).get(p.name, p.initial) for p in expression.parameters}
    return Card(
        expression=expression,
        values=at,
        known_as=identify(expression, at),
        symbols=symbolic(expression),
        properties=properties(expression, at),
        cost=cost(expression),
        finite=finite_ranges(expression, list(at.values())),
    )


def card_text(card: Card, fit: int | None = None) -> str:
    """The card for reading, about thirty lines; fit: characters of a line."""
    p, c, s = card.properties, card.cost, card.symbols
    rows = [
        ("formula", f"f(x) = {card.expression}"),
        ("known as", card.known_as.sentence),
        ("LaTeX", s.latex),
        ("simplified", s.simplified + ("" if s.complete else "   (as far as the time allowed)")),
        ("derivative", s.derivative),
        ("range", p.range_text + (", bounded" if p.bounded else "")),
        ("far left", f"f {p.left.text}"),
        ("far right", f"f {p.right.text}"),
        ("saturates", " and ".join(p.saturating) or "on no side"),
        (
            "N(0, 1)",
            f"mean {p.mean:.4g}, E[f²] {_moment(p.second_moment, p.second_whole)}, "
            f"E[f′²] {_moment(p.slope_moment, p.slope_whole)}",
        ),
        ("zeros", f"{p.zero_output:.1%} of outputs, {p.zero_slope:.1%} of slopes"),
        ("Lipschitz", p.lipschitz_text),
        (
            "finite",
            f"value and slope, float32 in {len(float_numbers()):,} places: "
            f"{finite_text(card.finite)}",
        ),
        (
            "cost",
            f"{c.flops} FLOPs, {c.forward:.2f}× and {c.backward:.2f}× ReLU's time, together "
            f"{c.total:.2f}×",
        ),
    ]
    lines = [_hanging(f"{name:<11} ", _cut(text), fit) for name, text in rows]
    lines.append("")
    for v in card.verdicts:
        item = f"{'yes' if v.holds else 'no ':<4} {v.item:<32} "
        lines.append(_hanging(item, v.because, fit))
    return "\n".join(lines)


def _gain(factor: float) -> str:
    return "no signal" if math.isnan(factor) else f"gradient × {factor:.3g}"


def _moment(without: float, whole: float) -> str:
    spike = without < whole < math.inf
    return f"{without:.4g} ({whole:.4g} with a spike)" if spike else f"{whole:.4g}"


def _hanging(name: str, text: str, fit: int | None) -> str:
    """A name and its text, broken between words where it has to be; further lines begin below the
    text, or where that leaves too little room, at a small indent."""
    if fit is None or len(name) + len(text) <= fit:
        return name + text
    indent = len(name) if fit - len(name) >= HANGING else 5
    return textwrap.fill(
        text,
        max(fit, NARROWEST),
        initial_indent=name,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}… (whole in the JSON)"


def card_json(card: Card) -> dict[str, Any]:
    """The same as plain data; what is infinite or not a number is null."""
    p, known = card.properties, card.known_as
    data = {
        "expression": str(card.expression),
        "values": dict(card.values),
        "known_as": {
            "kind": known.kind,
            "sentence": card.known_as.sentence,
            "exact": list(known.exact),
            "family": known.family,
            "nearest": known.nearest.name,
            "distance": known.nearest.distance,
        },
        "symbolic": asdict(card.symbols),
        "properties": asdict(p)
        | {"bounded": p.bounded, "saturating": p.saturating, "gain": p.gain},
        "cost": asdict(card.cost),
        "finite": {name: asdict(where) for name, where in card.finite.items()},
        "verdicts": [asdict(v) for v in card.verdicts],
    }
    return {key: plain(value) for key, value in data.items()}
