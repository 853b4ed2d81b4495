"""Names of searches: each names a folder and an MLflow experiment."""

from __future__ import annotations

import re

from ..errors import InvalidSetting

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def can_be_name(text: str) -> bool:
    """Whether a text can name a folder and an MLflow experiment."""
    return _NAME.fullmatch(text) is not None


def name_to_resume(name: str | None) -> str:
    """The name of a search to go on with; raises InvalidSetting without one."""
    if name is None:
        raise InvalidSetting(
            "--resume needs the --name of the search; `actsearch leaderboard` lists them"
        )
    return name


def check_name(name: str) -> None:
    """Raise InvalidSetting unless it can be a search's name."""
    if not can_be_name(name):
        raise InvalidSetting(
            f"a search name is 1 to 64 letters, digits, '.', '_' or '-', starting with a letter "
            f"or digit, but got '{name}'"
        )
