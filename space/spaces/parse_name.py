"""Spaces by their text names, as `--space` takes them.

    core-2                                     core units of the Swish paper
    binary(unary(x),binary(unary(x),unary(x))) a schema
    tree-7                                     parametric trees of at most 7 operators
    families                                   the trainable families at their defaults
    catalog                                    the named functions
    mixture-3                                  input-gated mixtures of three functions
    core-1+eafo                                a space, and its candidates corrected by EAFO
    core-1|2*tree-3                            a union, its second member twice as likely

After a member: `[channel]` or `[network]` for its parameters; `:ops=swish|act-bench|aquasurf|
grafs|all` for its operators, or lists of one's own (`:unary=x,sin(x):binary=x1*x2`);
`:only=max,tanh` and `:without=div,pow` restrict them to primitives.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import replace

from ..catalog.table import CATALOG
from ..errors import SpaceError, UnknownNameError
from ..expressions.expression import GRANULARITIES, Granularity
from ..expressions.parser import parse
from ..families.schema import shared
from ..families.table import FAMILIES, family
from .base import Space
from .core_units import CoreUnits
from .eafo import SUFFIX, Corrected
from .mixtures import Mixtures
from .operator_sets import (
    ACT_BENCH,
    OPERATORS,
    SWISH,
    Operators,
)
from .schemas import Schema
from .trees.parametric_trees import ParametricTrees
from .unions import Listed, Union

_MEMBER = re.compile(
    r"(?:([0-9.]+(?:e[+-]?[0-9]+)?)\*)?([^:\[\]]+)(?:\[([a-z]+)\])?((?::.*)?)", re.ASCII
)
_NUMBERED = re.compile(r"(core|tree|mixture)-([0-9]{1,3})", re.ASCII)
_EXAMPLES = (
    "core-1, tree-7, binary(unary(x),unary(x)), core-1[channel], core-1:without=div, core-1+eafo"
)


def space_from_name(name: str) -> Space:
    """The space that a text names; docs/spaces.md has the grammar.

    The space's own `name` is the canonical form. Raises SpaceError where nothing has the name,
    UnknownNameError for an unknown granularity, primitive or set of operators, and ExpressionError
    for an operator or schema that does not parse.
    """
    members = [_member(part.strip(), name) for part in name.split("|")]
    if len(members) == 1 and members[0][1] == 1:
        return members[0][0]
    return Union(tuple(members))


def _member(text: str, name: str) -> tuple[Space, float]:
    stem = text.removesuffix(SUFFIX)
    match = _MEMBER.fullmatch(stem)
    if match is None or len(name) > 4000:
        raise SpaceError(f"unknown space '{_short(name)}'{_advice(name)}")
    weight, base, granularity, rest = match.groups()
    if granularity is not None and granularity not in GRANULARITIES:
        raise UnknownNameError("granularity", granularity, GRANULARITIES)
    try:
        number = float(weight or 1)
    except ValueError as error:
        raise SpaceError(f"'{weight}' in space '{_short(name)}' is no weight") from error
    space = _space(base, granularity or "layer", rest, name)
    return (space if stem == text else Corrected(space)), number


def _space(base: str, granularity: Granularity, rest: str, text: str) -> Space:
    numbered = _NUMBERED.fullmatch(base)
    if rest and (base in ("families", "catalog") or (numbered and numbered[1] == "mixture")):
        raise SpaceError(f"{base} has no operators to choose: leave out '{_short(rest)}'")
    if numbered and numbered[1] == "core":
        return CoreUnits(int(numbered[2]), granularity, _operators(rest, SWISH))
    if numbered and numbered[1] == "mixture":
        return Mixtures(int(numbered[2]), granularity)
    if numbered:
        return ParametricTrees(int(numbered[2]), granularity, _operators(rest, ACT_BENCH))
    suffix = "" if granularity == "layer" else f"[{granularity}]"
    if base == "families":
        texts = {name: str(family(name, granularity=granularity)) for name in FAMILIES}
        return Listed(f"families{suffix}", texts, granularity)
    if base == "catalog":
        texts = {entry.name: entry.formula for entry in CATALOG.values()}
        if granularity != "layer":
            texts = {n: str(shared(parse(text), granularity)) for n, text in texts.items()}
        return Listed(f"catalog{suffix}", texts, granularity)
    if "(" not in base:
        raise SpaceError(f"unknown space '{_short(text)}'{_advice(base)}")
    return Schema(base, granularity, _operators(rest, SWISH))


def _advice(name: str) -> str:
    """`core1` and `tree_5` want a hyphen; a word nearly right its letters; the rest the list."""
    numbered = re.fullmatch(r"([a-z]+)[ _]?([0-9]{1,3})", name, re.ASCII)
    written = f"{numbered[1]}-{numbered[2]}" if numbered else name
    number = re.search(r"[0-9]{1,3}$", written)
    kinds = [f"{kind}-{number[0]}" for kind in ("core", "tree", "mixture")] if number else []
    close = difflib.get_close_matches(written, [*kinds, "families", "catalog"], n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else f"; known: {_EXAMPLES}"


def _short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:80]}…"


def _operators(text: str, default: Operators) -> Operators:
    """The operators after the colons, from left to right."""
    operators = default
    for part in filter(None, text.split(":")):
        key, sign, value = part.partition("=")
        if not sign or key not in ("ops", "unary", "binary", "nary", "only", "without"):
            known = "ops=, unary=, binary=, nary=, only=, without="
            raise SpaceError(f"':{_short(part)}' is no option of a space; known: {known}")
        if key == "ops":
            if value not in OPERATORS:
                raise UnknownNameError("set of operators", value, OPERATORS)
            operators = OPERATORS[value]
        elif key == "only":
            operators = operators.restricted(only=_listed(value))
        elif key == "without":
            operators = operators.restricted(without=_listed(value))
        else:
            operators = replace(operators, **{key: _listed(value)}, label=None)
    return operators


def _listed(text: str) -> tuple[str, ...]:
    """The parts between the commas that are in no bracket."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return tuple(part.strip() for part in parts if part.strip())
