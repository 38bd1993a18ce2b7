"""Socket tables of /proc/net: Documentation/networking/proc_net_tcp.rst; addresses: RFC 5952."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.probes import linux_net

from ..linux_tree import socket_line

HEADING = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def as_kernel(address: str) -> str:
    """Returns an address as a little-endian kernel prints it: each 32-bit word byte-swapped."""
    packed = ipaddress.ip_address(address).packed
    return "".join(packed[start : start + 4][::-1].hex().upper() for start in range(0, len(packed), 4))


def test_the_example_of_the_kernels_document_is_read() -> None:
    # 46: 010310AC:9C4C 030310AC:1770 01: 172.16.3.1:40012 connected to 172.16.3.3:6000.
    line = (
        "  46: 010310AC:9C4C 030310AC:1770 01 00000150:00000000 01:00000019 00000000  1000        0 54165785 4 cd1e6040"
    )
    (row,) = linux_net.parse_table(HEADING + line, "tcp")
    assert (linux_net.address_text(row.local), row.local_port) == ("172.16.3.1", 40012)
    assert (linux_net.address_text(row.remote), row.remote_port) == ("172.16.3.3", 6000)
    assert (row.state, row.inode) == ("01", "54165785")


def test_closing_sockets_and_broken_lines_are_left_out() -> None:
    lines = [
        socket_line("0100007F:0016", "00000000:0000", "06", 1),
        socket_line("0100007F:0016", "00000000:0000", "0A", 2),
        socket_line("0100007:0016", "00000000:0000", "0A", 3),
        socket_line("0100007F:zz", "00000000:0000", "0A", 4),
        "short line",
    ]
    assert [row.inode for row in linux_net.parse_table(HEADING + "\n".join(lines), "tcp")] == ["2"]


def test_inodes_of_packet_sockets_are_the_last_column() -> None:
    text = (
        "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"
        "ffff8880 3      3    0003   2     1 0      0      34567\n"
        "broken\n"
    )
    assert linux_net.parse_packet(text) == frozenset({"34567"})


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("::ffff:127.0.0.1", True), ("0.0.0.0", False),
     ("::", False), ("192.0.2.127", False), ("fe80::1", False), ("2001:db8::7f", False)],
)  # fmt: skip
def test_loopback_is_told_from_the_network(address: str, loopback: bool) -> None:
    assert linux_net.is_loopback(as_kernel(address)) is loopback


@given(st.ip_addresses())
def test_addresses_are_written_as_the_standard_says(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    assert linux_net.address_text(as_kernel(str(address))) == str(mapped or address)


@given(st.text(alphabet="0123456789ABCDEFabcdef :\n.xyz\t", max_size=600), st.sampled_from(["tcp", "udp"]))
def test_hostile_tables_make_no_error(text: str, protocol: str) -> None:
    for row in linux_net.parse_table(HEADING + text, protocol):
        assert len(row.local) in (8, 32)
    linux_net.parse_packet(text)
