"""What macOS itself thinks of an interface: whether its data costs money, or its user asked for little of it.

Source: xnu bsd/sys/sockio_private.h, SIOCGIFEXPENSIVE (160) and SIOCGIFCONSTRAINED (204) of group `i`, which take a
struct ifreq: 16 bytes of name, then a number of four bytes. Apple promises neither; no Mac has run this yet.
"""

import struct
import sys
from typing import TYPE_CHECKING, ClassVar

from ..protocol import Missing, NotSupported
from ..row import Row

if TYPE_CHECKING:
    import socket

#: _IOWR('i', n, struct ifreq) of sys/ioccom.h: 32 bytes, in and out.
_IOWR_I = 0xC0000000 | 32 << 16 | ord("i") << 8
EXPENSIVE, CONSTRAINED = _IOWR_I | 160, _IOWR_I | 204
_NAME_BYTES = 16


class NetworkMarks(Row, frozen=True, kw_only=True, omit_defaults=True):
    """Marks of the interface `of`. null where the system does not answer."""

    table: ClassVar[str] = "macos_network_marks"
    platforms: ClassVar[tuple[str, ...]] = ("macos",)

    expensive: bool | None = None
    constrained: bool | None = None

    @classmethod
    def live(cls, of: str) -> "list[NetworkMarks]":
        if sys.platform != "darwin":
            raise NotSupported("marks of interfaces are macOS's")
        import socket  # noqa: PLC0415 (the reader never asks)

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            return [cls(expensive=_mark(sock, EXPENSIVE, of), constrained=_mark(sock, CONSTRAINED, of))]


def asked(name: str) -> bytes:
    """Returns the struct ifreq that asks about an interface; raises Missing for a name that none can have."""
    data = name.encode("utf-8", "replace")
    if not 0 < len(data) < _NAME_BYTES:
        raise Missing(f"{name}: no interface has such a name")
    return data.ljust(32, b"\0")


def answered(data: bytes) -> bool:
    """Returns the mark in a struct ifreq that came back."""
    (value,) = struct.unpack_from("=I", data, _NAME_BYTES)
    return bool(value)


def _mark(sock: "socket.socket", question: int, name: str) -> bool | None:
    if sys.platform == "win32":
        return None
    import fcntl  # noqa: PLC0415 (POSIX alone has it)

    try:
        return answered(fcntl.ioctl(sock, question, asked(name)))
    except OSError:
        return None
