"""config.json of a search's folder: what it was begun with, and how it was last run."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

from pydantic import ConfigDict, Field, StrictStr, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from .config import RunSettings, SearchConfig
from .usable import usable
from .validation import Whole, invalid_settings, mistakes, rule

SCHEMA = 1  # of the folder; raised when an older version could no longer read it
FINGERPRINT_VERSION = 2  # of a new search (actsearch.space's newest); a file without one has 1
NOVELTY_VERSION = 3  # of the rule by which candidates are no finalists; a file without one has 1
SIZE = 1024 * 1024  # bytes of a config.json; it has some 2,000


def _is_id(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{0,32}", text) is not None


@dataclass(
    frozen=True,
    slots=True,
    config=ConfigDict(validate_by_name=True, validate_by_alias=True),
)
class SearchFile:
    """A search's config.json: its configuration, how it was last run, and for its life the version
    of the fingerprints that tell its candidates apart, and of the rule of what is no finalist (1:
    what has a baseline's fingerprint; 2: what cannot be told from one; 3: nor from its mirror
    images, where the networks train them alike); and an id, by which an MLflow server knows it
    from others of its name (empty for one begun before there were ids)."""

    config: SearchConfig
    settings: Annotated[
        RunSettings, Field(validation_alias="launch", serialization_alias="launch")
    ]
    fingerprints: Annotated[Whole, rule("at least 1", lambda version: version >= 1)] = 1
    novelty: Annotated[
        Whole, rule("1, 2 or 3", lambda version: 1 <= version <= NOVELTY_VERSION)
    ] = NOVELTY_VERSION
    id: Annotated[StrictStr, rule("hexadecimal digits", _is_id)] = ""

    @staticmethod
    def of(config: Mapping[str, Any], settings: Mapping[str, Any]) -> SearchFile:
        """From the settings by name; raises InvalidSetting with every mistake in them."""
        with invalid_settings():
            return _FILE.validate_python(
                {
                    "config": dict(config),
                    "launch": dict(settings),
                    "fingerprints": FINGERPRINT_VERSION,
                    "id": uuid4().hex,
                }
            )

    def save(self, folder: Path) -> None:
        """Write config.json whole or not at all: it is what makes the folder a search."""
        with self.saving(folder):
            pass

    @contextmanager
    def saving(self, folder: Path) -> Iterator[None]:
        """Have config.json written, and put in place at the end of the block if nothing fails."""
        content = {"schema": SCHEMA, **_FILE.dump_python(self, by_alias=True)}
        partial = folder / "config.json.partial"
        with usable(folder):
            partial.unlink(missing_ok=True)  # of a kill, or a symbolic link
            with partial.open("x", encoding="utf-8") as file:
                file.write(json.dumps(content, indent=2) + "\n")
        try:
            yield
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        with usable(folder):
            os.replace(partial, folder / "config.json")

    @staticmethod
    def load(folder: Path) -> SearchFile:
        """The file of a search's folder; raises InvalidSetting if it cannot be read."""
        from ...space.bounded_input import from_json, read_bounded
        from ...space.errors import ActsearchError
        from ...space.printable import shown
        from ..errors import InvalidSetting

        path = folder / "config.json"
        try:
            stored = from_json(read_bounded(path, SIZE))
            schema = stored.get("schema") if isinstance(stored, dict) else None
            if not isinstance(schema, int):
                raise ValueError("it does not say its format")
            if schema == SCHEMA:
                if isinstance(config := stored.get("config"), dict):
                    config.setdefault("asynchronous", True)  # as all were before there was a lag
                stored.setdefault("novelty", 1)
                file = _FILE.validate_python(stored)
                # The folder carries the name, also where it was copied or has another one now.
                renamed = dataclasses.replace(file.config, name=folder.name)
                return dataclasses.replace(file, config=renamed)
        except (OSError, ValueError, ActsearchError) as error:  # of recipes and settings, too
            reason = mistakes(error) if isinstance(error, ValidationError) else error
            raise InvalidSetting(
                f"{path} is damaged ({reason}): restore it from a copy"
            ) from error
        raise InvalidSetting(
            f"{path} has format {shown(schema)}, but this version reads {SCHEMA}: use the version "
            f"that wrote it, or start a new search"
        )


_FILE = TypeAdapter(SearchFile)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise InvalidSetting with every mistake in numbers and words among the settings of a search.

    What a name leads to (a recipe, a space, a prior, an evaluator) is for `Search` to say, which
    loads it.
    """
    named = {"name", "space", "strategy", "recipe", "second", "evaluator", "prior"}
    config = {"name": "", "second": None, "evaluator": ""}
    run = {field.name for field in dataclasses.fields(RunSettings)}
    config_fields = {field.name for field in dataclasses.fields(SearchConfig)} - named
    SearchFile.of(
        config | {key: value for key, value in settings.items() if key in config_fields},
        {key: value for key, value in settings.items() if key in run},
    )
