"""ICMP echo through datagram sockets, which need no rights: macOS gives them to everybody, Linux to the groups that
`net.ipv4.ping_group_range` names. Windows has `windows/icmp.py`.

Sources: RFC 792 and RFC 4443; Linux net/ipv4/ping.c and icmp(7); macOS icmp(4): what is received begins with the IP
header there, and not on Linux.
"""

import os
import random
import socket
import struct
import time
from typing import ClassVar

from .protocol import NotPermitted, NotSupported, SourceBroken
from .resolving import parse_place
from .row import Row
from .signed_trips import received, wants_hops
from .tcp_trips import BETWEEN_SECONDS, interface_of

MOST_PINGS = 5
_SECONDS = 0.95
_ECHO = {socket.AF_INET: (8, 0), socket.AF_INET6: (128, 129)}
_PAYLOAD = 16


class Ping(Row, frozen=True, kw_only=True, omit_defaults=True):
    """One echo request. `of`: address, 1 (there is no port), how many.

    micros     round trip, microseconds; null without an answer
    ttl        hops left in the answer; null when not known
    interface  by which it left; "" when not known
    """

    table: ClassVar[str] = "icmp_echo"
    platforms: ClassVar[tuple[str, ...]] = ("linux", "macos")

    micros: int | None = None
    ttl: int | None = None
    interface: str = ""

    @classmethod
    def live(cls, of: str) -> "list[Ping]":
        address, _, count = parse_place(of, 3)
        if not count.isdecimal() or not 0 < int(count) <= MOST_PINGS:
            raise SourceBroken(f"{of!r}: from 1 to {MOST_PINGS} echoes can be asked for")
        four = ":" not in address
        family, protocol = (socket.AF_INET, 1) if four else (socket.AF_INET6, 58)
        found: list[Ping] = []
        try:
            with socket.socket(family, socket.SOCK_DGRAM, protocol) as sock:
                wants_hops(sock)
                sock.connect((address, 0))
                for sequence in range(1, int(count) + 1):
                    if sequence > 1:
                        time.sleep(random.uniform(*BETWEEN_SECONDS))  # noqa: S311 (spreads load, guards nothing)
                    found.append(_asked(sock, sequence))
                    if sequence == 2 and all(it.micros is None for it in found):
                        break
        except PermissionError:
            raise NotPermitted("ICMP echo: this account may not send any (net.ipv4.ping_group_range)") from None
        except OSError as error:
            if not found:
                raise NotSupported(f"ICMP echo to {address}: {error.strerror}") from None
        return found


def request(sequence: int, payload: bytes, *, four: bool) -> bytes:
    """Returns an echo request; the identifier is the kernel's to fill in."""
    kind = _ECHO[socket.AF_INET if four else socket.AF_INET6][0]
    head = struct.pack("!BBHHH", kind, 0, 0, 0, sequence)
    return struct.pack("!BBHHH", kind, 0, checksum(head + payload), 0, sequence) + payload


def checksum(data: bytes) -> int:
    """Returns the Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def parse_reply(data: bytes, sequence: int, payload: bytes, *, four: bool) -> tuple[bool, int | None]:
    """Returns whether a datagram answers this request, and the hops left when it begins with an IP header."""
    hops = None
    if four and data[:1] and data[0] >> 4 == 4:
        hops = data[8] if len(data) > 8 else None
        data = data[(data[0] & 15) * 4 :]
    kind = _ECHO[socket.AF_INET if four else socket.AF_INET6][1]
    ours = len(data) >= 8 and data[0] == kind and data[6:8] == sequence.to_bytes(2, "big") and data[8:] == payload
    return ours, hops


def _asked(sock: socket.socket, sequence: int) -> Ping:
    four = sock.family == socket.AF_INET
    payload = os.urandom(_PAYLOAD)
    started = time.perf_counter_ns()
    end = time.monotonic() + _SECONDS
    try:
        sock.send(request(sequence, payload, four=four))
        while (left := end - time.monotonic()) > 0:
            sock.settimeout(left)
            data, beside = received(sock)
            micros = (time.perf_counter_ns() - started) // 1000
            ours, hops = parse_reply(data, sequence, payload, four=four)
            if ours:
                left_by = interface_of(str(sock.getsockname()[0]))
                return Ping(micros=micros, ttl=hops if beside is None else beside, interface=left_by)
    except PermissionError:
        raise
    except OSError:
        return Ping()
    return Ping()
