"""Segment sizes as each system lays them out."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host.tcp_facts import parse_linux_info, parse_mac_info, parse_windows_info


def test_linux_takes_timestamps_off_and_they_are_added_again() -> None:
    # include/uapi/linux/tcp.h: seven bytes and one of bits, then rto, ato, snd_mss; tcpi_options bit 0: timestamps.
    def info(options: int, size: int) -> bytes:
        return bytes((1, 0, 0, 0, 0, options, 0, 0)) + struct.pack("=III", 200_000, 0, size) + bytes(84)

    assert parse_linux_info(info(1 | 2 | 4, 1448)) == 1460
    assert parse_linux_info(info(2, 1460)) == 1460
    assert parse_linux_info(info(7, 1440)) == 1452, "PPPoE: 1492 bytes less 40"


def test_macos_tells_options_and_size_as_numbers_of_four_bytes() -> None:
    # xnu bsd/netinet/tcp.h, tcp_connection_info: four bytes, options, flags, rto, maxseg.
    assert parse_mac_info(bytes((4, 6, 6, 0)) + struct.pack("=IIII", 1, 0, 300, 1448) + bytes(100)) == 1460
    assert parse_mac_info(bytes((4, 6, 6, 0)) + struct.pack("=IIII", 0, 0, 300, 1360) + bytes(100)) == 1360


def test_windows_tells_the_size_after_the_state() -> None:
    # learn.microsoft.com, TCP_INFO_v0: State, Mss, ConnectionTimeMs (64 bits), TimestampsEnabled.
    assert parse_windows_info(struct.pack("=IIQ?", 4, 1460, 12, False) + bytes(71)) == 1460
    assert parse_windows_info(struct.pack("=IIQ?", 4, 1448, 12, True) + bytes(71)) == 1460


@given(st.binary(max_size=200))
def test_any_bytes_give_a_size_or_none(data: bytes) -> None:
    for parse in (parse_linux_info, parse_mac_info, parse_windows_info):
        assert 0 <= parse(data) < 1 << 16
