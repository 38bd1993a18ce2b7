"""Remote Desktop Services' answers as bytes: layouts of wtsapi32.h."""

import ctypes
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import NotSupported
from farmwatch_agent.host.windows import terminal
from farmwatch_agent.host.windows.terminal import TerminalSession


def test_the_address_of_a_client_stands_where_the_documentation_says() -> None:
    # learn.microsoft.com, WTS_CLIENT_ADDRESS: 192.168.0.1 is written 00 00 C0 A8 00 01, FFFF::1 from the first byte on.
    four = struct.pack("<I", 2) + bytes.fromhex("0000C0A80001").ljust(20, b"\0")
    six = struct.pack("<I", 23) + bytes.fromhex("FFFF" + "00" * 13 + "01").ljust(20, b"\0")
    assert terminal.parse_address(four) == "192.168.0.1"
    assert terminal.parse_address(six) == "ffff::1"


@pytest.mark.parametrize("data", [b"", bytes(24), struct.pack("<I", 6) + b"\1" * 20, struct.pack("<I", 2) + b"\1" * 8])
def test_no_address_is_told_for_zeros_other_families_and_torn_answers(data: bytes) -> None:
    assert terminal.parse_address(data) == ""


def test_the_logon_time_is_turned_into_seconds_since_1970() -> None:
    info = terminal.WtsInfo(logon=133_751_000_000_000_000)
    # 133,751,000,000,000,000 * 100 ns after 1601: FILETIME of learn.microsoft.com
    assert terminal.parse_logon(bytes(info)) == pytest.approx(13_375_100_000 - 11_644_473_600)
    assert terminal.parse_logon(bytes(terminal.WtsInfo())) == 0
    assert terminal.parse_logon(bytes(info)[:-1]) == 0


def test_sessions_are_listed_and_a_count_that_lies_is_cut() -> None:
    rows = b"".join(bytes(terminal.SessionInfo(number=number, state=state)) for number, state in ((0, 4), (2, 0)))
    assert terminal.parse_sessions(rows, 2) == [(0, 4), (2, 0)]
    assert terminal.parse_sessions(rows, 2**32 - 1) == [(0, 4), (2, 0)]
    assert terminal.parse_sessions(rows[: ctypes.sizeof(terminal.SessionInfo) + 1], 2) == [(0, 4)]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    terminal.parse_address(data)
    terminal.parse_logon(data)
    terminal.parse_sessions(data, 7)


def test_people_and_their_machines_are_replaced_in_captures() -> None:
    assert list(TerminalSession(user="ann", client="ANNS-PC").identifying()) == ["ann", "ANNS-PC"]
    assert list(TerminalSession(user=None).identifying()) == []


def test_elsewhere_there_are_no_such_sessions() -> None:
    with pytest.raises(NotSupported):
        TerminalSession.live("")
