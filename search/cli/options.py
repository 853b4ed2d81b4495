"""Option types and groups that several verbs share."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import re
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..storage import durations
from .completers import complete, data_sets, recipes

# Verbs that read or write a home's searches.
_OF_A_HOME = (
    "search", "submit", "status", "stop", "log", "leaderboard", "confirm", "export", "sync",
    "delete", "ui", "fetch", "gallery",
)  # fmt: skip
_DEFAULT = "{default}"  # stands in a help text for the default of a setting


def duration(text: str) -> float:
    """Seconds of `90`, `90s`, `10m`, `1.5h` or `2d`."""
    seconds = durations.seconds(text)
    if seconds is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no time: write 90s, 10m, 1.5h or 2d")
    return seconds


def positive(text: str) -> int:
    """A whole number of at least 1."""
    if not re.fullmatch(r"\+?0*[1-9][0-9]{0,8}", text.strip()):
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number of at least 1")
    return int(text)


def settings_of(path: str) -> dict[str, Any]:
    """The settings in a TOML file; raises InvalidSetting if it cannot be read, UnknownNameError
    for a setting that there is not."""
    from ...space.bounded_input import toml_file
    from ..errors import InvalidSetting
    from ..storage.config import check_names

    try:
        settings = toml_file(Path(path))
        for limit in ("time_limit", "rung_limit"):
            if isinstance(settings.get(limit), str):
                settings[limit] = duration(settings[limit])
    except (OSError, ValueError, argparse.ArgumentTypeError) as error:
        raise InvalidSetting(f"--config {path} cannot be read: {error}") from error
    check_names(settings)
    return settings


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Help that keeps the line breaks of a verb's docstring and looks the settings' defaults up.

    They are looked up when help is printed, not with every start: that loads pydantic.
    """

    def _get_help_string(self, action: argparse.Action) -> str | None:
        text = super()._get_help_string(action)
        if text is None or _DEFAULT not in text:
            return text
        return text.replace(_DEFAULT, str(_default_of(action.dest)))


def _default_of(setting: str) -> object:
    """The default of a field of SearchConfig or RunSettings."""
    from ..storage.config import RunSettings, SearchConfig

    fields = (*dataclasses.fields(SearchConfig), *dataclasses.fields(RunSettings))
    return next(field.default for field in fields if field.name == setting)


def add_setting(
    parser: argparse._ActionsContainer, flag: str, *, help: str, **options: Any
) -> argparse.Action:
    """An option whose name is a field of SearchConfig or RunSettings; its help ends with the
    field's default."""
    return parser.add_argument(flag, help=f"{help} (default {_DEFAULT})", **options)


def without_defaults(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The parser with help texts as a shell shows them beside a completion, where nothing fills
    in the defaults."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb in action.choices.values():
                without_defaults(verb)
        elif action.help:
            action.help = re.sub(
                r"[ ;,]*\(?default (\{default\}|%\(default\)\S+)\)?$", "", action.help
            )
    return parser


def workers(text: str) -> int | str:
    """A number of workers, or auto."""
    if text == "auto":
        return text
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a whole number nor auto") from None


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Where trainings run."""
    group = parser.add_argument_group("workers")
    add_setting(
        group,
        "--workers",
        type=workers,
        metavar="N",
        help="trainings at a time; above 1 on Ray; auto: as many as there is room for",
    )
    group.add_argument(
        "--gpus-per-worker", type=float, metavar="F", help="share of a GPU each, e.g. 0.5"
    )
    group.add_argument("--ray-address", metavar="A", help="use this Ray cluster, e.g. auto")
    group.add_argument(
        "--rung-limit",
        type=duration,
        metavar="T",
        help="a training that does not reach its next rung in so long has failed: 90s, 10m, 2h",
    )


def add_evaluator(parser: argparse._ActionsContainer) -> None:
    """The evaluator of the user's own."""
    parser.add_argument(
        "--evaluator",
        metavar="MODULE:NAME",
        help="your own: a class without arguments, or a function, in a module of this directory "
        "or an installed one (docs/own_network.md)",
    )


def add_other_trainings(group: argparse._ActionsContainer) -> None:
    """The network and the data set that finalists are also trained on."""
    complete(
        group.add_argument(
            "--second",
            metavar="RECIPE",
            help="the other network (default conv), by name or TOML file",
        ),
        recipes,
    )
    complete(
        group.add_argument(
            "--also-on", metavar="DATASET", help="another data set: mnist, kmnist, cifar10, …"
        ),
        data_sets,
    )


def home_flag(options: argparse.Namespace) -> str:
    """The --home of a command line, for another that is about the same home."""
    typed = options.home and "home" not in getattr(options, "project", ())
    return f" --home {shlex.quote(options.home)}" if typed else ""


def with_home(text: str, options: argparse.Namespace) -> str:
    """A message with that flag in the commands of ours that it advises, in `backquotes`."""
    flag = home_flag(options)

    def complete(command: re.Match[str]) -> str:
        words = command[1]
        return command[0] if "--home" in words.split() else f"`{words}{flag}`"

    return re.sub(rf"`(actsearch (?:{'|'.join(_OF_A_HOME)})(?: [^`]*)?)`", complete, text)


def check_picture(name: str | None) -> None:
    """Refuse a bad name of a picture before the seconds that the verb takes."""
    from ...space import ActsearchError

    if name is None:
        return
    if Path(name).suffix not in (".png", ".svg"):
        raise ActsearchError(f"a plot is written as .png or .svg, but got '{name}'")
    if not Path(name).resolve().parent.is_dir():
        raise ActsearchError(f"there is no folder for '{name}': make it first")


def terminal_width() -> int | None:
    """Characters of a line on stdout's terminal, to fit tables to; None where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def print_json(value: Any) -> None:
    """One JSON document on stdout; what is no finite number, which JSON does not know, is null."""
    json.dump(_finite(value), sys.stdout, indent=2, allow_nan=False)
    print()


def _finite(value: Any) -> Any:
    """The same value with null for each number that is infinite or none."""
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_url(url: str, options: argparse.Namespace) -> None:
    """The address of a server, with --json as a document; at once, for who waits at a pipe."""
    if options.json:
        print_json({"url": url})
    else:
        print(url)
    sys.stdout.flush()


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM stop as cleanly as Ctrl-C does, for `timeout`, schedulers and containers."""

    def stop(*_: object) -> None:
        # Shells have background jobs ignore Ctrl-C (`nohup actsearch search &`), and this with it.
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
