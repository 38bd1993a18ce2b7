"""Addresses of a name, as this machine resolves it: before anything is timed, and checked before anything is asked.

Source: getaddrinfo(3), and for Windows learn.microsoft.com, getaddrinfo.
"""

import ipaddress
import socket
import threading
from typing import ClassVar

from .protocol import Missing, SourceBroken
from .row import Row

#: A resolver tries several servers for some seconds each, and cannot be told to stop.
RESOLVE_SECONDS = 10.0
_FAMILIES = {socket.AF_INET: "ipv4", socket.AF_INET6: "ipv6"}


class NameAddress(Row, frozen=True, kw_only=True, omit_defaults=True):
    """An address that the name `of` has, or `of` itself where it is one; the system's own order."""

    table: ClassVar[str] = "name_address"
    platforms: ClassVar[tuple[str, ...]] = ("linux", "macos", "windows")

    family: str
    address: str

    @classmethod
    def live(cls, of: str) -> "list[NameAddress]":
        found: list[NameAddress] = []
        problem: list[OSError | UnicodeError] = []

        def ask() -> None:
            try:
                answers = socket.getaddrinfo(of, None, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                problem.append(error)
                return
            for family, _, _, _, place in answers:
                address = str(place[0]).partition("%")[0]
                if family in _FAMILIES and not any(it.address == address for it in found):
                    found.append(cls(family=_FAMILIES[family], address=address))

        thread = threading.Thread(target=ask, name="resolve", daemon=True)
        thread.start()
        thread.join(RESOLVE_SECONDS)
        if thread.is_alive():
            raise SourceBroken(f"{of}: the resolver did not answer within {RESOLVE_SECONDS:g} s")
        if problem:
            raise Missing(f"{of}: has no address ({problem[0]})")
        return found


def parse_place(of: str, words: int) -> list[str]:
    """Returns the words of a question that begins with an address and a port; raises SourceBroken for another.

    Only an address is ever connected to: a name could lead elsewhere than where its addresses were checked.
    """
    parts = of.split(" ")
    try:
        ipaddress.ip_address(parts[0])
        usable = len(parts) == words and 0 < int(parts[1]) < 1 << 16
    except (ValueError, IndexError):
        usable = False
    if not usable:
        raise SourceBroken(f"{of!r} is no address and port to be asked")
    return parts
