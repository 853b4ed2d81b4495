"""Which Ray cluster is meant and by whom it was named; whether a cluster answers there.

Ray itself looks for over a minute where nothing answers, and for ever where something else does.
"""

from __future__ import annotations

import os
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import InvalidSetting

PATIENCE = 10.0  # seconds until a host has answered
TOKEN_VARIABLES = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
PORT = 6379  # Ray's own, of a cluster's head
LONGEST_FOLDER = 38  # characters of the folder for temporary files with any process number
_HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))  # its greeting
_SETTINGS = 4  # the kind of frame with which a server answers it
_HOST = r"\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]]+"


@dataclass(frozen=True, slots=True)
class ClusterAddress:
    """HOST:PORT or `auto`, and the option or variable that named it."""

    text: str
    source: str

    def __str__(self) -> str:
        return f"{self.source} {self.text}"

    @property
    def way_out(self) -> str:
        """How to do without the cluster."""
        if self.source == "RAY_ADDRESS":
            return "unset RAY_ADDRESS to use this machine"
        return "leave --ray-address out to use this machine"


def address_of(option: str | None) -> ClusterAddress | None:
    """The cluster that is asked for, else that of RAY_ADDRESS; None: this machine alone.

    Raises InvalidSetting for what is no address of a cluster. As for Ray, `local` is this machine,
    and `auto` is that of RAY_ADDRESS where it is set.
    """
    variable = os.environ.get("RAY_ADDRESS", "").strip()
    if option and not (option == "auto" and variable):
        address = ClusterAddress(option, "--ray-address")
    elif variable:
        address = ClusterAddress(variable, "RAY_ADDRESS")
    else:
        return None
    if address.text == "local":
        return None
    _check_form(address)
    return address


def check_answers(address: ClusterAddress) -> None:
    """Raise InvalidSetting where no cluster answers, within PATIENCE for each of a few steps."""
    if address.text == "auto":
        return  # Ray looks for processes of this machine
    host, port = address.text.rsplit(":", 1)
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE) as line:
            speaks = _speaks_http2(line)
    except OSError as error:
        raise no_cluster(address) from error
    if not speaks:
        raise InvalidSetting(
            f"{address}: what answers there is no Ray cluster; give HOST:PORT of its head, with "
            f"port {PORT} unless it was started with another (8265 is its dashboard's), or "
            f"{address.way_out}"
        )


def check_is_session(address: ClusterAddress, session: str) -> None:
    """Raise InvalidSetting where this process is in a session of another cluster.

    By the port: a host may have several names.
    """
    if address.text != "auto" and address.text.rpartition(":")[2] != session.rpartition(":")[2]:
        raise InvalidSetting(
            f"{address} is asked for, but this process is in a session of Ray at {session}: "
            f"leave the address out to use that, or end it with ray.shutdown() first"
        )


def no_cluster(address: ClusterAddress) -> InvalidSetting:
    """The error where no cluster answers at an address, with what to do."""
    if address.text == "auto":
        return InvalidSetting(
            f"{address}: no Ray cluster runs on this machine, where auto looks for one: start one "
            f"with `ray start --head`, give HOST:PORT of its head, or {address.way_out}"
        )
    return InvalidSetting(
        f"no Ray cluster answers at {address.text}: start one with `ray start --head`, or "
        f"{address.way_out}"
    )


def _check_form(address: ClusterAddress) -> None:
    text = address.text
    if set("@?") & set(text):  # not repeated: it may hold a password
        raise InvalidSetting(
            f"{address.source} holds a user, a password or a query: give HOST:PORT alone; Ray "
            f"takes tokens from RAY_AUTH_TOKEN"
        )
    if text == "auto":
        return
    if url := re.fullmatch(rf"(\w+)://({_HOST})?.*", text, re.DOTALL):
        what = "Ray's client, through which Tune does not run" if url[1] == "ray" else "no cluster"
        raise InvalidSetting(
            f"{address}: {url[1]}:// is {what}; give the cluster's own address, "
            f"{url[2] or 'HOST'}:{PORT} unless it was started with another port, on a machine of "
            f"the cluster, or {address.way_out}"
        )
    if re.fullmatch(_HOST, text):
        raise InvalidSetting(
            f"{address} has no port: write {text}:{PORT}, unless the cluster was started with "
            f"another one, or {address.way_out}"
        )
    parts = re.fullmatch(rf"({_HOST}):(\d{{1,5}})", text, re.ASCII)
    if parts is None or not 0 < int(parts[2]) < 65536:
        raise InvalidSetting(
            f"{address} is no address: write HOST:PORT, such as head:{PORT} or [::1]:{PORT}, or "
            f"auto for a cluster of this machine, or {address.way_out}"
        )


def _speaks_http2(line: socket.socket) -> bool:
    """Whether a server greets back as one of gRPC does, which is what Ray speaks."""
    if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
        return True  # nothing is said before the keys are exchanged
    line.settimeout(PATIENCE)
    line.sendall(_HTTP2)
    answer = b""
    while len(answer) < 4:
        try:
            piece = line.recv(64)
        except TimeoutError:
            return False
        if not piece:
            return False
        answer += piece
    return answer[3] == _SETTINGS


@contextmanager
def refusals_explained(address: ClusterAddress) -> Iterator[None]:
    """Turn Ray's refusals to connect in the block into one sentence each, without the token."""
    from ray.exceptions import AuthenticationError

    try:
        yield
    except AuthenticationError as error:
        raise _needs_token(address) from error
    except OSError as error:
        if address.text == "auto":
            raise no_cluster(address) from error
        # Something that speaks as Ray does is there; it says "unauthenticated" to stderr alone.
        raise _needs_token(address) from error
    except RuntimeError as error:
        if "Version mismatch" not in str(error):
            raise
        versions = " ".join(str(error).split())
        raise InvalidSetting(
            f"{address}: the cluster has other versions than this machine; install its own here, "
            f"or {address.way_out} ({versions})"
        ) from error


@contextmanager
def short_paths() -> Iterator[None]:
    """Turn Ray's refusal of a folder into InvalidSetting: the path of a socket has 107 characters
    at most, of which Ray's own part takes 67 or so."""
    try:
        yield
    except OSError as error:
        if "AF_UNIX path length" not in str(error):
            raise
        folder = os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()
        raise InvalidSetting(
            f"the folder for temporary files, {folder}, is too long for Ray's sockets: set "
            f"RAY_TMPDIR to a short one, of {LONGEST_FOLDER} characters at most, such as /tmp"
        ) from error


def _needs_token(address: ClusterAddress) -> InvalidSetting:
    names = [name for name in TOKEN_VARIABLES if os.environ.get(name)]
    state = f"that of {names[0]} is not its own or not used" if names else "none is set here"
    return InvalidSetting(
        f"{address} does not let this machine in. If the Ray cluster asks for a token, {state}: "
        f"set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN to the cluster's (or RAY_AUTH_TOKEN_PATH to "
        f"its file); else look at its port ({PORT}, where not another was asked for), or "
        f"{address.way_out}"
    )
