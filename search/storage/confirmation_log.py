"""The ledger of a confirmation: every training of a finalist, each opening of the test set.

One JSON object a line, appended and flushed, so that a kill loses at most the jobs under way and
a repeated confirmation shows what is recorded instead of opening the test set again.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import HomeUnusable
from .home import usable


@dataclass(frozen=True, slots=True)
class Retraining:
    """One function trained to the end under one recipe and seed.

    val and test are accuracies as fractions; both None, with a reason, if it diverged. hits: a
    byte for each test image, as in `CandidateReport`; None where nobody told.
    """

    recipe: str  # digest
    network: str
    seed: int
    expression: str
    val_accuracy: float | None
    test_accuracy: float | None
    learned: dict[str, tuple[float, ...]] = field(default_factory=dict)
    reason: str | None = None
    test_correct: bytes | None = None

    @property
    def key(self) -> tuple[str, int, str]:
        """What makes it the same training: recipe, seed, expression."""
        return self.recipe, self.seed, self.expression


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening of a data set's test set: when, and for what."""

    at: str  # ISO time, UTC
    finalists: tuple[str, ...]
    seeds: tuple[int, ...]
    dataset: str = "fashion-mnist"  # the only one there was when lines did not say


class ConfirmationLog:
    """The file `confirmation.jsonl` of a folder; reading an absent one gives an empty ledger."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "confirmation.jsonl"
        self.trainings: dict[tuple[str, int, str], Retraining] = {}
        self.openings: list[Opening] = []
        self._whole = 0  # bytes up to the last whole line
        self._load()

    def add(self, entries: Sequence[Retraining | Opening]) -> None:
        """Append, whole lines at once."""
        lines = [json.dumps(_stored(entry)) for entry in entries]
        data = "".join(line + "\n" for line in lines).encode()
        with usable(self._path.parent), open(self._path, "ab") as file:
            file.truncate(self._whole)  # a line torn by a kill or a full disk
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self._whole += len(data)
        for entry in entries:
            self._keep(entry)

    def _load(self) -> None:
        if not self._path.is_file():
            return
        with usable(self._path.parent):
            data = self._path.read_bytes()
        self._whole = data.rfind(b"\n") + 1
        for number, line in enumerate(data[: self._whole].splitlines(), 1):
            try:
                self._keep(_entry(json.loads(line)))
            except (ValueError, TypeError, KeyError, zlib.error) as error:
                raise HomeUnusable(
                    f"{self._path}, line {number} is damaged ({error}): restore it from a copy, "
                    f"or delete it, which forgets that the test set was opened"
                ) from error

    def _keep(self, entry: Retraining | Opening) -> None:
        if isinstance(entry, Opening):
            self.openings.append(entry)
        else:
            self.trainings[entry.key] = entry


def _stored(entry: Retraining | Opening) -> dict[str, Any]:
    """The JSON object of a line; its field names are part of the stored format."""
    if isinstance(entry, Opening):
        return {"kind": "opening", **dataclasses.asdict(entry)}
    correct = entry.test_correct
    return {
        "kind": "training",
        "recipe": entry.recipe,
        "network": entry.network,
        "seed": entry.seed,
        "expression": entry.expression,
        "val": entry.val_accuracy,
        "test": entry.test_accuracy,
        "learned": entry.learned,
        "reason": entry.reason,
        # a tenth of its length
        "hits": correct and base64.b64encode(zlib.compress(correct, 9)).decode(),
    }


def _entry(stored: Any) -> Retraining | Opening:
    if not isinstance(stored, dict):
        raise ValueError("no JSON object")
    kind = stored.pop("kind")
    if kind == "opening":
        lists = {key: tuple(stored[key]) for key in ("finalists", "seeds")}
        return Opening(**{**stored, **lists})
    if kind == "training":
        compressed = stored.pop("hits", None)
        return Retraining(
            val_accuracy=stored.pop("val"),
            test_accuracy=stored.pop("test"),
            learned={name: tuple(values) for name, values in stored.pop("learned").items()},
            test_correct=compressed
            and zlib.decompress(base64.b64decode(compressed, validate=True)),
            **stored,
        )
    raise ValueError(f"unknown kind {kind!r}")
