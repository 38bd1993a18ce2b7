"""Listens to Raw Input in a user's session: a window that nobody sees, and once a second what gave input.

A mouse that reports 8,000 times a second would cost more than all else together; so mice and touchpads are listened
to until a few messages came in a second, then not until the next. Keyboards are slow, and listened to always.

Source: learn.microsoft.com, "Using Raw Input", RegisterRawInputDevices (RIDEV_INPUTSINK, RIDEV_DEVNOTIFY,
RIDEV_REMOVE), GetRawInputData, "Message-Only Windows", MsgWaitForMultipleObjectsEx. Shown under Wine only.
"""

import ctypes
import threading
import time
from itertools import pairwise
from typing import Any

import msgspec

from ..input_counts import InputDayCounts, InputSource
from ..input_watch import InputCounter
from ..protocol import HostError, NotSupported
from .library import error_of, last_error, library
from .raw_input import (
    KEYBOARD,
    KEYBOARDS,
    MICE,
    MOUSE,
    MOUSE_MOVE_ABSOLUTE,
    RAWINPUTDEVICE,
    RAWINPUTHEADER,
    TOUCHPADS,
    Heard,
    has_touch,
    idle_seconds,
    sources_by_handle,
)

IDLE_SECONDS = 60.0
#: Messages of mice and touchpads that are taken in a second, and while gaps are measured.
ENOUGH, MOST_GAPS = 8, 256
WINDOW_EVERY_SECONDS = 30.0
_WM_INPUT_DEVICE_CHANGE, _WM_INPUT = 0x00FE, 0x00FF
_INPUTSINK, _DEVNOTIFY, _REMOVE = 0x00000100, 0x00002000, 0x00000001
_RID_INPUT, _RID_HEADER = 0x10000003, 0x10000005
_HWND_MESSAGE = -3
_PM_REMOVE, _QS_ALLINPUT, _MWMO_INPUTAVAILABLE = 1, 0x04FF, 0x0004
_BUFFER_BYTES = 1024
_FAILED = 0xFFFFFFFF


class POINT(ctypes.Structure):
    """POINT (windef.h)."""

    _fields_ = (("x", ctypes.c_int32), ("y", ctypes.c_int32))


class MSG(ctypes.Structure):
    """MSG (winuser.h)."""

    _fields_ = (
        ("hwnd", ctypes.c_void_p),
        ("message", ctypes.c_uint32),
        ("wParam", ctypes.c_size_t),
        ("lParam", ctypes.c_ssize_t),
        ("time", ctypes.c_uint32),
        ("pt", POINT),
    )


class Message(msgspec.Struct, frozen=True):
    """One message: kind and device of its header, and of a mouse whether it gave an absolute position."""

    kind: int
    device: int
    absolute: bool | None = None


class SessionWatcher:
    """Watches the input of a user's session, in the thread that calls `open` and `run`."""

    def __init__(self, kept: list[InputDayCounts], *, timing: bool = False) -> None:
        self.counter = InputCounter("raw_input", time.time(), time.monotonic(), kept)
        self._timing = timing
        self._sources: dict[int, InputSource] = {}
        self._deaf = False
        self._touch = False
        self._list_at = 0.0
        self._window = 0
        self._stopped = False

    def open(self) -> None:
        """Begins to listen; raises HostError when it cannot."""
        self._window = _message_window()
        # Notices come for all devices anew at each registration, and so with the one that lasts.
        self._listen(KEYBOARDS, _INPUTSINK | _DEVNOTIFY)
        self._listen(MICE, _INPUTSINK)
        try:
            self._listen(TOUCHPADS, _INPUTSINK)
        except HostError:
            self._deaf = True
        self._list()

    def run(self) -> None:
        """Listens until `stop`."""
        next_window = 0.0
        try:
            while not self._stopped:
                if not _wait(IDLE_SECONDS):
                    self.counter.tick(time.time(), time.monotonic())
                    continue
                timed = self._timing and time.monotonic() >= next_window
                if timed:
                    next_window = time.monotonic() + WINDOW_EVERY_SECONDS
                self._second(timed=timed)
        finally:
            _typed("DestroyWindow", ctypes.c_int32, ctypes.c_void_p)(self._window)

    def refresh(self) -> None:
        return

    def stop(self) -> None:
        self._stopped = True

    def _second(self, *, timed: bool) -> None:
        """Gathers what comes within a second."""
        heard = Heard(deaf=self._deaf or self._touch)
        times: dict[InputSource, list[float]] = {}
        end = time.monotonic() + 1.0
        taken, listening = 0, True
        while (left := end - time.monotonic()) > 0:
            for message in self._messages():
                source = self._source(message)
                if message.device and source is None:
                    continue
                heard.add(message.kind, source, absolute=message.absolute)
                taken += message.kind != KEYBOARD
                if source is not None and self._timing:
                    times.setdefault(source, []).append(time.monotonic())
            if listening and taken >= (MOST_GAPS if timed else ENOUGH):
                self._listen_to_pointers(_REMOVE)
                listening = False
            _wait(left)
        if not listening:
            self._listen_to_pointers(_INPUTSINK)
        self._tell(heard, times, timed=timed)

    def _source(self, message: Message) -> InputSource | None:
        if not message.device:
            return None
        if message.device not in self._sources and time.monotonic() >= self._list_at:
            # A mouse that came since: its coming is told by nothing but its first move.
            self._list_at = time.monotonic() + 1.0
            self._list()
        source = self._sources.get(message.device)
        if source is None or message.kind != MOUSE:
            return source
        return msgspec.structs.replace(source, absolute=message.absolute)

    def _tell(self, heard: Heard, times: dict[InputSource, list[float]], *, timed: bool) -> None:
        wall = time.time()
        for source, moments in times.items():
            self.counter.heard(wall, source, moments[0], moments[-1])
            if timed:
                self.counter.gaps(wall, source, [1000 * (b - a) for a, b in pairwise(moments)])
        self.counter.tick(wall, time.monotonic(), heard.sources())

    def _messages(self) -> list[Message]:
        """Returns the messages that wait, at most as many as are worth a look."""
        found: list[Message] = []
        message = MSG()
        peek = _typed("PeekMessageW", ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32,
                      ctypes.c_uint32, ctypes.c_uint32)  # fmt: skip
        default = _typed("DefWindowProcW", ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_size_t,
                         ctypes.c_ssize_t)  # fmt: skip
        while len(found) < MOST_GAPS and peek(ctypes.byref(message), None, 0, 0, _PM_REMOVE):
            if message.message == _WM_INPUT:
                told = header_of(message.lParam)
                if told is not None:
                    found.append(told)
            elif message.message == _WM_INPUT_DEVICE_CHANGE:
                self._list()
            # Windows frees the message's data there.
            default(message.hwnd, message.message, message.wParam, message.lParam)
        return found

    def _list(self) -> None:
        self._sources, self._touch = sources_by_handle(), has_touch()

    def _listen_to_pointers(self, flags: int) -> None:
        self._listen(MICE, flags)
        if not self._deaf:
            self._listen(TOUCHPADS, flags)

    def _listen(self, what: tuple[int, int], flags: int) -> None:
        device = RAWINPUTDEVICE(
            usUsagePage=what[0], usUsage=what[1], dwFlags=flags, hwndTarget=None if flags == _REMOVE else self._window
        )
        register = _typed("RegisterRawInputDevices", ctypes.c_int32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32)
        if not register(ctypes.byref(device), 1, ctypes.sizeof(device)):
            raise error_of(last_error(), "listening to input")


class IdleSession:
    """Where Raw Input cannot be had: how long ago the session was used, once a minute, and no sources."""

    def __init__(self, kept: list[InputDayCounts]) -> None:
        self.counter = InputCounter("idle_time", time.time(), time.monotonic(), kept)
        self._ended = threading.Event()

    def run(self) -> None:
        """Watches until `stop`."""
        while not self._ended.wait(IDLE_SECONDS):
            used = [InputSource(bus="other")] if idle_seconds() < IDLE_SECONDS else []
            self.counter.tick(time.time(), time.monotonic(), used, within=IDLE_SECONDS)

    def refresh(self) -> None:
        return

    def stop(self) -> None:
        self._ended.set()


def session_watcher(kept: list[InputDayCounts], *, timing: bool) -> SessionWatcher | IdleSession:
    """Returns what watches the user's session; raises HostError when nothing can."""
    watcher = SessionWatcher(kept, timing=timing)
    try:
        watcher.open()
    except HostError:
        idle_seconds()
        return IdleSession(kept)
    return watcher


def header_of(handle: int) -> Message | None:
    """Returns what a message says of itself; None when it is gone. Of a keyboard's only the header is fetched."""
    get = _typed("GetRawInputData", ctypes.c_uint32, ctypes.c_ssize_t, ctypes.c_uint32, ctypes.c_void_p,
                 ctypes.c_void_p, ctypes.c_uint32)  # fmt: skip
    header = RAWINPUTHEADER()
    size = ctypes.c_uint32(ctypes.sizeof(header))
    if get(handle, _RID_HEADER, ctypes.byref(header), ctypes.byref(size), ctypes.sizeof(header)) in (0, _FAILED):
        return None
    absolute = None
    if header.dwType == MOUSE:
        buffer = ctypes.create_string_buffer(_BUFFER_BYTES)
        size = ctypes.c_uint32(_BUFFER_BYTES)
        if get(handle, _RID_INPUT, buffer, ctypes.byref(size), ctypes.sizeof(header)) in (0, _FAILED):
            return None
        absolute = mouse_is_absolute(buffer.raw)
    return Message(int(header.dwType), int(header.hDevice or 0), absolute)


def mouse_is_absolute(data: bytes) -> bool:
    """Returns what the flags say with which RAWMOUSE begins, right after the header; nothing else of it is unpacked."""
    start = ctypes.sizeof(RAWINPUTHEADER)
    return bool(int.from_bytes(data[start : start + 2], "little") & MOUSE_MOVE_ABSOLUTE)


def session_number() -> int:
    """Returns the number of the session that this process is in; raises HostError's children."""
    kernel = library("kernel32")
    kernel.GetCurrentProcessId.restype = ctypes.c_uint32
    kernel.GetCurrentProcessId.argtypes = []
    kernel.ProcessIdToSessionId.restype = ctypes.c_int32
    kernel.ProcessIdToSessionId.argtypes = [ctypes.c_uint32, ctypes.c_void_p]
    number = ctypes.c_uint32()
    if not kernel.ProcessIdToSessionId(kernel.GetCurrentProcessId(), ctypes.byref(number)):
        raise error_of(last_error(), "this process's session")
    return int(number.value)


def _message_window() -> int:
    """Returns a window that only gets messages; its class is one that every Windows has."""
    make = _typed("CreateWindowExW", ctypes.c_void_p, ctypes.c_uint32, ctypes.c_wchar_p, ctypes.c_wchar_p,
                  ctypes.c_uint32, *(ctypes.c_int32,) * 4, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p,
                  ctypes.c_void_p)  # fmt: skip
    window = make(0, "STATIC", None, 0, 0, 0, 0, 0, _HWND_MESSAGE, None, None, None)
    if not window:
        raise NotSupported(f"no window can be made in the user's session: Windows error {last_error()}")
    return int(window)


def _wait(seconds: float) -> bool:
    """Waits for a message; returns whether one came."""
    wait = _typed("MsgWaitForMultipleObjectsEx", ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32,
                  ctypes.c_uint32, ctypes.c_uint32)  # fmt: skip
    return bool(wait(0, None, max(1, int(seconds * 1000)), _QS_ALLINPUT, _MWMO_INPUTAVAILABLE) == 0)


def _typed(name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(library("user32"), name)
    function.restype = result
    function.argtypes = list(arguments)
    return function
