"""actsearch.toml: a project's defaults for the flags of the verbs.

    home = "results"            # of every verb that has the flag; relative to the file's folder
    workers = 2
    [search]                    # of one verb: before those above
    candidates = 200
    time_limit = "2h"

It is looked for in the working directory and the folders above it, up to the root of the
repository; outside of one, in the working directory alone. A flag beats it, and so do `--config`
and ACTSEARCH_HOME.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .options import duration, positive, workers

NAME = "actsearch.toml"

# Flags about one run or one result, which a project cannot have a default for; by dest.
ONCE = {
    "at", "compare", "config", "folder", "follow", "help", "here", "list", "name", "only",
    "output", "pack", "plot", "resume", "skip", "submit", "surface", "trial", "yes",
}  # fmt: skip
PATHS = {"home"}  # relative to the file's folder, …
PATHS_OR_NAMES = {"recipe", "second"}  # … and these where they end in .toml
_RULES = {
    int: "a whole number",
    positive: "a whole number of at least 1",
    float: "a number",
    duration: "a number of seconds, or a text like 90s, 10m, 1.5h",
    workers: "a whole number, or auto",
}

Parsers = Mapping[str, argparse.ArgumentParser]  # of the verbs, by name
Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """The defaults of a file: those of every verb, and by verb; dest to value."""

    path: Path
    common: Table
    by_verb: Mapping[str, Table]

    def defaults(self, verb: str, parser: argparse.ArgumentParser) -> dict[str, Any]:
        """Defaults of one verb, by dest."""
        verbs = ("search", verb) if verb == "submit" else (verb,)  # which takes what search does
        defaults = dict(self.common)
        for name in verbs:
            defaults |= self.by_verb.get(name, {})
        if os.environ.get("ACTSEARCH_HOME"):
            defaults.pop("home", None)
        return {
            action.dest: defaults[action.dest]
            for action in _actions(parser)
            if action.dest in defaults
            # a switch that is off is as it would be anyway
            if action.nargs != 0 or defaults[action.dest] == action.const
        }


def find(start: Path | None = None) -> Path | None:
    """The file that holds for a directory, the working one by default; None where there is
    none. Raises HomeUnusable where that directory was removed, in which torch cannot be loaded."""
    from ..errors import HomeUnusable

    try:
        here = (start or Path.cwd()).absolute()
    except FileNotFoundError as error:
        raise HomeUnusable(
            "the working directory was removed: go to one that is there, and type it again"
        ) from error
    folders = [here, *here.parents]
    root = next((i for i, folder in enumerate(folders) if (folder / ".git").exists()), 0)
    files = (folder / NAME for folder in folders[: root + 1])
    return next((file for file in files if file.is_file()), None)


def read(path: Path, parsers: Parsers) -> ProjectFile:
    """The file, checked whole. Raises InvalidSetting with the file, the key and its rule, and
    UnknownNameError's advice for a key that there is not."""
    content = _content(path)
    common: dict[str, Any] = {}
    by_verb: dict[str, dict[str, Any]] = {}
    every = {a.dest: a for parser in parsers.values() for a in _actions(parser)}
    for key, value in content.items():
        if not isinstance(value, dict):
            known = {*every, *parsers}
            common |= _checked(path, key, value, every, known, "no verb has the flag")
        elif key in parsers:
            actions = {action.dest: action for action in _actions(parsers[key])}
            by_verb[key] = {}
            for name, inner in value.items():
                by_verb[key] |= _checked(
                    path, name, inner, actions, set(actions), f"[{key}] has no flag"
                )
        else:
            raise _unknown(path, f"there is no verb [{key}]", key, set(parsers))
    return ProjectFile(path, common, by_verb)


def home_in(path: Path) -> str | None:
    """The home that a file names; None where it names none, or cannot be read."""
    from ...space import ActsearchError

    try:
        home = _content(path).get("home")
    except ActsearchError:
        return None
    return str(_beside(path, home)) if isinstance(home, str) else None


def _beside(path: Path, text: str) -> Path:
    """A path that a file names, from the file's folder; ~ is the user's."""
    return path.parent / os.path.expanduser(text)


def fill_in(
    options: argparse.Namespace,
    parser: argparse.ArgumentParser,
    arguments: list[str],
    project: ProjectFile,
) -> None:
    """Give the options that were not typed the project's defaults; `options.project` has them.

    parser: the verb's; arguments: what was typed after the verb.
    """
    defaults = project.defaults(options.verb, parser)
    typed = _typed(parser, arguments)
    options.project = {dest: v for dest, v in defaults.items() if dest not in typed}
    for dest, value in options.project.items():
        setattr(options, dest, value)


def note(project: ProjectFile, verb: str, parser: argparse.ArgumentParser) -> str:
    """A line of `--help` about the defaults that hold here."""
    defaults = project.defaults(verb, parser)
    listed = ", ".join(f"{dest} = {value}" for dest, value in defaults.items())
    return f"defaults of {project.path}: {listed or 'none of this verb'}"


def _typed(parser: argparse.ArgumentParser, arguments: list[str]) -> set[str]:
    """The dests that a command line sets by itself."""
    before = {action: action.default for action in parser._actions}
    for action in before:
        action.default = argparse.SUPPRESS
    try:
        return set(vars(parser.parse_args(arguments)))
    finally:
        for action, default in before.items():
            action.default = default


def _content(path: Path) -> dict[str, Any]:
    from ...space.bounded_input import toml_file
    from ..errors import InvalidSetting

    try:
        return toml_file(path)
    except (OSError, ValueError) as error:
        raise InvalidSetting(f"{path} cannot be read: {error}") from error


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The flags that a project may have a default for."""
    for action in parser._actions:
        if action.option_strings and action.dest not in ONCE:
            yield action


def _checked(
    path: Path,
    key: str,
    value: Any,
    actions: Mapping[str, argparse.Action],
    known: set[str],
    rule: str,
) -> dict[str, Any]:
    """The value by its flag's dest, of the type that the flag gives; a key may have dashes."""
    dest = key.replace("-", "_")
    if dest in ONCE:
        from ..errors import InvalidSetting

        raise InvalidSetting(
            f"{path}: {key} is about one run and has no default: say it with each command"
        )
    if dest not in actions:
        raise _unknown(path, f"{rule} {key}", dest, known)
    return {dest: _converted(path, key, value, actions[dest])}


def _unknown(path: Path, rule: str, name: str, known: set[str]) -> Exception:
    from ...space.errors import nearest
    from ..errors import InvalidSetting

    return InvalidSetting(f"{path}: {rule}{nearest(name[:80], known)}")


def _converted(path: Path, key: str, value: Any, action: argparse.Action) -> Any:
    """A TOML value as the flag's own. Raises InvalidSetting with the rule that it breaks."""
    from ...space.printable import shown
    from ..errors import InvalidSetting

    rule, converted = _value(value, action)
    if converted is None:
        raise InvalidSetting(f"{path}: {key} must be {rule}, but got {shown(value)}")
    if action.dest in PATHS:
        return str(_beside(path, converted))
    if action.dest in PATHS_OR_NAMES and converted.endswith(".toml"):
        # From here, as it would be typed: a cluster gets the files of this directory.
        return os.path.relpath(_beside(path, converted))
    return converted


def _value(value: Any, action: argparse.Action) -> tuple[str, Any]:
    """The rule of a flag's values, and the value if it keeps it, else None."""
    if action.nargs == 0:
        return "true or false", value if isinstance(value, bool) else None
    if action.nargs == "+" or isinstance(action, argparse._AppendAction):
        values = [value] if isinstance(value, str) else value
        fits = isinstance(values, list) and values and all(isinstance(v, str) for v in values)
        return "a text, or a list of them", values if fits else None
    if action.type is None:
        return "a text", value if isinstance(value, str) else None
    rule = _RULES[action.type]  # a flag's type is one of these: a test
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    may_be_text = action.type in (duration, workers) and isinstance(value, str)
    if not (is_number or may_be_text):
        return rule, None
    try:
        return rule, action.type(str(value))  # type: ignore[operator]
    except (ValueError, argparse.ArgumentTypeError):
        return rule, None
