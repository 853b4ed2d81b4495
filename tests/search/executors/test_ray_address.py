"""Addresses of Ray clusters: each that cannot be used is refused in one sentence."""

from __future__ import annotations

import http.server
import socket
import threading

import pytest

from actsearch.search import InvalidSetting
from actsearch.search.executors.ray_address import (
    ClusterAddress,
    address_of,
    check_answers,
    check_is_session,
)


@pytest.fixture(autouse=True)
def without_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("ray://head:10001", "head:6379"),
        ("ray://", "HOST:6379"),
        ("http://head:8265", "head:6379"),
        ("head", "write head:6379"),
        ("[::1]", r"write \[::1\]:6379"),
        ("10.0.0.1", "write 10.0.0.1:6379"),
        ("head:", "write HOST:PORT"),
        ("head:x", "write HOST:PORT"),
        ("head:65536", "write HOST:PORT"),
        ("head:0", "write HOST:PORT"),
        ("he ad:1", "write HOST:PORT"),
        ("::1:6379", "write HOST:PORT"),
    ],
)
@pytest.mark.parametrize("source", ["--ray-address", "RAY_ADDRESS"])
def test_what_is_no_address_is_refused_with_what_to_write_and_who_set_it(
    text: str, advice: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source == "RAY_ADDRESS":
        monkeypatch.setenv(source, text)
    with pytest.raises(InvalidSetting, match=advice) as refusal:
        address_of(text if source == "--ray-address" else None)
    assert str(refusal.value).startswith(f"{source} {text}")
    way_out = {"--ray-address": "leave --ray-address out", "RAY_ADDRESS": "unset RAY_ADDRESS"}
    assert way_out[source] in str(refusal.value)


def test_a_password_in_the_variable_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "me:s3cret@head:6379")
    with pytest.raises(InvalidSetting, match=r"^RAY_ADDRESS holds") as refusal:
        address_of(None)
    assert "s3cret" not in str(refusal.value)


def test_an_address_asked_for_wins_over_the_variable_and_local_over_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "there:1")
    assert str(address_of(None)) == "RAY_ADDRESS there:1"
    assert str(address_of("auto")) == "RAY_ADDRESS there:1"
    assert str(address_of("here:2")) == "--ray-address here:2"
    assert address_of("local") is None
    monkeypatch.setenv("RAY_ADDRESS", "")
    assert address_of(None) is None
    assert str(address_of("auto")) == "--ray-address auto"


@pytest.mark.parametrize("source", ["--ray-address", "RAY_ADDRESS"])
def test_a_host_where_nothing_listens_is_told_with_the_way_out(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        text = f"127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setenv("RAY_ADDRESS", text)
    address = address_of(text if source == "--ray-address" else None)
    assert address is not None
    way_out = "leave --ray-address out" if source == "--ray-address" else "unset RAY_ADDRESS"
    with pytest.raises(InvalidSetting, match=f"no Ray cluster answers at {text}.*{way_out}"):
        check_answers(address)


def test_a_port_of_something_else_is_told_instead_of_waited_for() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        address = address_of(f"127.0.0.1:{server.server_port}")
        assert address is not None
        with pytest.raises(InvalidSetting, match="what answers there is no Ray cluster"):
            check_answers(address)


def test_a_port_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actsearch.search.executors.ray_address.PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = address_of(f"127.0.0.1:{server.getsockname()[1]}")
        assert address is not None
        with pytest.raises(InvalidSetting, match="no Ray cluster"):
            check_answers(address)


def test_another_session_than_the_one_asked_for_is_refused_by_its_port() -> None:
    address = ClusterAddress("head:6379", "--ray-address")
    check_is_session(address, "10.0.0.1:6379")
    check_is_session(ClusterAddress("auto", "--ray-address"), "10.0.0.1:7000")
    with pytest.raises(InvalidSetting, match=r"session of Ray at 10\.0\.0\.1:7000: leave the"):
        check_is_session(address, "10.0.0.1:7000")
