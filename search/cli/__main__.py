"""`actsearch` as a program: one verb, then the end of the process with its status."""

from __future__ import annotations

import atexit
import os
import sys
from typing import NoReturn

from .interrupts import STOPPED, ended_by_interrupt


def run() -> NoReturn:
    """Run the command line and exit.

    Stopped, it ends without taking the interpreter down module by module: that is 2 s of the 5 in
    which a search should end. All that is to be done at the end is done before.
    """
    with ended_by_interrupt():
        from .main import main
    status = main()
    if status != STOPPED:
        sys.exit(status)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    run()
