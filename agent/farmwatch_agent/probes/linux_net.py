"""The socket tables of /proc/net, read once for `processes` and `sockets`.

Format: Documentation/networking/proc_net_tcp.rst; states: include/net/tcp_states.h. An IPv4 address is one
32-bit word and an IPv6 address four, each printed in the machine's byte order; laptops are little-endian.
"""

import msgspec

from ..host import Host, HostError

ESTABLISHED = "01"
#: An unconnected UDP socket stands as TCP_CLOSE.
UNCONNECTED = "07"
LISTEN = "0A"

_WANTED = {"tcp": frozenset({LISTEN, ESTABLISHED}), "udp": frozenset({UNCONNECTED, ESTABLISHED})}

TABLES = (("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp"))

#: Larger tables are cut and the cut is told: 1 MiB holds about 7,000 sockets.
TABLE_LIMIT = 1 << 22


class SocketRow(msgspec.Struct, frozen=True, gc=False):
    """A listening, bound or connected socket; addresses still in the kernel's hexadecimal."""

    protocol: str
    local: str
    local_port: int
    remote: str
    remote_port: int
    state: str
    inode: str


def parse_table(text: str, protocol: str) -> list[SocketRow]:
    """Returns a table's listening, established and bound sockets; lines that make no sense are left out."""
    rows: list[SocketRow] = []
    for line in text.splitlines()[1:]:
        parts = line.split(None, 10)
        if len(parts) < 10:
            continue
        state = parts[3]
        if state not in _WANTED[protocol]:
            continue
        local, _, local_port = parts[1].partition(":")
        remote, _, remote_port = parts[2].partition(":")
        if len(local) != len(remote) or len(local) not in (8, 32):
            continue
        try:
            rows.append(SocketRow(protocol, local, int(local_port, 16), remote, int(remote_port, 16), state, parts[9]))
        except ValueError:
            continue
    return rows


def parse_packet(text: str) -> frozenset[str]:
    """Returns the inodes of packet sockets from /proc/net/packet."""
    lines = (line.split() for line in text.splitlines()[1:])
    return frozenset(parts[-1] for parts in lines if len(parts) >= 9 and parts[-1].isdigit())


def read_tables(host: Host) -> tuple[list[SocketRow], list[HostError]]:
    """Returns every row of the four tables, and why a table could not be read; none at all is left to the caller."""
    rows: list[SocketRow] = []
    problems: list[HostError] = []
    for name, protocol in TABLES:
        try:
            rows += parse_table(host.text(f"/proc/net/{name}", TABLE_LIMIT), protocol)
        except HostError as error:
            problems.append(error)
    return rows, problems


def is_loopback(address: str) -> bool:
    """Whether a hexadecimal address is 127.0.0.0/8, ::1, or the former mapped into IPv6."""
    if len(address) == 8:
        return address[6:] == "7F"
    return address == "0" * 24 + "01000000" or (address.startswith(_MAPPED) and address[30:] == "7F")


def address_text(address: str) -> str:
    """Returns a hexadecimal address as text; IPv6 as RFC 5952 writes it, an IPv4 address mapped into it as IPv4.

    Raises ValueError for what is no hexadecimal address of 8 or 32 digits.
    """
    if len(address) == 8:
        return ".".join(str(byte) for byte in reversed(bytes.fromhex(address)))
    if len(address) != 32:
        raise ValueError(f"{len(address)} digits are no address")
    if address.startswith(_MAPPED):
        return address_text(address[24:])
    words = [bytes.fromhex(address[start : start + 8])[::-1].hex() for start in (0, 8, 16, 24)]
    return ipv6_text("".join(words))


def ipv6_text(digits: str) -> str:
    """Returns 32 digits in network order as RFC 5952 writes them: the first longest run of zero groups as `::`."""
    groups = [digits[start : start + 4].lstrip("0").lower() or "0" for start in range(0, 32, 4)]
    best, length, start = 0, 1, 0
    while start < 8:
        end = start
        while end < 8 and groups[end] == "0":
            end += 1
        if end - start > length:
            best, length = start, end - start
        start = max(end, start + 1)
    if length == 1:
        return ":".join(groups)
    return f"{':'.join(groups[:best])}::{':'.join(groups[best + length :])}"


_MAPPED = "0000000000000000FFFF0000"
