"""The fingerprints by version: a search goes on under the one it was begun with."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import SpaceError
from ..expressions.expression import Expression
from .fingerprint import Fingerprint, fingerprint
from .first_fingerprint import first_fingerprint

FINGERPRINTS: dict[int, Callable[[Expression], Fingerprint]] = {
    1: first_fingerprint,
    2: fingerprint,
}


def fingerprint_of_version(version: int) -> Callable[[Expression], Fingerprint]:
    """The function of a version; raises SpaceError for one that this actsearch does not know."""
    if version not in FINGERPRINTS:
        raise SpaceError(
            f"the search tells candidates apart by fingerprints of version {version}, but this "
            f"actsearch knows {' and '.join(map(str, FINGERPRINTS))}: go on with the version that "
            f"began it, or start a new search (leaderboard, export and sync work all the same)"
        )
    return FINGERPRINTS[version]
