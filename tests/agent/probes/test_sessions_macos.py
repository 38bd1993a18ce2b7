"""Sessions on macOS, on utmpx records as Apple's Libc writes them."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, NotPermitted, SourceBroken
from farmwatch_agent.host.process_list import RunningProcess
from farmwatch_agent.probes.sessions import macos
from farmwatch_agent.probes.sessions.utmpx import RECORD, parse_utmpx
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.sessions import Session

from ..mac_host import ReplayedMac

NOW = 1_795_341_600  # 2026-11-22 10:00 UTC
OLDER = Gap(what="logins that ended, beyond the last on each terminal", outcome="not_supported")


def record(kind: int, user: str = "", line: str = "", host: str = "", at: int = NOW) -> bytes:
    return RECORD.pack(user.encode(), b"s000", line.encode(), 4711, kind, at, 0, host.encode(), b"")


HEAD = record(10, "utmpx-1.00", at=0) + record(2, "reboot", "~")


def looked(data: Any, tcp: Any = b"", *processes: RunningProcess) -> list[Any]:
    host = ReplayedMac(
        files={macos.UTMPX: data},
        commands={"tcp_sockets": tcp, "udp_sockets": b""},
        tables={"running_process": list(processes)},
    )
    return list(macos.collect(cast("Host", host)))


def test_a_record_has_628_bytes() -> None:
    assert RECORD.size == 628


def test_the_console_and_logins_from_elsewhere_are_told_and_terminal_windows_are_not() -> None:
    data = (
        HEAD
        + record(7, "jdoe", "console")
        + record(7, "jdoe", "ttys000")
        + record(7, "jroe", "ttys001", "198.51.100.7")
    )
    assert looked(data) == [
        Session(origin="console", protocol="aqua", user=unkeyed("user", "jdoe"), since="2026-11-22T10:00Z"),
        Session(
            origin="remote", protocol="ssh", user=unkeyed("user", "jroe"), client=unkeyed("address", "198.51.100.7"),
            since="2026-11-22T10:00Z",
        ),
        OLDER,
    ]  # fmt: skip


def test_a_window_of_a_multiplexer_or_an_old_end_is_no_remote_login() -> None:
    data = (
        HEAD
        + record(7, "jdoe", "ttys003", "tmux(812).%0")
        + record(7, "olsont", "ttys004", "dialup")
        + record(8, "jroe", "ttys001", "198.51.100.7", at=NOW - 8 * 86_400)
        + record(8, "jdoe", "ttys002")
    )
    assert looked(data) == [OLDER]


def test_a_remote_login_that_ended_lately_is_told_without_a_beginning() -> None:
    [session, _] = looked(HEAD + record(8, "jroe", "ttys001", "gate.example.com", at=NOW - 3600))
    assert session.ended
    assert (session.client, session.since) == (unkeyed("address", "gate.example.com"), "")


def test_a_viewer_of_screen_sharing_is_a_session() -> None:
    tcp = (
        b"tcp4 0 0 *.5900 *.* LISTEN 131072 131072 1 0 00100 00000006\n"
        b"tcp4 0 0 192.168.1.4.5900 203.0.113.9.50000 ESTABLISHED 131072 131072 77 0 00102 00000006\n"
        b"tcp4 0 0 127.0.0.1.5900 127.0.0.1.50000 ESTABLISHED 131072 131072 77 0 00102 00000006\n"
    )
    server = RunningProcess(pid=77, name="screensharingd", executable="/x/screensharingd", user="root")
    assert Session(origin="remote", protocol="vnc", client=unkeyed("address", "203.0.113.9")) in looked(
        HEAD, tcp, server
    )
    assert len([it for it in looked(HEAD, tcp, server) if isinstance(it, Session)]) == 1


@pytest.mark.parametrize(
    ("data", "outcome"),
    [(NotPermitted("utmpx"), "not_permitted"), (b"", "broken"), (b"\0" * 628, "broken"), (b"bplist00" * 100, "broken")],
)
def test_what_cannot_be_read_is_a_gap(data: Any, outcome: str) -> None:
    assert Gap(what="logins", outcome=outcome) in looked(data)  # type: ignore[arg-type]


def test_refused_sockets_are_a_gap() -> None:
    gap = Gap(what="connections to remote-desktop servers", outcome="broken")
    assert gap in looked(HEAD, SourceBroken("tcp_sockets"))


@given(st.binary(max_size=1500))
def test_whatever_stands_in_the_records_makes_no_error(data: bytes) -> None:
    parse_utmpx(HEAD + data)
    for session in looked(HEAD + data):
        assert isinstance(session, (Session, Gap))
