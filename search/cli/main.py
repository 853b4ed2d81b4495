"""The command line: one verb, one file; results on stdout, everything else on stderr.

A verb is a file of this folder, named as the verb: its docstring is the help, ORDER its place
there, `add_arguments` and `run` the rest.
"""

from __future__ import annotations

import argparse
import difflib
import io
import logging
import os
import pkgutil
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, Protocol, TextIO, cast

from ...mlflow.uris import redacted
from ..dropped_interrupts import raised_again
from . import project_file
from .formulas import is_formula
from .interrupts import STOPPED as STOPPED
from .interrupts import ended_by_interrupt
from .options import HelpFormatter, with_home, without_defaults
from .streams import is_written


class Verb(Protocol):
    """A file of this folder that is a verb."""

    ORDER: int
    __doc__: str | None

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None: ...

    @staticmethod
    def run(options: argparse.Namespace) -> int: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit status: 0, 1 for an error, 2 for usage, 130 for Ctrl-C."""
    with ended_by_interrupt():
        verbs = all_verbs()
        parser = parser_of(verbs)
    if "_ARGCOMPLETE" in os.environ:  # a shell asks for completions, as `completion` has it do
        import argcomplete

        argcomplete.autocomplete(without_defaults(parser), always_complete_options=False)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that has no β gets a ? for it
        sys.stdout.reconfigure(errors="replace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = parser.parse_args(words)
    except SystemExit as end:  # after --help and --version, and for a mistake
        raise end if is_written() else SystemExit(1) from None
    except OSError:
        is_written("\n")
        return 1
    lines = _ToStderr()
    form = "%(levelname)s %(name)s: %(message)s" if options.debug else "%(message)s"
    lines.setFormatter(_Shown(options, form))
    logging.basicConfig(
        level=logging.DEBUG if options.debug else logging.WARNING, handlers=[lines]
    )
    for noisy in ("ray", "mlflow", "alembic", "matplotlib", "git", "sqlalchemy", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if not options.debug:
        # Ctrl-C in the midst of a query is told with a traceback; what fails there is raised too.
        logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    try:
        _fill_in(options, parser, words)
        with raised_again():
            status = verbs[options.verb].run(options)
        return status if is_written() else 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED
    except OSError as error:
        # Of a text that stdout did not take, nothing may be left to be written again: try more.
        # The error of a file names it.
        more = "" if error.filename else "\n"
        return _explain(error, options) if is_written(more) else 1
    except Exception as error:
        return _explain(error, options)


def _fill_in(options: argparse.Namespace, parser: _Parser, words: Sequence[str]) -> None:
    """Give what was not typed the defaults of the project's actsearch.toml, if there is one."""
    options.project = {}
    path = project_file.find()
    if path is None:
        return
    after_verb = list(words[words.index(options.verb) + 1 :])  # no flag of ours is before it
    project = project_file.read(path, parser.verbs)
    project_file.fill_in(options, parser.verbs[options.verb], after_verb, project)


def all_verbs() -> Mapping[str, Verb]:
    """The verbs by name, in the order of --help."""
    files = pkgutil.iter_modules([str(Path(__file__).parent)])
    modules = {f.name: import_module(f".{f.name}", __package__) for f in files if f.name[0] != "_"}
    verbs = [(name, cast(Verb, m)) for name, m in modules.items() if hasattr(m, "ORDER")]
    return dict(sorted(verbs, key=lambda verb: verb[1].ORDER))


def parser_of(verbs: Mapping[str, Verb]) -> _Parser:
    """The parser of the command line, with those of its verbs."""
    parser = _Parser(
        prog="actsearch",
        description="Find activation functions: search, browse, confirm, export.",
        epilog="First steps: `actsearch search --name mine`, then `actsearch ui mine`.",
    )
    parser.add_argument("--version", action=_Version)
    parsers = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    common = _Parser(add_help=False)
    group = common.add_argument_group("everywhere")
    group.add_argument("--home", metavar="DIR", help="where searches are kept (ACTSEARCH_HOME)")
    group.add_argument("--json", action="store_true", help="machine-readable results on stdout")
    group.add_argument("--debug", action="store_true", help="log everything, show tracebacks")
    for name, verb in verbs.items():
        summary, _, rest = (verb.__doc__ or "").partition("\n")
        parser.verbs[name] = parsers.add_parser(
            name,
            parents=[common],
            help=summary.rstrip("."),
            description=summary,
            epilog=rest.strip(),
            formatter_class=HelpFormatter,
        )
        parser.verbs[name].verbs = parser.verbs
        verb.add_arguments(parser.verbs[name])
    return parser


def _explain(error: Exception, options: argparse.Namespace) -> int:
    """An expected error as its message; anything else is a bug and is shown whole."""
    from ...space.errors import ActsearchError
    from ...space.printable import printable

    if not isinstance(error, ActsearchError):
        print(redacted(traceback.format_exc()), end="", file=sys.stderr)
        return 1
    if options.debug:
        print(redacted(traceback.format_exc()), end="", file=sys.stderr)
        print(redacted(getattr(error, "traceback", "")), file=sys.stderr)
    message = with_home(redacted(str(error)), options)
    print(printable(f"actsearch: {message}"), file=sys.stderr)
    return 1


class _ToStderr(logging.StreamHandler[TextIO]):
    """Logs to what is stderr at the time: a live view puts lines above itself there."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _Shown(logging.Formatter):
    """A log's lines, tracebacks among them, without secrets of libraries or escape sequences, and
    with the home that was typed in the commands that they advise."""

    def __init__(self, options: argparse.Namespace, form: str) -> None:
        super().__init__(form)
        self._options = options

    def format(self, record: logging.LogRecord) -> str:
        from ...space.printable import printable

        return printable(with_home(redacted(super().format(record)), self._options))


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command in one line, with the nearest right word; its help ends
    with the defaults that the project has.

    verbs: the parsers of all verbs, by name.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.verbs: dict[str, _Parser] = {}

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """A value; an empty one, as of a shell's variable that is not set, is none."""
        if action.option_strings and not arg_string:
            raise argparse.ArgumentError(action, "it is empty: say which, or leave it out")
        return super()._get_value(action, arg_string)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print, and raise where that fails, which argparse passes over."""
        (file or sys.stderr).write(message)

    def format_help(self) -> str:
        return f"{super().format_help()}\n{self._defaults_text()}\n"

    def _defaults_text(self) -> str:
        from ...space.errors import ActsearchError

        try:
            path = project_file.find()
            if path is None:
                return (
                    f"defaults of flags may stand in {project_file.NAME}, here or above, up to "
                    f"the repository's root"
                )
            verb = self.prog.split()[-1]
            if verb not in self.verbs:
                return f"defaults of flags stand in {path}"
            return project_file.note(project_file.read(path, self.verbs), verb, self)
        except ActsearchError as error:
            return str(error)

    def _parse_optional(self, arg_string: str) -> Any:
        """None for an operand, which -tanh(x) is: argparse asks here what is a flag."""
        if arg_string.startswith("-") and is_formula(arg_string, self._option_string_actions):
            return None
        return super()._parse_optional(arg_string)

    def _place(self, flag: str) -> str:
        """Where a flag of verbs may stand."""
        with_it = [name for name, v in self.verbs.items() if flag in v._option_string_actions]
        if len(with_it) == len(self.verbs):
            return "it goes after the verb"
        return f"it goes with {', '.join(with_it)}, after the verb"

    def error(self, message: str) -> NoReturn:
        choice = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        if choice:
            words = re.findall(r"'([^']*)'", choice[2])
            close = difflib.get_close_matches(choice[1], words, n=1, cutoff=0.5)
            advice = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(words)}"
            message = f"there is no '{choice[1]}' here; {advice}"
        flag = re.search(r"unrecognized arguments: (--[\w-]+)", message)
        if flag:
            flags = {f for verb in self.verbs.values() for f in verb._option_string_actions}
            close = difflib.get_close_matches(flag[1], flags, n=1, cutoff=0.5)
            if flag[1] in flags:
                message += f"; {self._place(flag[1])}"
            elif close:
                message += f"; did you mean '{close[0]}'?"
        self.exit(2, f"{self.prog}: {message} (`{self.prog} --help` lists what there is)\n")


class _Version(argparse.Action):
    """Looks the version up only when asked: importlib.metadata costs 50 ms."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"actsearch {version('actsearch')}")
        parser.exit()
