"""Rules of what is set or stored, checked by pydantic, and every broken one in our words.

Loads nothing heavy: `actsearch search --help` reads the settings' defaults through here.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar, dataclass_transform

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    ValidationError,
)
from pydantic.dataclasses import dataclass
from pydantic_core import ErrorDetails, PydanticCustomError

from ...mlflow.uris import redacted

Class = TypeVar("Class")
_LISTED = 20  # mistakes in a message
_NAME = 80  # characters of a setting's name in it, which may be a stranger's
_TYPES = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a text",
}


def rule(text: str, holds: Callable[[Any], bool]) -> AfterValidator:
    """A field's rule, for `Annotated`: "must be …", and whether a value is."""

    def check(value: Any) -> Any:
        if not holds(value):
            raise PydanticCustomError("rule", "{rule}", {"rule": text})
        return value

    return AfterValidator(check)


def plain(value: Any) -> Any:
    """The int of a whole number of another kind, such as NumPy's; anything else as it is."""
    if isinstance(value, int | float | str):
        return value
    try:
        return operator.index(value)
    except TypeError:
        return value


Whole = Annotated[StrictInt, BeforeValidator(plain)]
Number = Annotated[StrictFloat, BeforeValidator(plain)]


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(dataclasses.field, Field)
)
def settings(cls: type[Class]) -> type[Class]:
    """A frozen dataclass whose constructor raises InvalidSetting with every mistake at once."""
    decorate = dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
    made: Any = decorate(cls)
    made.__init__ = invalid_settings()(made.__init__)
    return made  # type: ignore[no-any-return]


@contextmanager
def invalid_settings() -> Iterator[None]:
    """Turn pydantic's error into InvalidSetting."""
    try:
        yield
    except ValidationError as error:
        from ..errors import InvalidSetting  # which loads torch

        raise InvalidSetting(mistakes(error)) from error


def mistakes(error: ValidationError) -> str:
    """Every mistake with its setting, rule and value, on one line; of very many, the first."""
    details = error.errors(include_url=False)
    more = [f"and {len(details) - _LISTED} more"] if len(details) > _LISTED else []
    return "; ".join([*map(_mistake, details[:_LISTED]), *more])


def _mistake(details: ErrorDetails) -> str:
    name = str(details["loc"][-1])[:_NAME] if details["loc"] else ""
    kind = details["type"]
    if kind == "missing":
        return f"{name} is missing"
    if kind == "unexpected_keyword_argument":
        return f"there is no {name}"
    from ...space.printable import shown  # which loads torch

    text = details["msg"] if kind == "rule" else _TYPES.get(kind)
    if text is None:
        return f"{name}: {details['msg']}".removeprefix(": ")
    return f"{name.replace('_', ' ')} must be {text}, but got {redacted(shown(details['input']))}"
