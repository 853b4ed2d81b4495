"""A last sentence for when Ray ends this process.

Its C++ does so at once where Ray's processes on this machine are gone, and after a minute where
the cluster's head is: no line of Python runs then.

So a small process beside this one waits at a pipe from it. An end of our own making writes a line
there first; a pipe that closes without one means that Ray ended us, and the process says why.

Imported by ray_tune.py alone, which sets Ray's environment first.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray._private import worker

from .ray_address import ClusterAddress

KEPT = "what has finished is kept; go on with a search by --resume"

# Arguments: the head's host and port, the socket of the raylet here, what to say of either.
_WATCHER = """
import socket, sys
host, port, raylet, head_is_gone, raylet_is_gone = sys.argv[1:]
if not sys.stdin.buffer.read():
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        sys.exit(head_is_gone)
    try:
        socket.socket(socket.AF_UNIX).connect(raylet)
    except OSError:
        sys.exit(raylet_is_gone)
"""


@contextmanager
def farewell(address: ClusterAddress | None) -> Iterator[None]:
    """Have one sentence printed if Ray, in whose session this process is, ends it in the block.

    address: of the cluster; None: a session of this machine alone.
    """
    node: Any = worker._global_node  # of a type that says it is always None
    assert node is not None
    host, _, port = ray.get_runtime_context().gcs_address.rpartition(":")
    here = f"Ray's own processes on this machine have ended, and this one with them: {KEPT}"
    head = (
        f"the head of the Ray cluster, {host}:{port}, no longer answers: start it and its nodes "
        f"again; {KEPT}"
    )
    sentences = (f"actsearch: {here if address is None else head}", f"actsearch: {here}")
    words = (host.strip("[]"), port, str(node.raylet_socket_name), *sentences)
    with subprocess.Popen(
        [sys.executable, "-S", "-E", "-c", _WATCHER, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches this process alone
    ) as watcher:
        try:
            yield
        finally:
            watcher.communicate(b"the end is ours")
