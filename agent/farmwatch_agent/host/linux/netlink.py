"""Netlink: how the kernel is asked, and how its answers come apart. Only for the Row types beside this module.

Sources: include/uapi/linux/netlink.h, genetlink.h; netlink(7). Only dumps and questions that change nothing are sent.
Numbers are in the machine's byte order, what crosses the network in network order.
"""

import errno
import struct
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..protocol import HostError, Missing, NotPermitted, NotSupported, SourceBroken

if TYPE_CHECKING:
    import _socket

#: struct nlmsghdr: length with this header, type, flags, sequence, port id.
HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_ERROR = struct.Struct("=i")
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_DUMP_INTR, NLM_F_DUMP = 0x1, 0x10, 0x300
#: Nested and byte-order flags of an attribute's type (NLA_F_NESTED, NLA_F_NET_BYTEORDER).
_TYPE_MASK = 0x3FFF
#: The kernel fills at most 32 KiB per answer (netlink_dump); what one question may answer in all.
_CHUNK, MAX_ANSWER = 1 << 16, 1 << 22
SECONDS = 1.0
MAX_ATTRIBUTES = 512

_REFUSED: dict[int, type[HostError]] = {
    errno.EPERM: NotPermitted,
    errno.EACCES: NotPermitted,
    errno.ENODEV: Missing,
    errno.ENOENT: NotSupported,
    errno.EOPNOTSUPP: NotSupported,
    errno.EPROTONOSUPPORT: NotSupported,
    # A kernel without IPv6, or without policy rules for it.
    errno.EAFNOSUPPORT: NotSupported,
}


class Interrupted(SourceBroken):
    """What was listed changed while it was listed, so something may be missing in the answer."""


class Line:
    """One netlink socket, closed by leaving its `with`."""

    _what: str
    _sequence: int
    _socket: "_socket.socket"

    def __init__(self, protocol: int, what: str) -> None:
        if sys.platform != "linux":
            raise NotSupported(f"{what}: only Linux has netlink")
        # The C module alone: `socket` around it loads five more modules, half of this question's cost.
        import _socket  # noqa: PLC0415

        self._what, self._sequence = what, 0
        try:
            self._socket = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, protocol)
        except OSError as error:
            if error.errno == errno.EAFNOSUPPORT:
                # Every Linux has netlink: this is what RestrictAddressFamilies= of systemd.exec(5) answers.
                raise NotPermitted(f"{what}: netlink is closed to this service") from None
            raise refusal(error.errno or 0, what) from None
        self._socket.settimeout(SECONDS)

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, kind: int, payload: bytes, *, dump: bool = True) -> list[tuple[int, bytes]]:
        """Returns type and payload of every message of the answer. An interrupted dump is asked for once more.

        Raises NotPermitted, NotSupported, Missing or SourceBroken.
        """
        try:
            return self._ask(kind, payload, dump=dump)
        except Interrupted:
            return self._ask(kind, payload, dump=dump)

    def _ask(self, kind: int, payload: bytes, *, dump: bool) -> list[tuple[int, bytes]]:
        self._sequence += 1
        flags = NLM_F_REQUEST | (NLM_F_DUMP if dump else 0)
        question = HEADER.pack(HEADER.size + len(payload), kind, flags, self._sequence, 0) + payload
        found: list[tuple[int, bytes]] = []
        size = 0
        interrupted = False
        try:
            self._socket.send(question)
            while True:
                data, sender = self._socket.recvfrom(_CHUNK)
                if sender[0] != 0:
                    continue  # not from the kernel
                size += len(data)
                if size > MAX_ANSWER or not data:
                    raise SourceBroken(f"{self._what}: the answer is larger than {MAX_ANSWER} bytes")
                for number, flags, sequence, body in messages(data):
                    if sequence != self._sequence:
                        continue  # the rest of an answer that was given up
                    interrupted = interrupted or bool(flags & NLM_F_DUMP_INTR)
                    if number == NLMSG_ERROR or (number == NLMSG_DONE and len(body) >= _ERROR.size):
                        (code,) = _ERROR.unpack_from(body.ljust(_ERROR.size, b"\0"))
                        if code:
                            raise refusal(-code, self._what)
                    if number in (NLMSG_DONE, NLMSG_ERROR):
                        if interrupted:
                            raise Interrupted(f"{self._what}: changed while it was listed")
                        return found
                    found.append((number, body))
                if not dump and found:
                    return found
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise SourceBroken(f"{self._what}: no answer within {SECONDS:g} s") from None
            raise refusal(error.errno or 0, self._what) from None


def refusal(code: int, what: str) -> HostError:
    """Returns the error that a number of errno.h means."""
    import os  # noqa: PLC0415 (errors only)

    return _REFUSED.get(code, SourceBroken)(f"{what}: {os.strerror(code) if code > 0 else 'refused'}")


def messages(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Yields type, flags, sequence and payload of each message; ends where a length makes no sense."""
    at = 0
    while at + HEADER.size <= len(data):
        length, kind, flags, sequence, _ = HEADER.unpack_from(data, at)
        if length < HEADER.size or at + length > len(data):
            return
        yield kind, flags, sequence, data[at + HEADER.size : at + length]
        at += (length + 3) & ~3


def nested(data: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yields type and value of each attribute from `start` on; ends where a length makes no sense."""
    at = start
    for _ in range(MAX_ATTRIBUTES):
        if at + _ATTRIBUTE.size > len(data):
            return
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size or at + length > len(data):
            return
        yield kind & _TYPE_MASK, data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3


def attributes(data: bytes, start: int = 0) -> dict[int, bytes]:
    """Returns the attributes from `start` on by type."""
    return dict(nested(data, start))


def number(data: bytes | None) -> int | None:
    """Returns a number of one, two, four or eight bytes in the machine's order; None for anything else."""
    if data is None or len(data) not in (1, 2, 4, 8):
        return None
    return int.from_bytes(data, sys.byteorder)


def word(data: bytes | None) -> str:
    """Returns a NUL-terminated text, at most 255 characters; "" when there is none."""
    return (data or b"").split(b"\0", 1)[0].decode("utf-8", "replace")[:255]


def attribute(kind: int, value: bytes) -> bytes:
    """Returns an attribute as it is sent."""
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def address(data: bytes) -> str:
    """Returns 4 or 16 bytes as an address, one mapped into IPv6 as IPv4; "" for any other number of bytes."""
    if len(data) == 16 and data.startswith(b"\0" * 10 + b"\xff\xff"):
        data = data[12:]
    if len(data) == 4:
        return ".".join(map(str, data))
    if len(data) != 16:
        return ""
    import _socket  # noqa: PLC0415

    return _socket.inet_ntop(_socket.AF_INET6, data)


def interface_name(index: int | None) -> str:
    """Returns the name of an interface by its number; "" when it is gone."""
    import _socket  # noqa: PLC0415

    try:
        return _socket.if_indextoname(index) if index else ""
    except (OSError, OverflowError, AttributeError):
        return ""
