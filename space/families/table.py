"""The families by name, and the one call that builds any of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from ..errors import UnknownNameError
from ..expressions.expression import Expression, Granularity
from ..expressions.parser import MAX_LENGTH
from .bases import BASES
from .compositions import COMPOSITIONS
from .formulas import FORMULAS
from .hinges import HINGES
from .rational import RATIONALS
from .schema import (
    Family,
    FitError,
    Fitted,
    check_granularity,
    shared,
)

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {f.name: f for f in (*FORMULAS, *RATIONALS, *BASES, *HINGES, *COMPOSITIONS)}
)


def family(name: str, *, granularity: Granularity = "layer", **config: Any) -> Expression:
    """The candidate of a configured family: `family("rational", start="gelu", degree=(5, 4))`.

    `config` are options of the family (`FAMILIES[name].options` has their bounds), `granularity`
    that of all its parameters. Raises UnknownNameError for a name or option that does not exist,
    CandidateError for a value outside its bounds, and FitError where the family cannot start as
    asked. Sources: `FAMILIES[name].source`.
    """
    return fitted(name, granularity=granularity, **config).expression


def fitted(name: str, *, granularity: Granularity = "layer", **config: Any) -> Fitted:
    """The candidate of `family`, with the errors of its start; raises what `family` does."""
    if name not in FAMILIES:
        raise UnknownNameError("family", name, FAMILIES)
    check_granularity(granularity)
    checked = FAMILIES[name].config(config)
    return _built(name, granularity, tuple(checked.items()))


@lru_cache(maxsize=1024)  # a fit takes up to 0.2 s, and a space asks for the same one again
def _built(name: str, granularity: Granularity, config: tuple[tuple[str, Any], ...]) -> Fitted:
    built = FAMILIES[name].build(dict(config))
    expression = shared(built.expression, granularity)
    length = len(str(expression))
    if length > MAX_LENGTH:
        raise FitError(
            f"this {name} has {length} characters, more than the {MAX_LENGTH} of an expression; "
            f"take fewer terms"
        )
    return Fitted(expression, built.start, built.core_error, built.max_error)
