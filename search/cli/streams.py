"""The command's standard streams: closed ones are opened, and a full disk is told in a line."""

from __future__ import annotations

import os
import sys


def open_closed() -> None:
    """Have a closed stdin, stdout or stderr lead to nowhere: the next file to be opened would
    take its number, and get what is printed."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdin = sys.stdin or os.fdopen(0)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")


def is_written(more: str = "") -> bool:
    """Whether stdout takes what was printed, and some more; where not, say why and drop it: a
    pipe that was closed early, as by `head`, is no mistake."""
    try:
        if more:
            sys.stdout.write(more)
        sys.stdout.flush()
        return True
    except BrokenPipeError:
        pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        print(f"actsearch: cannot write the output: {reason}", file=sys.stderr)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return False
