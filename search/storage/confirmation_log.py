"""The log of a confirmation: every training of a finalist, each opening of the test set.

One JSON object a line, appended and flushed, so that a kill loses at most the jobs under way and
a repeated confirmation shows what is recorded instead of opening the test set again.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import zlib
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    TypeAdapter,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic.dataclasses import dataclass

from .stored_lines import append_to, read_lines, write_lines
from .usable import usable
from .validation import rule

IMAGES = 16_000_000  # of a test set: of a larger one nothing is recorded by image
RECORDED = 2_000_000_000  # bytes by image of all trainings, unpacked

_Fraction = Annotated[float | None, rule("from 0 to 1", lambda v: v is None or 0 <= v <= 1)]
_AS_STORED = ConfigDict(strict=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


@dataclass(frozen=True, slots=True, kw_only=True, config=_AS_STORED)
class Retraining:
    """One function trained to the end under one recipe and seed.

    val_accuracy, test_accuracy: fractions; both None, with a reason, if it diverged. test_correct:
    a byte for each test image, as in `CandidateReport`; None where that was not recorded.
    """

    kind: Literal["training"] = "training"
    recipe: str  # digest
    network: str
    seed: int
    expression: str
    val_accuracy: Annotated[_Fraction, Field(validation_alias="val", serialization_alias="val")]
    test_accuracy: Annotated[_Fraction, Field(validation_alias="test", serialization_alias="test")]
    learned: dict[str, tuple[float, ...]] = field(default_factory=dict)
    reason: str | None = None
    test_correct: Annotated[
        bytes | None, Field(validation_alias="hits", serialization_alias="hits")
    ] = None

    @field_validator("test_correct", mode="before")
    @classmethod
    def _unpacked(cls, value: Any) -> Any:
        """The bytes themselves; a line of the log holds them packed, a tenth of their length."""
        if not isinstance(value, str):
            return value
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(base64.b64decode(value, validate=True), IMAGES)
        except zlib.error as error:
            raise ValueError(str(error)) from error
        if not unpacker.eof:
            raise ValueError(f"it is cut, or has more than {IMAGES:,} bytes")
        return content

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.val_accuracy is None) != (self.test_accuracy is None):
            raise ValueError("val and test are both numbers, or null where the training diverged")
        return self

    @field_serializer("test_correct")
    def _packed(self, value: bytes | None) -> str | None:
        if value is None or len(value) > IMAGES:
            return None
        return base64.b64encode(zlib.compress(value, 9)).decode()

    @property
    def key(self) -> tuple[str, int, str]:
        """Recipe, seed and expression: where they are equal, it is the same training."""
        return self.recipe, self.seed, self.expression


@dataclass(frozen=True, slots=True, kw_only=True, config=_AS_STORED)
class Opening:
    """One opening of a data set's test set: when, and for what.

    test_set: what tells a user's own from others of the data set's name; empty where nothing does,
    as in a log of before it was recorded. trained: the seeds it was opened for, by recipe (its
    digest). openings_before, shown_before: how often that test set had been opened in the home,
    and how many functions it had been shown, each as often as it was. An older log has in place of
    these all seeds for all recipes, and how many other functions there were (functions_before).
    """

    kind: Literal["opening"] = "opening"
    at: str  # ISO time, UTC
    finalists: tuple[str, ...]
    seeds: tuple[int, ...]
    dataset: str = "fashion-mnist"  # the only one there was when lines did not say
    test_set: str = ""
    openings_before: int = 0
    shown_before: int | None = None
    functions_before: int = 0
    trained: dict[str, tuple[int, ...]] = field(default_factory=dict)
    recipes: tuple[str, ...] = ()  # digests; empty where lines did not say

    def is_for(self, recipe: str, seed: int) -> bool:
        """Whether trainings of a recipe (its digest) under a seed were tested in this opening."""
        if self.trained:
            return seed in self.trained.get(recipe, ())
        return recipe in self.recipes and seed in self.seeds


Entry = Retraining | Opening
_ENTRY: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="kind")])


class ConfirmationLog:
    """The file `confirmation.jsonl` of a folder; reading an absent one gives an empty log."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._path = folder, folder / "confirmation.jsonl"
        self.trainings: dict[tuple[str, int, str], Retraining] = {}
        self.openings: list[Opening] = []
        self._recorded = 0  # bytes by image
        advice = "delete it, which forgets that the test set was opened"
        self._whole = read_lines(self._path, _ENTRY, self._keep_bounded, advice)

    def add(self, entries: Sequence[Entry]) -> None:
        """Append, whole lines at once."""
        entries = [self._within_bound(entry) for entry in entries]
        lines = [json.dumps(_stored(entry)) for entry in entries]
        data = "".join(line + "\n" for line in lines).encode()
        with usable(self._path.parent), append_to(self._path) as file:
            write_lines(file, self._whole, data)
        self._whole += len(data)
        for entry in entries:
            self._keep(entry)

    def _within_bound(self, entry: Entry) -> Entry:
        """An entry as it is stored: without its bytes by image where no reader would take them."""
        if not isinstance(entry, Retraining) or entry.test_correct is None:
            return entry
        if self._recorded + len(entry.test_correct) > RECORDED:
            return dataclasses.replace(entry, test_correct=None)
        self._recorded += len(entry.test_correct)
        return entry

    def _keep_bounded(self, entry: Entry) -> None:
        """Keep a stored entry; raises ValueError where packed ones unpack to more than fits."""
        if isinstance(entry, Retraining):
            self._recorded += len(entry.test_correct or b"")
        if self._recorded > RECORDED:
            raise ValueError(f"the trainings so far record more than {RECORDED:,} images")
        self._keep(entry)

    def _keep(self, entry: Entry) -> None:
        if isinstance(entry, Opening):
            self.openings.append(entry)
        else:
            self.trainings[entry.key] = entry


def _stored(entry: Entry) -> dict[str, Any]:
    """A line's fields; what the first lines did not say is left out where it is not known."""
    fields: dict[str, Any] = _ENTRY.dump_python(entry, by_alias=True)
    for name in ("test_set", "openings_before", "functions_before", "trained", "recipes"):
        if not fields.get(name, True):
            del fields[name]
    if fields.get("shown_before", 0) is None:
        del fields["shown_before"]
    return fields
