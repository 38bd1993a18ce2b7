# ruff: noqa: E402, INP001, T201 (run inside Wine, never imported as a package; stdout is its answer)
"""The helper that counts input in a session, run inside Wine on input that SendInput makes.

`host input_session.py AGENT-FOLDERS` prints one JSON line: the devices, and the rows after a few seconds with moves and
keys. Wine gives what SendInput makes a device's handle, which Windows does not: injected input is not shown here.
"""

import ctypes
import importlib.util
import os
import struct
import sys

sys.path[:0] = sys.argv[1].split(":")

import msgspec

_spec = importlib.util.spec_from_file_location("windows_in_wine", os.path.join(os.path.dirname(__file__), "windows.py"))
assert _spec is not None
assert _spec.loader is not None
_windows = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_windows)
_windows.pretend()

from farmwatch_agent.host.windows import input_session, raw_input
from farmwatch_agent.host.windows.library import library

_MOVE, _UP = 0x0001, 0x0002
_KEY_A = 0x41


def send(kind: int, body: bytes) -> None:
    """Calls SendInput with one INPUT structure (winuser.h): 40 bytes, its kind and a union."""
    function = library("user32").SendInput
    function.restype = ctypes.c_uint32
    function.argtypes = [ctypes.c_uint32, ctypes.c_void_p, ctypes.c_int32]
    buffer = ctypes.create_string_buffer(struct.pack("<II", kind, 0) + body.ljust(32, b"\0"), 40)
    assert function(1, buffer, 40) == 1


def move() -> None:
    send(0, struct.pack("<iiIIIIQ", 5, 3, 0, _MOVE, 0, 0, 0))


def press() -> None:
    for flags in (0, _UP):
        send(1, struct.pack("<HHIIIQ", _KEY_A, 0x1E, flags, 0, 0, 0))


watcher = input_session.SessionWatcher([], timing=True)
watcher.open()
for second in range(4):
    for _ in range(20):
        move()
    if second < 2:
        press()
    watcher._second(timed=second == 0)
devices = [msgspec.to_builtins(raw_input.described(*device)) for device in raw_input.listed()]
rows = msgspec.to_builtins(watcher.counter.rows())
answer = {"session": input_session.session_number(), "idle": raw_input.idle_seconds(), "devices": devices, "rows": rows}
print(msgspec.json.encode(answer).decode())
