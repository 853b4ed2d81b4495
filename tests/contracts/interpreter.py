"""A Python that has torch loaded and forks for each program, in place of one that starts anew.

Loading torch is 2 CPU s of the 2.5 that the proof of an export takes, and some fifty tests export.
The fork has loaded nothing of ours, and hashes texts by another seed than the tests do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from actsearch.space.scratch import scratch_folder

# A line of input is a program, a line of output the exit status of the fork that ran it.
_SERVER = """
import atexit, gc, json, os, sys, traceback
import numpy, torch
gc.freeze()
for line in sys.stdin:
    task = json.loads(line)
    fork = os.fork()
    if not fork:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, path in ((1, task["out"]), (2, task["err"])):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
        os.chdir(task["folder"])
        os.environ.clear()
        os.environ.update(task["environment"])
        sys.path[:0] = task["path"]
        sys.argv[1:] = task["arguments"]
        status = 0
        try:
            exec(compile(task["program"], "<program>", "exec"), {"__name__": "__main__"})
        except SystemExit as end:
            status = end.code or 0
            if isinstance(status, str):
                print(status, file=sys.stderr)
                status = 1
        except BaseException:
            traceback.print_exc()
            status = 1
        atexit._run_exitfuncs()
        sys.stdout.flush()
        os._exit(status)  # taking torch down again would be 0.7 of the 0.8 s
    print(os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]), flush=True)
"""


class Interpreter:
    """Runs programs one after the other, each in a fork; started by the first."""

    @cached_property
    def _server(self) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-I", "-B", "-c", _SERVER]
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def close(self) -> None:
        """End it, if it was started."""
        if "_server" in self.__dict__:
            self._server.communicate()

    def run(
        self,
        program: str,
        folder: Path,
        variables: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        path: Sequence[Path] = (),
    ) -> subprocess.CompletedProcess[str]:
        """A program's end and output. It runs in this folder, with these variables beside those
        of the tests, its arguments, and what is imported from `path` before all else."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with scratch_folder() as scratch:
            out, err = scratch / "out", scratch / "err"
            task = {
                "program": program,
                "folder": str(folder),
                "environment": {**os.environ, **(variables or {})},
                "arguments": list(arguments),
                "path": [str(each) for each in path],
                "out": str(out),
                "err": str(err),
            }
            print(json.dumps(task), file=self._server.stdin, flush=True)
            status = int(self._server.stdout.readline())
            return subprocess.CompletedProcess(
                ["python"], status, out.read_text(), err.read_text()
            )
