"""One echo request to an address, for the `latency` probe: raw sockets need an administrator, IP Helper does not.

Source: learn.microsoft.com, IcmpSendEcho2, Icmp6SendEcho2, ICMP_ECHO_REPLY, ICMPV6_ECHO_REPLY, IP_OPTION_INFORMATION.
"""

import ctypes
import ipaddress
from ctypes import c_uint8, c_uint16, c_uint32, c_void_p
from typing import Any, ClassVar

from ..protocol import SourceBroken
from ..row import Row
from .library import error_of, last_error, library

SUCCESS, TIMED_OUT = 0, 11010
_MILLISECONDS = 1000
_PAYLOAD = b"farmwatch echo.."
_AF_INET6 = 23
#: The reply, what was sent, eight bytes for an ICMP error, and the I/O status that the system puts behind it.
_ROOM = 256


class IpOptionInformation(ctypes.Structure):
    """IP_OPTION_INFORMATION (ipexport.h)."""

    _fields_ = (("ttl", c_uint8), ("tos", c_uint8), ("flags", c_uint8), ("size", c_uint8), ("data", c_void_p))


class IcmpEchoReply(ctypes.Structure):
    """ICMP_ECHO_REPLY (ipexport.h)."""

    _fields_ = (
        ("address", c_uint32),
        ("status", c_uint32),
        ("milliseconds", c_uint32),
        ("size", c_uint16),
        ("reserved", c_uint16),
        ("data", c_void_p),
        ("options", IpOptionInformation),
    )


class Echo(Row, frozen=True, kw_only=True, omit_defaults=True):
    """What one echo request to `of`, an address, came to.

    status        IP_STATUS of ipexport.h: 0 answered, 11010 timed out (1 s), 11002 to 11018 refused on the way
    milliseconds  round trip, whole milliseconds; 0 is less than one; null without an answer
    ttl           hops left in the answer; null without one, and for IPv6, whose reply does not tell them
    """

    table: ClassVar[str] = "windows_echo"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    status: int = TIMED_OUT
    milliseconds: int | None = None
    ttl: int | None = None

    @classmethod
    def live(cls, of: str) -> "list[Echo]":
        try:
            address = ipaddress.ip_address(of)
        except ValueError:
            raise SourceBroken(f"{of!r} is no address") from None
        return [_ask(address)]


def parse_reply(data: bytes, version: int) -> Echo:
    """Returns what a reply buffer says: status and time stand at 4 in ICMP_ECHO_REPLY, at 28 in ICMPV6_ECHO_REPLY."""
    at = 4 if version == 4 else 28
    if len(data) < at + 8:
        raise SourceBroken("an echo reply is too short")
    status, time = (int.from_bytes(data[start : start + 4], "little") for start in (at, at + 4))
    if status != SUCCESS:
        return Echo(status=status)
    place = IcmpEchoReply.options.offset
    ttl = data[place] if version == 4 and len(data) > place else None
    return Echo(status=status, milliseconds=time, ttl=ttl or None)


def _ask(address: "ipaddress.IPv4Address | ipaddress.IPv6Address") -> Echo:
    helper = library("iphlpapi")
    four = address.version == 4
    create, close = helper.IcmpCreateFile if four else helper.Icmp6CreateFile, helper.IcmpCloseHandle
    create.argtypes, create.restype = (), c_void_p
    close.argtypes, close.restype = (c_void_p,), ctypes.c_int32
    handle = create()
    if handle is None or handle == c_void_p(-1).value:
        raise error_of(last_error(), "echo request")
    try:
        return _sent(helper, handle, address)
    finally:
        close(handle)


def _sent(helper: Any, handle: int, address: "ipaddress.IPv4Address | ipaddress.IPv6Address") -> Echo:
    buffer = (ctypes.c_char * _ROOM)()
    tail = (_PAYLOAD, len(_PAYLOAD), None, buffer, _ROOM, _MILLISECONDS)
    types = (ctypes.c_char_p, c_uint16, c_void_p, c_void_p, c_uint32, c_uint32)
    if address.version == 4:
        send = helper.IcmpSendEcho2
        send.argtypes, send.restype = (c_void_p, c_void_p, c_void_p, c_void_p, c_uint32, *types), c_uint32
        replies = send(handle, None, None, None, int.from_bytes(address.packed, "little"), *tail)
    else:
        send = helper.Icmp6SendEcho2
        send.argtypes, send.restype = (*(c_void_p,) * 4, ctypes.c_char_p, ctypes.c_char_p, *types), c_uint32
        source, target = sockaddr(bytes(16)), sockaddr(address.packed)
        replies = send(handle, None, None, None, source, target, *tail)
    if not replies:
        # No reply at all: the reason is the last error, in the same numbers.
        number = last_error()
        if not 11000 < number < 11060:
            raise error_of(number, "echo request")
        return Echo(status=number)
    return parse_reply(buffer.raw, address.version)


def sockaddr(packed: bytes) -> bytes:
    """Returns a SOCKADDR_IN6 of 28 bytes for an address of 16."""
    return _AF_INET6.to_bytes(2, "little") + bytes(6) + packed + bytes(4)
