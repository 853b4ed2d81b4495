"""A command in a real pseudo-terminal, and what stands on its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pyte

PATIENCE = 120.0  # seconds that a screen is waited for


def _as_a_shell_starts_it() -> None:
    """Take the terminal; and what a shell starts in the background, as this process may have been,
    ignores Ctrl-C and passes that on."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """`actsearch` with these arguments in a terminal of so many columns and rows; a context."""

    def __init__(self, columns: int, rows: int, *arguments: str | Path) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=5_000)
        self._stream = pyte.ByteStream(self.screen)
        self.written = b""  # all of it, escape sequences too
        self._handle, child = pty.openpty()
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(child, termios.TIOCSWINSZ, size)
        left_out = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
        environment = {k: v for k, v in os.environ.items() if k not in left_out}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "actsearch.search.cli", *map(str, arguments)],
            stdin=child,
            stdout=child,
            stderr=child,
            env=environment | {"TERM": "xterm-256color"},
            start_new_session=True,
            preexec_fn=_as_a_shell_starts_it,
        )
        os.close(child)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._handle)

    def type(self, keys: bytes) -> None:
        os.write(self._handle, keys)

    def wait_for(self, *words: str) -> None:
        """Read until all of them stand on the screen at once."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            is_open = self._read()
            if all(word in self.text for word in words):
                return
            assert is_open, f"it ended before:\n{self.whole}"
        raise AssertionError(f"not within {PATIENCE:g} s:\n{self.whole}")

    def end(self) -> int:
        """The exit status, when all it wrote is on the screen."""
        deadline = time.monotonic() + PATIENCE
        while self._read():
            assert time.monotonic() < deadline, f"it does not end:\n{self.whole}"
        return self.process.wait()

    def hides_cursor(self) -> bool:
        """Whether a program has switched the cursor off, and not on again."""
        return bool(self.screen.cursor.hidden)

    @property
    def text(self) -> str:
        """The text on the screen now, without blanks at the ends of lines."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    @property
    def whole(self) -> str:
        """The same, below what has gone off its top."""
        columns = range(self.screen.columns)
        gone = ["".join(row[x].data for x in columns).rstrip() for row in self.screen.history.top]
        return "\n".join([*gone, self.text])

    def _read(self) -> bool:
        """Put what there is on the screen; False at the end."""
        if not select.select([self._handle], [], [], 0.2)[0]:
            return True
        try:
            content = os.read(self._handle, 65536)
        except OSError:  # how Linux tells that nobody has the other side open
            return False
        self.written += content
        self._stream.feed(content)
        return bool(content)
