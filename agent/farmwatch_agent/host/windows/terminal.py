"""Sessions of Remote Desktop Services: who has a desktop on this machine, and from where.

Source: learn.microsoft.com, WTSEnumerateSessionsW, WTSQuerySessionInformationW, WTSINFOW, WTS_CLIENT_ADDRESS. The last
says that a client reports its name and address itself, so both are claims of the other side.
"""

import ctypes
import ipaddress
from collections.abc import Iterable
from ctypes import c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_void_p
from typing import Any, ClassVar

from ..protocol import HostError, Missing, SourceBroken
from ..row import Row
from .library import error_of, last_error, library
from .registry import FILETIME_EPOCH
from .wide import wide_text

#: WTS_CONNECTSTATE_CLASS of wtsapi32.h
ACTIVE, SHADOW, DISCONNECTED = 0, 3, 4
#: WTS_INFO_CLASS of wtsapi32.h
_USER, _CLIENT_NAME, _CLIENT_ADDRESS, _PROTOCOL, _SESSION_INFO = 5, 10, 14, 16, 24
_AF_INET, _AF_INET6 = 2, 23
_MAX_SESSIONS = 256
_MAX_ANSWER = 1 << 12


class SessionInfo(ctypes.Structure):
    """WTS_SESSION_INFOW (wtsapi32.h)."""

    _fields_ = (("number", c_uint32), ("name", c_void_p), ("state", c_uint32))


class WtsInfo(ctypes.Structure):
    """WTSINFOW (wtsapi32.h)."""

    _fields_ = (
        ("state", c_uint32),
        ("number", c_uint32),
        ("counters", c_uint32 * 6),
        ("station", c_uint16 * 32),
        ("domain", c_uint16 * 17),
        ("user", c_uint16 * 21),
        ("connected", c_int64),
        ("disconnected", c_int64),
        ("last_input", c_int64),
        ("logon", c_int64),
        ("current", c_int64),
    )


class ClientAddress(ctypes.Structure):
    """WTS_CLIENT_ADDRESS (wtsapi32.h)."""

    _fields_ = (("family", c_uint32), ("address", c_uint8 * 20))


class TerminalSession(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A session.

    number    its id
    state     WTS_CONNECTSTATE_CLASS: 0 active, 3 shadowed by another one, 4 disconnected; others on the way
    protocol  0 console, 1 ICA, 2 RDP; null when it may not be asked
    user      account name; "" when nobody is logged in, null when it may not be asked
    client    name that the other side gives itself; `address` likewise, "" when it gives none
    logon     seconds since 1970; 0 when not told
    """

    table: ClassVar[str] = "windows_terminal_session"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    number: int = 0
    state: int = 0
    protocol: int | None = None
    user: str | None = None
    client: str = ""
    address: str = ""
    logon: float = 0.0

    @classmethod
    def live(cls, of: str) -> "list[TerminalSession]":
        wts = library("wtsapi32")
        _declare(wts)
        return [
            cls(
                number=number,
                state=state,
                protocol=_number(_asked(wts, number, _PROTOCOL)),
                user=_text(_asked(wts, number, _USER)),
                client=_text(_asked(wts, number, _CLIENT_NAME)) or "",
                address=parse_address(_asked(wts, number, _CLIENT_ADDRESS) or b""),
                logon=parse_logon(_asked(wts, number, _SESSION_INFO) or b""),
            )
            for number, state in _sessions(wts)
        ]

    def identifying(self) -> Iterable[str]:
        yield from filter(None, (self.user, self.client))


def parse_sessions(data: bytes, count: int) -> list[tuple[int, int]]:
    """Returns number and state of each session of an array of WTS_SESSION_INFOW."""
    size = ctypes.sizeof(SessionInfo)
    whole = min(count, len(data) // size, _MAX_SESSIONS)
    rows = (SessionInfo.from_buffer_copy(data, number * size) for number in range(whole))
    return [(row.number, row.state) for row in rows]


def parse_address(data: bytes) -> str:
    """Returns the address of a WTS_CLIENT_ADDRESS; "" for none, for zeros and for other families.

    An IPv4 address stands two bytes after the start of its field, an IPv6 one at the start.
    """
    if len(data) < ctypes.sizeof(ClientAddress):
        return ""
    found = ClientAddress.from_buffer_copy(data)
    raw = bytes(found.address)
    if found.family == _AF_INET and any(raw[2:6]):
        return ".".join(map(str, raw[2:6]))
    if found.family == _AF_INET6 and any(raw[:16]):
        return ipaddress.IPv6Address(raw[:16]).compressed
    return ""


def parse_logon(data: bytes) -> float:
    """Returns the logon time of a WTSINFOW, seconds since 1970; 0 for none and for what is too short."""
    if len(data) < ctypes.sizeof(WtsInfo):
        return 0.0
    logon = WtsInfo.from_buffer_copy(data).logon
    return max(0.0, int(logon) / 1e7 - FILETIME_EPOCH)


def session_states() -> list[tuple[int, int]]:
    """Returns number and state of each session; raises HostError's children."""
    wts = library("wtsapi32")
    _declare(wts)
    return _sessions(wts)


def _sessions(wts: Any) -> list[tuple[int, int]]:
    found, count = c_void_p(), c_uint32()
    if not wts.WTSEnumerateSessionsW(None, 0, 1, ctypes.byref(found), ctypes.byref(count)):
        raise error_of(last_error(), "sessions")
    if not found.value:
        raise SourceBroken("sessions: the system gave no list")
    try:
        whole = min(count.value, _MAX_SESSIONS)
        return parse_sessions(ctypes.string_at(found.value, whole * ctypes.sizeof(SessionInfo)), whole)
    finally:
        wts.WTSFreeMemory(found)


def _asked(wts: Any, session: int, what: int) -> bytes | None:
    """Returns an answer about a session; None when it is refused, b"" when the session has gone."""
    found, size = c_void_p(), c_uint32()
    if not wts.WTSQuerySessionInformationW(None, session, what, ctypes.byref(found), ctypes.byref(size)):
        problem: HostError = error_of(last_error(), "session")
        return b"" if isinstance(problem, Missing) else None
    if not found.value:
        return None
    try:
        return ctypes.string_at(found.value, min(size.value, _MAX_ANSWER))
    finally:
        wts.WTSFreeMemory(found)


def _text(data: bytes | None) -> str | None:
    return None if data is None else wide_text(data)


def _number(data: bytes | None) -> int | None:
    return int.from_bytes(data[:2], "little") if data and len(data) >= 2 else None


def _declare(wts: Any) -> None:
    wts.WTSEnumerateSessionsW.argtypes = (c_void_p, c_uint32, c_uint32, c_void_p, c_void_p)
    wts.WTSEnumerateSessionsW.restype = c_int32
    wts.WTSQuerySessionInformationW.argtypes = (c_void_p, c_uint32, c_uint32, c_void_p, c_void_p)
    wts.WTSQuerySessionInformationW.restype = c_int32
    wts.WTSFreeMemory.argtypes, wts.WTSFreeMemory.restype = (c_void_p,), None
