"""A table: the scores of many candidates under one recipe, in one text file.

The first line says what it is about, each other line has a candidate's canonical text and, by
seed, how many validation images were right after each rung:

    {"expression": "sigmoid(x) * x", "correct": {"0": [8123, 8456], "1": [8101, 8460]}}

A seed's list is shorter where training stopped early (at chance), and ends with null where it
diverged.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ...space import ActsearchError
from ...space.bounded_input import from_json, read_bounded
from ...space.expressions.numerics import NUMERICS
from ...space.printable import shown
from ..recipes.recipe import Recipe

SCHEMA = 1  # of the file
LICENCE = "CC0-1.0"
SIZE = 64 * 1024 * 1024  # bytes of a file at most; the largest shipped has 1 MB

Curve = tuple[int | None, ...]  # right validation images after each rung
Curves = Mapping[int, Curve]  # by seed


class TableError(ActsearchError):
    """Raised for a table that cannot be read, is damaged, or is of another version."""


class _Header(BaseModel):
    """The first line of a file."""

    model_config = ConfigDict(strict=True, extra="forbid")

    schema_: int = Field(alias="schema")
    name: str
    space: str
    recipe: dict[str, Any]
    digest: str
    fingerprints: int
    numerics: int
    candidates: int
    machine: str
    versions: dict[str, str]
    licence: str
    command: str
    sha256: str


class _Row(BaseModel):
    """Each other line."""

    model_config = ConfigDict(strict=True, extra="forbid")

    expression: str
    correct: dict[str, list[Annotated[int, Field(ge=0)] | None]]


_HEADER, _ROW = TypeAdapter(_Header), TypeAdapter(_Row)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTable:
    """The scores of candidates of a space under a recipe.

    rows: canonical text -> seed -> right validation images after each rung. candidates: how many
    a whole table has. fingerprints: the version by which they are distinct. machine, versions and
    command: what made it.
    """

    name: str
    space: str
    recipe: Recipe
    rows: Mapping[str, Curves]
    candidates: int
    fingerprints: int
    machine: str
    versions: Mapping[str, str]
    command: str
    licence: str = LICENCE

    @property
    def is_whole(self) -> bool:
        """Whether every candidate has a score."""
        return len(self.rows) >= self.candidates

    def accuracy(self, expression: str, seed: int) -> float | None:
        """The validation accuracy (a fraction) where training ended; None where it diverged."""
        last = self.rows[expression][seed][-1]
        return None if last is None else last / self.recipe.validation

    @property
    def shared_seeds(self) -> list[int]:
        """The seeds that every candidate has a score under, in order."""
        if not self.rows:
            return []
        return sorted(set.intersection(*(set(curves) for curves in self.rows.values())))

    @property
    def checksum(self) -> str:
        """Eight hex digits of the scores: another one, and they have changed."""
        return _checksum(self._lines())[:8]

    def _lines(self) -> list[str]:
        return [
            json.dumps({"expression": text, "correct": {str(s): c for s, c in curves.items()}})
            for text, curves in self.rows.items()
        ]

    def save(self, path: Path) -> None:
        """Write the file whole or not at all."""
        lines = self._lines()
        header = {
            "schema": SCHEMA,
            "name": self.name,
            "space": self.space,
            "recipe": self.recipe.to_dict(),
            "digest": self.recipe.digest,
            "fingerprints": self.fingerprints,
            "numerics": NUMERICS,
            "candidates": self.candidates,
            "machine": self.machine,
            "versions": dict(self.versions),
            "licence": self.licence,
            "command": self.command,
            "sha256": _checksum(lines),
        }
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text("\n".join([json.dumps(header), *lines]) + "\n", encoding="utf-8")
        os.replace(partial, path)


def read_table(path: Path) -> ScoreTable:
    """The table in a file; raises TableError, with what is wrong and what to do."""
    try:
        first, *lines = read_bounded(path, SIZE).decode("utf-8").splitlines() or [""]
        header = _header(path, first)
        if _checksum(lines) != header.sha256:
            raise TableError(
                f"table {path} is damaged: its checksum is not that of its {len(lines)} rows; "
                f"take it from a copy, or make it again with: {header.command}"
            )
        rows = [_ROW.validate_json(line) for line in lines]
        recipe = Recipe.from_dict(header.recipe)
    except (OSError, UnicodeDecodeError, ValidationError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise TableError(f"table {path} cannot be read: {reason}") from error
    if recipe.digest != header.digest:
        raise TableError(
            f"table {path} has scores of recipe {header.digest}, but its numbers now make "
            f"{recipe.digest}: this actsearch reads the recipe in another way; make the table "
            f"again with: {header.command}"
        )
    return ScoreTable(
        name=header.name,
        space=header.space,
        recipe=recipe,
        rows={row.expression: {int(s): tuple(c) for s, c in row.correct.items()} for row in rows},
        candidates=header.candidates,
        fingerprints=header.fingerprints,
        machine=header.machine,
        versions=header.versions,
        command=header.command,
        licence=header.licence,
    )


def _header(path: Path, line: str) -> _Header:
    """The first line; other versions are refused before anything else of it is looked at."""
    content = from_json(line.encode())
    if not isinstance(content, dict) or "schema" not in content:
        raise TableError(f"{path} is no table: its first line must be an object with a schema")
    ours = {"schema": SCHEMA, "numerics": NUMERICS}
    for name, version in ours.items():
        if content.get(name) != version:
            raise TableError(
                f"table {path} has {name} {shown(content.get(name))}, but this actsearch reads "
                f"{name} {version}: take the table that came with it, or make it again"
            )
    return _HEADER.validate_python(content)


def _checksum(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
