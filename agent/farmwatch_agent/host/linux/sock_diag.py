"""sock_diag: round-trip times of established TCP connections as the kernel measures them.

Sources: include/uapi/linux/inet_diag.h, sock_diag.h, tcp.h (struct tcp_info); sock_diag(7). Needs no rights.
"""

import struct
from typing import ClassVar

from ..protocol import Missing
from ..row import Row
from .netlink import Line, address, attributes

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
_IPPROTO_TCP, _TCP_ESTABLISHED, _INET_DIAG_INFO = 6, 1, 2
_FAMILIES = (2, 10)
#: family, protocol, extensions, pad, states; then struct inet_diag_sockid, which stays zero.
_REQUEST = struct.Struct("=BBBxI48x")
#: family, state, timer, retransmissions; ports in network order; 16 bytes for each address; the rest is not needed.
_MESSAGE = struct.Struct("=BBBB2s2s16s16s32x")
#: tcpi_rtt and tcpi_min_rtt in struct tcp_info, microseconds. Kernels before 4.6 have no second one and end earlier.
_RTT_AT, _MIN_RTT_AT = 68, 148
#: What the kernel gives as long as it has measured nothing.
_UNMEASURED = 0xFFFFFFFF
MAX_CONNECTIONS = 2_000


class TcpRoundTrip(Row, frozen=True, kw_only=True, omit_defaults=True):
    """An established connection. `of` is a comma-separated list of local ports.

    rtt_us      smoothed round-trip time, microseconds; 0 when nothing was measured yet. An other end that waits
                before it acknowledges (40 ms and more) is in it
    min_rtt_us  the shortest of the last minutes, which says how far the other end is; 0 when not known
    """

    table: ClassVar[str] = "linux_tcp_round_trip"
    platforms: ClassVar[tuple[str, ...]] = ("linux",)

    local_port: int
    remote: str
    rtt_us: int = 0
    min_rtt_us: int = 0

    @classmethod
    def live(cls, of: str) -> "list[TcpRoundTrip]":
        ports = frozenset(int(word) for word in of.split(",") if word.isdecimal())
        found: list[TcpRoundTrip] = []
        with Line(NETLINK_SOCK_DIAG, "round-trip times") as line:
            for family in _FAMILIES:
                question = _REQUEST.pack(family, _IPPROTO_TCP, 1 << (_INET_DIAG_INFO - 1), 1 << _TCP_ESTABLISHED)
                try:
                    answer = line.ask(SOCK_DIAG_BY_FAMILY, question)
                except Missing:
                    continue
                rows = (parse(body) for kind, body in answer if kind == SOCK_DIAG_BY_FAMILY)
                found += [row for row in rows if row is not None and row.local_port in ports]
        return found[:MAX_CONNECTIONS]


def parse(body: bytes) -> TcpRoundTrip | None:
    """Returns a connection; None for what makes no sense."""
    if len(body) < _MESSAGE.size:
        return None
    family, _, _, _, local_port, _, _, remote = _MESSAGE.unpack_from(body)
    if family not in _FAMILIES:
        return None
    info = attributes(body, _MESSAGE.size).get(_INET_DIAG_INFO, b"")
    place = address(remote[:4] if family == _FAMILIES[0] else remote)
    return TcpRoundTrip(
        local_port=int.from_bytes(local_port, "big"),
        remote=place,
        rtt_us=_measured(info, _RTT_AT),
        min_rtt_us=_measured(info, _MIN_RTT_AT),
    )


def _measured(info: bytes, at: int) -> int:
    if len(info) < at + 4:
        return 0
    (found,) = struct.unpack_from("=I", info, at)
    return 0 if found == _UNMEASURED else int(found)
