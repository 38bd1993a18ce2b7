"""The session probe on Linux: utmp(5) with glibc's layouts, and logind's session files."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.probes.sessions import linux as sessions
from farmwatch_agent.probes.sessions.utmp import parse_utmp
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.sessions import Session

from ..linux_tree import NOW, Tree, keyed, look, section, socket_line

USER, DEAD, BOOT = 7, 8, 2


def record(kind: int, line: str, user: str = "", host: str = "", at: int = int(NOW) - 3600) -> bytes:
    """Returns struct utmp of bits/utmp.h on x86-64: 384 bytes."""
    made = struct.pack(
        "<hxxi32s4s32s256shhiii16s20s",
        *(kind, 1234, line.encode(), b"ts/0", user.encode(), host.encode(), 0, 0, 0, at, 0, b"", b""),
    )
    assert len(made) == 384
    return made


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path)
    tree.process(1, "systemd", "/usr/lib/systemd/systemd")
    for table in ("tcp", "tcp6", "udp", "udp6"):
        tree.sockets(table)
    return tree


def seen(tree: Tree) -> list[Observable]:
    return sorted(look(tree.host(), "sessions"), key=str)


def test_logins_of_utmp_are_told_by_origin(tree: Tree) -> None:
    tree.file(
        "/run/utmp",
        record(BOOT, "~", "reboot", "6.1.0")
        + record(USER, "tty2", "jdoe")
        + record(USER, "pts/0", "jdoe", "192.0.2.9")
        + record(USER, "pts/1", "jdoe", "tmux(812).%0")
        + record(USER, ":0", "jdoe", ":0")
        + record(DEAD, "pts/3"),
    )
    user, since = keyed("user", "jdoe"), "2026-11-22T11:00Z"
    assert seen(tree) == sorted(
        [
            Session(origin="console", protocol="tty", user=user, since=since),
            Session(origin="remote", protocol="ssh", user=user, client=keyed("address", "192.0.2.9"), since=since),
            Session(origin="console", protocol="x11", user=user, since=since),
        ],
        key=str,
    )


def test_sessions_of_logind_are_told_and_their_utmp_records_are_not_told_twice(tree: Tree) -> None:
    tree.file("/run/systemd/seats/seat0", "")
    tree.file("/run/systemd/sessions/2", "UID=1000\nUSER=jdoe\nSTATE=active\nREMOTE=0\nTYPE=wayland\nCLASS=user\n"
              "SERVICE=gdm-password\nTTY=tty2\nREALTIME=1795345200000000\n")  # fmt: skip
    tree.file("/run/systemd/sessions/5", "UID=1000\nUSER=jdoe\nSTATE=active\nREMOTE=1\nREMOTE_HOST=192.0.2.9\n"
              "TYPE=tty\nCLASS=user\nSERVICE=sshd\nTTY=pts/0\n")  # fmt: skip
    tree.file(
        "/run/systemd/sessions/6", "USER=jdoe\nREMOTE=0\nTYPE=x11\nCLASS=user\nSERVICE=xrdp-sesman\nDISPLAY=:10\n"
    )
    tree.file("/run/systemd/sessions/c1", "USER=gdm\nTYPE=wayland\nCLASS=greeter\nSERVICE=gdm-launch-environment\n")
    tree.file("/run/systemd/sessions/7", "USER=jdoe\nCLASS=manager\nTYPE=unspecified\n")
    tree.file("/run/systemd/sessions/8", b"\xff\xfe nonsense")
    tree.file("/run/utmp", record(USER, "pts/0", "jdoe", "192.0.2.9"))
    user = keyed("user", "jdoe")
    assert seen(tree) == sorted(
        [
            Session(origin="console", protocol="wayland", user=user, since="2026-11-22T11:00Z"),
            Session(origin="remote", protocol="ssh", user=user, client=keyed("address", "192.0.2.9")),
            Session(origin="remote", protocol="rdp", user=user),
        ],
        key=str,
    )


def test_remote_logins_that_ended_lately_are_told(tree: Tree) -> None:
    day = 86400
    tree.file("/run/utmp", b"")
    tree.file(
        "/var/log/wtmp",
        record(USER, "pts/0", "jdoe", "192.0.2.7", int(NOW) - 30 * day)
        + record(DEAD, "pts/0", at=int(NOW) - 29 * day)
        + record(USER, "pts/0", "jdoe", "192.0.2.8", int(NOW) - 2 * day)
        + record(DEAD, "pts/0", at=int(NOW) - day)
        + record(USER, "tty1", "jdoe", "", int(NOW) - 2 * day)
        + record(DEAD, "tty1", at=int(NOW) - day)
        + record(USER, "pts/1", "jdoe", "192.0.2.9", int(NOW) - day),
    )
    assert seen(tree) == [
        Session(
            origin="remote",
            protocol="ssh",
            user=keyed("user", "jdoe"),
            client=keyed("address", "192.0.2.8"),
            since="2026-11-20T12:00Z",
            ended=True,
        )
    ]


def test_somebody_connected_to_a_remote_desktop_server_is_a_session(tree: Tree) -> None:
    tree.file("/run/utmp", b"")
    tree.process(10, "x11vnc", "/usr/bin/x11vnc", open_files=("socket:[500]", "socket:[501]"))
    tree.process(11, "python3", "/usr/bin/python3", open_files=("socket:[600]", "socket:[601]"))
    tree.sockets(
        "tcp",
        socket_line("00000000:170C", "00000000:0000", "0A", 500),
        socket_line("050200C0:170C", "090200C0:C001", "01", 501),
        socket_line("00000000:1F90", "00000000:0000", "0A", 600),
        socket_line("050200C0:1F90", "090200C0:C002", "01", 601),
    )
    assert seen(tree) == [Session(origin="remote", protocol="vnc", client=keyed("address", "192.0.2.9"))]


def test_nobody_logged_in_is_none(tree: Tree) -> None:
    tree.file("/run/utmp", record(BOOT, "~", "reboot"))
    assert section(tree.host(), "sessions").outcome == "none"


def test_without_utmp_and_logind_logins_are_not_supported(tree: Tree) -> None:
    tree.folder("/run/systemd/sessions")
    made = section(tree.host(), "sessions")
    assert made.outcome == "not_supported"
    assert "neither logind nor utmp" in made.reason


def test_a_closed_record_of_ended_logins_is_a_gap(tree: Tree) -> None:
    tree.file("/run/utmp", b"")
    tree.file("/var/log/wtmp", b"", 0o600)
    assert Gap(what="logins that ended", outcome="not_permitted") in look(tree.host(euid=1000), "sessions")


def test_the_64_bit_layout_of_arm64_is_read() -> None:
    made = struct.pack(
        "<hxxi32s4s32s256shhqqq16s20s4x",
        *(USER, 1, b"pts/0", b"", b"jdoe", b"192.0.2.9", 0, 0, 0, 1_795_345_200, 0, b"", b""),
    )
    assert len(made) == 400
    (login,) = parse_utmp(made)
    assert (login.line, login.user, login.host, login.at) == ("pts/0", "jdoe", "192.0.2.9", 1_795_345_200)


def test_mosh_is_told_from_ssh() -> None:
    (login,) = parse_utmp(record(USER, "pts/0", "jdoe", "192.0.2.9 via mosh [4242]"))
    session = sessions.of_login(login)
    assert session is not None
    assert (session.protocol, session.origin) == ("mosh", "remote")


@given(st.binary(max_size=1300))
def test_hostile_records_make_no_error(data: bytes) -> None:
    logins = parse_utmp(data)
    for login in logins:
        assert login.user.isprintable()
        sessions.of_login(login)
    sessions.ended_logins(logins, 0)


@given(st.text(max_size=300))
def test_hostile_session_files_make_no_error(text: str) -> None:
    for candidate in (text, f"USER=x\nREALTIME={text}\nTYPE={text}\n"):
        session = sessions.parse_session(candidate)
        if session is not None:
            sessions.of_logind(session)
