"""Connections as psutil lists them, in our words. psutil's forms: its documentation, `net_connections`."""

import socket
import sys
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from farmwatch_agent.host import NotPermitted, NotSupported, SourceBroken
from farmwatch_agent.host.process_list import Connection
from farmwatch_agent.host.row import live_rows


def end(ip: str, port: int) -> SimpleNamespace:
    return SimpleNamespace(ip=ip, port=port)


def told(monkeypatch: pytest.MonkeyPatch, *sockets: dict[str, Any]) -> list[Connection]:
    base: dict[str, Any] = {"type": socket.SOCK_STREAM, "laddr": end("0.0.0.0", 1), "raddr": (), "pid": 7}
    found = [SimpleNamespace(**{**base, **one}) for one in sockets]
    monkeypatch.setattr(psutil, "net_connections", lambda kind: found)
    return Connection.live("")


def test_listeners_connections_and_bound_ports_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = told(
        monkeypatch,
        {"status": "LISTEN", "laddr": end("::", 5900)},
        {"status": "ESTABLISHED", "laddr": end("192.0.2.1", 5900), "raddr": end("203.0.113.9", 4000), "pid": None},
        {"status": "NONE", "type": socket.SOCK_DGRAM, "laddr": end("0.0.0.0", 500)},
    )
    assert rows == [
        Connection(pid=7, protocol="tcp", local="::", local_port=5900, state="listen"),
        Connection(pid=0, protocol="tcp", local="192.0.2.1", local_port=5900, remote="203.0.113.9", remote_port=4000,
                   state="established"),
        Connection(pid=7, protocol="udp", local="0.0.0.0", local_port=500, state="bound"),
    ]  # fmt: skip


@pytest.mark.parametrize("status", ["TIME_WAIT", "CLOSE_WAIT", "SYN_SENT", "CLOSE", "DELETE_TCB"])
def test_connections_that_begin_or_end_are_left_out(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    assert told(monkeypatch, {"status": status, "raddr": end("203.0.113.9", 1)}) == []


def test_a_socket_without_an_address_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, {"status": "LISTEN", "laddr": ()}) == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [(psutil.AccessDenied(), NotPermitted), (OSError(1), SourceBroken), (psutil.Error(), SourceBroken)],
)
def test_errors_of_psutil_are_ours(monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception]) -> None:
    def refuse(_kind: str) -> None:
        raise error

    monkeypatch.setattr(psutil, "net_connections", refuse)
    with pytest.raises(kind):
        Connection.live("")


@pytest.mark.skipif(sys.platform != "linux", reason="psutil is asked for real where the tests run")
def test_a_listener_of_this_process_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert [row for row in Connection.live("") if row.local_port == port and row.state == "listen"]
    with pytest.raises(NotSupported):
        live_rows(Connection, "", "linux")
