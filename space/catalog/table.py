"""The catalog as one table, and finding a function in it by any of its names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from ..errors import UnknownNameError
from .entry import Entry
from .gated import GATED
from .rectifiers import RECTIFIERS
from .sigmoids import SIGMOIDS
from .trainable import TRAINABLE
from .waves import WAVES
from .winners import WINNERS

GROUPS: Mapping[str, tuple[Entry, ...]] = MappingProxyType(
    {
        "rectifiers": RECTIFIERS,
        "sigmoids": SIGMOIDS,
        "gated": GATED,
        "waves": WAVES,
        "trainable": TRAINABLE,
        "winners": WINNERS,
    }
)
CATALOG: Mapping[str, Entry] = MappingProxyType(
    {entry.name: entry for group in GROUPS.values() for entry in group}
)


def find(name: str) -> Entry:
    """The entry that has this name or alias; capitals, spaces, and hyphens and underscores within
    a word do not matter.

    Raises UnknownNameError with the nearest name.
    """
    key = simplified(name)
    for entry in CATALOG.values():
        if key in map(simplified, entry.names):
            return entry
    raise UnknownNameError(
        "function", name, (n.lower() for entry in CATALOG.values() for n in entry.names)
    )


def simplified(name: str) -> str:
    """A name as it is compared: in lower case, and written together.

    Everything else stays: `relu + 6`, `-tanh` and `sin(` are formulas, or mistyped ones, and no
    names.
    """
    return re.sub(r"(?<=\w)[-_](?=\w)|\s", "", name.lower())
