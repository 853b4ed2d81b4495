"""Which candidates of several searches are the same function, however each wrote it."""

from __future__ import annotations

from ...space import ExpressionError, FingerprintIndex, fingerprint_of_version
from ...space.expressions.parser import parse_stored


class FirstTexts:
    """Functions by the text that each first came in.

    fingerprints: the version by which functions are told apart, as in config.json.
    """

    def __init__(self, fingerprints: int) -> None:
        self._fingerprint = fingerprint_of_version(fingerprints)
        self._index = FingerprintIndex()
        self._first: dict[str, str] = {}  # text -> the first of its function
        self._texts: list[str] = []

    def of(self, text: str) -> str:
        """The first text of the same function; itself where there was none."""
        if text not in self._first:
            self._first[text] = self._first_of(text)
        return self._first[text]

    def _first_of(self, text: str) -> str:
        try:
            values = self._fingerprint(parse_stored(text))
        except ExpressionError:  # of a version that this one does not read: like no other text
            return text
        earlier = self._index.find(values)
        if earlier is not None:
            return self._texts[earlier]
        self._index.add(values, len(self._texts))
        self._texts.append(text)
        return text
