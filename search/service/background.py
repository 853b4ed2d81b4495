"""A search in the background of this machine: its own session, its own log, no terminal."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import NameTaken, SearchBusy, SubmitFailed
from ..storage.home import CONFIG, DRIVER_LOG, Home
from ..storage.search_name import name_to_resume
from ..storage.usable import refuse_special, usable
from .driver_record import driving_process, read_record
from .here import HERE

LOOK_EVERY = 0.05  # seconds
PROGRAM = (sys.executable, "-P", "-m", "actsearch.search.cli")  # -P: no module of this directory
_PREFIX = "actsearch: "  # of the command line's messages


@dataclass(frozen=True, slots=True)
class Submitted:
    """A search that goes on by itself: its name, its driver, and the file it prints to."""

    name: str
    process: int
    log: Path


def submit(
    home: Home, name: str | None, words: Callable[[str], Sequence[str]], *, resume: bool
) -> Submitted:
    """Have a command drive a search in the background.

    words: the command for the search's name, without the home; it calls `Search.run` as submitted.

    Returns once the driver has looked at them and taken the search's place in the home. Raises
    NameTaken, SearchBusy or NoSuchSearch for the name, and SubmitFailed with what the driver said
    where it did not come so far; then nothing is left of it.
    """
    folder = _folder(home, name, resume)
    log = folder / DRIVER_LOG
    with usable(folder):
        refuse_special(log)
        file = log.open("ab")
    full = [*words(folder.name), "--home", str(home.root)]
    with file:
        start = file.tell()
        shown = [word for word in full if word != HERE]
        file.write(f"$ actsearch {shlex.join(shown)}\n".encode())
        file.flush()
        process = _spawn([*PROGRAM, *full], file.fileno())
    try:
        while not (has_ended := _has_ended(process)) and not _is_on_record(folder, process):
            time.sleep(LOOK_EVERY)
    except KeyboardInterrupt:  # which did not reach it
        with suppress(ProcessLookupError, ChildProcessError):  # it has just ended
            os.kill(process, signal.SIGTERM)
            os.waitpid(process, 0)
        _failure(folder, start)
        raise
    record = read_record(folder)
    if has_ended and (record is None or record.pid != process):
        raise _failure(folder, start)
    return Submitted(folder.name, process, log)


def _spawn(words: list[str], output: int) -> int:
    """Start a program in a session of its own: no hang-up and no Ctrl-C of this terminal reaches
    it. No Popen, which warns when it is forgotten before its process has ended."""
    null = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    to_log = [(os.POSIX_SPAWN_DUP2, output, stream) for stream in (1, 2)]
    return os.posix_spawn(words[0], words, os.environ, file_actions=[null, *to_log], setsid=True)


def _has_ended(process: int) -> bool:
    return os.waitpid(process, os.WNOHANG)[0] == process


def _folder(home: Home, name: str | None, resume: bool) -> Path:
    """The folder for a submission: of a search to go on with, or one made for a new one."""
    if resume:
        name = name_to_resume(name)
        folder = home.folder(name)
        if (process := driving_process(folder)) is not None:
            raise SearchBusy(
                f"search '{name}' is being driven by process {process}: `actsearch status {name}` "
                f"says how far it is"
            )
        return folder
    return _fresh_folder(home) if name is None else home.new_folder(name)


def _fresh_folder(home: Home) -> Path:
    """The folder of a fresh name, which no other submission gets."""
    while True:
        name = home.fresh_name()
        with usable(home.root):
            home.searches.mkdir(parents=True, exist_ok=True)
        with suppress(NameTaken):  # by another process, a moment ago
            return home.new_folder(name)


def _is_on_record(folder: Path, process: int) -> bool:
    """Whether that process has taken the search's place."""
    if driving_process(folder) != process:
        return False
    record = read_record(folder)
    return record is not None and record.pid == process


def _failure(folder: Path, start: int) -> SubmitFailed:
    """The error, in its own words, of a driver that never took its place; removes its log."""
    log = folder / DRIVER_LOG
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()[1:]
    if not (folder / CONFIG).exists():
        with suppress(OSError):  # what stays is no search, and the next one takes its place
            log.unlink()
            folder.rmdir()
            folder.parent.rmdir()
    else:
        os.truncate(log, start)
    text = "\n".join(lines).strip() or "it ended without a word"
    return SubmitFailed(text.removeprefix(_PREFIX))
