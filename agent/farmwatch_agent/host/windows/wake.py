"""Windows's events: interfaces of devices that come or go, and the list of sessions.

Source: learn.microsoft.com, CM_Register_Notification, CM_NOTIFY_FILTER, CM_NOTIFY_EVENT_DATA; it needs no window, so it
works in a service. Notices of sessions do need one (WTSRegisterSessionNotification) or a service's control handler, so
the list of sessions is compared every few seconds. Sizes and offsets were measured with mingw-w64's cfgmgr32.h.

Unproven on Windows: all of it, until it has run on one.
"""

import ctypes
import struct
import sys
import threading
import time
from collections.abc import Callable
from ctypes import c_uint32, c_void_p
from typing import Any

from ..protocol import HostError, NotSupported, SourceBroken
from ..wake import POLL_SECONDS
from .library import library
from .terminal import session_states

#: sizeof(CM_NOTIFY_FILTER): four DWORDs and 200 WCHARs; the flag for all interface classes; type DEVICEINTERFACE.
_FILTER_BYTES, _ALL_CLASSES, _DEVICE_INTERFACE = 416, 0x1, 0
FILTER = struct.pack("<IIII", _FILTER_BYTES, _ALL_CLASSES, _DEVICE_INTERFACE, 0).ljust(_FILTER_BYTES, b"\0")
#: CM_NOTIFY_ACTION_DEVICEINTERFACEARRIVAL and -REMOVAL.
_ACTIONS = frozenset({0, 1})
#: The class's GUID stands at offset 8 of CM_NOTIFY_EVENT_DATA, behind type and a reserved DWORD.
_CLASS_AT, _GUID_BYTES = 8, 16

#: Device interface class -> word. usbiodef.h, ntddvdeo.h, hidclass.h, ntddkbd.h, ntddmou.h, ndisguid.h, bthdef.h,
#: batclass.h.
CLASSES: dict[str, str] = {
    "a5dcbf10-6530-11d2-901f-00c04fb951ed": "usb",
    "e6f07b5f-ee97-4a90-b076-33f57bf4eaa7": "drm",
    "4d1e55b2-f16f-11cf-88cb-001111000030": "hid",
    "884b96c3-56ef-11d1-bc8c-00a0c91405dd": "input",
    "378de44c-56ef-11d1-bc8c-00a0c91405dd": "input",
    "cac88484-7515-4c03-82e6-71a87abac361": "net",
    "0850302a-b344-4fda-9be9-90576b8d46f0": "bluetooth",
    "72631e54-78a4-11d0-bcf7-00aa00b7b32a": "power_supply",
}


def word_of(data: bytes) -> str:
    """Returns the word of a CM_NOTIFY_EVENT_DATA about a device interface; "" for a class that wakes nobody."""
    raw = data[_CLASS_AT : _CLASS_AT + _GUID_BYTES]
    if len(raw) < _GUID_BYTES or struct.unpack_from("<I", data)[0] != _DEVICE_INTERFACE:
        return ""
    first, second, third = struct.unpack_from("<IHH", raw)
    rest = raw[8:].hex()
    return CLASSES.get(f"{first:08x}-{second:04x}-{third:04x}-{rest[:4]}-{rest[4:]}", "")


class Events:
    """What came since the last look. The system calls `heard` from a thread of its own.

    sessions  returns number and state of each session
    """

    def __init__(self, sessions: Callable[[], list[tuple[int, int]]]) -> None:
        self._sessions = sessions
        self._known = self._look()
        self._came = threading.Event()
        self._words: set[str] = set()
        self._lock = threading.Lock()
        self._looked_at = time.monotonic()

    def heard(self, action: int, data: bytes) -> None:
        """Takes one notice."""
        word = word_of(data) if action in _ACTIONS else ""
        if word:
            with self._lock:
                self._words.add(word)
            self._came.set()

    def poll(self, seconds: float) -> frozenset[str]:
        """Waits at most so long for a notice and returns the words of all that came."""
        if seconds:
            self._came.wait(seconds)
        with self._lock:
            words, self._words = self._words, set()
            self._came.clear()
        if not seconds or time.monotonic() - self._looked_at >= POLL_SECONDS / 2:
            self._looked_at = time.monotonic()
            now = self._look()
            if now != self._known:
                self._known = now
                words.add("session")
        return frozenset(words)

    def _look(self) -> list[tuple[int, int]]:
        try:
            return sorted(self._sessions())
        except HostError:
            return []


#: What the system calls and was given; kept for as long as the process lives, because it may call at any moment.
_kept: list[Any] = []


def open_events() -> Callable[[float], frozenset[str]]:
    """Returns the waiting function; raises HostError where notices cannot be had."""
    if sys.platform != "win32":
        raise NotSupported("only Windows has these notices")
    manager = library("cfgmgr32")
    events = Events(session_states)

    def called(_handle: int, _context: int, action: int, data: int, size: int) -> int:
        # An exception cannot leave a callback, and a size is the system's own.
        events.heard(action, ctypes.string_at(data, min(size, _CLASS_AT + _GUID_BYTES)) if data else b"")
        return 0

    kind = ctypes.WINFUNCTYPE(c_uint32, c_void_p, c_void_p, c_uint32, c_void_p, c_uint32)
    callback, handle = kind(called), c_void_p()
    manager.CM_Register_Notification.argtypes = (c_void_p, c_void_p, kind, c_void_p)
    manager.CM_Register_Notification.restype = c_uint32
    wanted = ctypes.create_string_buffer(FILTER, _FILTER_BYTES)
    _kept.extend((callback, handle))
    answer = manager.CM_Register_Notification(wanted, None, callback, ctypes.byref(handle))
    if answer:
        raise SourceBroken(f"notices of devices: configuration manager error {answer}")
    return events.poll
