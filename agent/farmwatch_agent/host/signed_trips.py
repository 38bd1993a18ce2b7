"""Questions to a company's own landmark, which answers them signed. Whether an answer is the landmark's, its caller
judges: what came is kept as it came.

Sources: farmwatch_schema/landmark.py; ip(7), IP_RECVTTL; ipv6(7), IPV6_RECVHOPLIMIT; RFC 3542 for macOS.
"""

import os
import random
import socket
import struct
import sys
import time
from typing import ClassVar

import msgspec

from .protocol import SourceBroken
from .resolving import parse_place
from .row import Row
from .tcp_trips import BETWEEN_SECONDS, CONNECT_SECONDS, MOST_CONNECTS, interface_of

ANSWER_SECONDS = 0.95
#: What an answer of another landmark's version may have; longer ones are cut, and no answer then.
_ROOM = 256
_IP_RECVTTL = {"linux": 12, "darwin": 24}.get(sys.platform, 0)
_IPV6_RECVHOPLIMIT = {"linux": 51, "darwin": 37}.get(sys.platform, 0)
_HOP_TYPES = frozenset({2, 24, 47, 52})


class SignedTrip(Row, frozen=True, kw_only=True, omit_defaults=True):
    """One question. `of`: address, port, how many, `udp` or `tcp`.

    nonce      of the question
    data       of the first answer that bears the nonce, else of the first that came; empty without one
    micros     from question to that answer, microseconds; null without one
    ttl        hops left in it; null when not known
    strange    how many other datagrams came before it
    interface  by which the question left; "" when not known
    problem    `refused`, `unreachable`, `timeout`; "" when something was answered
    """

    table: ClassVar[str] = "signed_trip"
    platforms: ClassVar[tuple[str, ...]] = ("linux", "macos", "windows")

    nonce: bytes
    data: bytes = b""
    micros: int | None = None
    ttl: int | None = None
    strange: int = 0
    interface: str = ""
    problem: str = ""

    @classmethod
    def live(cls, of: str) -> "list[SignedTrip]":
        address, port, count, transport = parse_place(of, 4)
        if not count.isdecimal() or not 0 < int(count) <= MOST_CONNECTS or transport not in ("udp", "tcp"):
            raise SourceBroken(f"{of!r}: no such question")
        found: list[SignedTrip] = []
        for at in range(int(count)):
            if at:
                time.sleep(random.uniform(*BETWEEN_SECONDS))  # noqa: S311 (spreads load, guards nothing)
            found.append(_asked(address, int(port), transport))
            if len(found) == 2 and all(it.problem for it in found):
                break
        return found


def _asked(address: str, port: int, transport: str) -> SignedTrip:
    from farmwatch_schema.landmark import NONCE_BYTES, question  # noqa: PLC0415 (loads the signature's library)

    nonce = os.urandom(NONCE_BYTES)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    try:
        with socket.socket(family, kind) as sock:
            if transport == "udp":
                wants_hops(sock)
            else:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(CONNECT_SECONDS)
            sock.connect((address, port))
            started = time.perf_counter_ns()
            sock.sendall(question(nonce))
            found = _answered(sock, nonce, started) if transport == "udp" else _streamed(sock, nonce, started)
            return msgspec.structs.replace(found, interface=interface_of(str(sock.getsockname()[0])))
    except ConnectionRefusedError:
        return SignedTrip(nonce=nonce, problem="refused")
    except TimeoutError:
        return SignedTrip(nonce=nonce, problem="timeout")
    except OSError:
        return SignedTrip(nonce=nonce, problem="unreachable")


def _answered(sock: socket.socket, nonce: bytes, started: int) -> SignedTrip:
    """Returns the first datagram that bears the nonce; what else came before is counted, and kept when it is all."""
    end = time.monotonic() + ANSWER_SECONDS
    strange: list[tuple[bytes, int, int | None]] = []
    while (left := end - time.monotonic()) > 0 and len(strange) < MOST_CONNECTS:
        sock.settimeout(left)
        try:
            data, ttl = received(sock)
        except TimeoutError:
            break
        micros = (time.perf_counter_ns() - started) // 1000
        if nonce in data[:32]:
            return SignedTrip(nonce=nonce, data=data, micros=micros, ttl=ttl, strange=len(strange))
        strange.append((data, micros, ttl))
    if not strange:
        return SignedTrip(nonce=nonce, problem="timeout")
    data, micros, ttl = strange[0]
    return SignedTrip(nonce=nonce, data=data, micros=micros, ttl=ttl, strange=len(strange) - 1)


def _streamed(sock: socket.socket, nonce: bytes, started: int) -> SignedTrip:
    from farmwatch_schema.landmark import ANSWER_BYTES  # noqa: PLC0415

    end = time.monotonic() + ANSWER_SECONDS
    data, micros = b"", None
    while len(data) < ANSWER_BYTES and (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        piece = sock.recv(ANSWER_BYTES - len(data))
        if micros is None:
            micros = (time.perf_counter_ns() - started) // 1000
        if not piece:
            break
        data += piece
    return SignedTrip(nonce=nonce, data=data, micros=micros, problem="" if data else "timeout")


def wants_hops(sock: socket.socket) -> None:
    """Asks for the hops left beside each datagram, where the system tells them."""
    four = sock.family == socket.AF_INET
    option = _IP_RECVTTL if four else _IPV6_RECVHOPLIMIT
    if option:
        try:
            sock.setsockopt(socket.IPPROTO_IP if four else socket.IPPROTO_IPV6, option, 1)
        except OSError:
            return


def received(sock: socket.socket) -> tuple[bytes, int | None]:
    """Returns a datagram and the hops left in it; null where Python hands none out (Windows)."""
    if sys.platform == "win32":
        return sock.recv(_ROOM), None
    data, extra, _, _ = sock.recvmsg(_ROOM, 128)
    return data, hops_in(extra)


def hops_in(extra: "list[tuple[int, int, bytes]]") -> int | None:
    """Returns the hops left that came beside a datagram: a number of four bytes, one byte on older macOS."""
    for level, kind, value in extra:
        if level in (socket.IPPROTO_IP, socket.IPPROTO_IPV6) and kind in _HOP_TYPES and value:
            hops = struct.unpack("=i", value)[0] if len(value) == 4 else value[0]
            return int(hops) if 0 <= hops <= 255 else None
    return None
