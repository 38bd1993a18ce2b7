"""Mains, battery and lid.

Source: learn.microsoft.com, GetSystemPowerStatus, CallNtPowerInformation (SystemPowerCapabilities),
IOCTL_BATTERY_QUERY_INFORMATION, "Power Setting GUIDs" and PowerSettingRegisterNotification: its callback is given the
current value at once, which is the only documented way to ask whether the lid is open. Who holds the system awake has
none: `powercfg /requests` asks a call whose answer is laid out anew by each version of Windows.
"""

import ctypes
import threading
from ctypes import c_int32, c_uint8, c_uint32, c_void_p
from typing import Any, ClassVar

from ..protocol import HostError
from ..row import Row
from .devices import interfaces
from .library import error_of, last_error, library

#: GUID_DEVICE_BATTERY (batclass.h)
BATTERIES = "72631e54-78a4-11d0-bcf7-00aa00b7b32a"
#: GUID_LIDSWITCH_STATE_CHANGE (winnt.h) as Windows keeps it.
LID_SWITCH = bytes.fromhex("4d0f3eba17b89440a2d1d56379e6a0f3")
#: IOCTL_BATTERY_QUERY_TAG and _QUERY_INFORMATION (poclass.h): CTL_CODE(0x29, 0x10 or 0x11, buffered, read access).
QUERY_TAG, QUERY_INFORMATION = 0x294040, 0x294044
_GENERIC_READ = 0x80000000
_SYSTEM_POWER_CAPABILITIES = 4
_NOTIFY_CALLBACK, _SETTING_CHANGE = 2, 0x8013
#: A driver that does not know its lid yet never calls back.
_LID_SECONDS = 0.3
_MAX_BATTERIES = 8


class SystemPowerStatus(ctypes.Structure):
    """SYSTEM_POWER_STATUS (winbase.h)."""

    _fields_ = (
        ("ac", c_uint8),
        ("flag", c_uint8),
        ("percent", c_uint8),
        ("saver", c_uint8),
        ("life", c_uint32),
        ("full_life", c_uint32),
    )


class SystemPowerCapabilities(ctypes.Structure):
    """SYSTEM_POWER_CAPABILITIES (winnt.h)."""

    _fields_ = (
        ("power_button", c_uint8),
        ("sleep_button", c_uint8),
        ("lid", c_uint8),
        ("others", c_uint8 * 27),
        ("batteries", c_uint8),
        ("short_term", c_uint8),
        ("scale", c_uint32 * 6),
        ("wakes", c_uint32 * 5),
    )


class BatteryQueryInformation(ctypes.Structure):
    """BATTERY_QUERY_INFORMATION (poclass.h)."""

    _fields_ = (("tag", c_uint32), ("level", c_uint32), ("rate", c_int32))


class BatteryInformation(ctypes.Structure):
    """BATTERY_INFORMATION (poclass.h)."""

    _fields_ = (
        ("capabilities", c_uint32),
        ("technology", c_uint8),
        ("reserved", c_uint8 * 3),
        ("chemistry", c_uint8 * 4),
        ("designed", c_uint32),
        ("full", c_uint32),
        ("alert1", c_uint32),
        ("alert2", c_uint32),
        ("bias", c_uint32),
        ("cycles", c_uint32),
    )


class PowerStatus(Row, frozen=True, kw_only=True, omit_defaults=True):
    """The machine's power.

    ac, flag, percent  as in SYSTEM_POWER_STATUS: 0 off, 1 on; 128 no battery; 255 not known
    saver              its SystemStatusFlag: 1 while battery saver is on
    has_lid            null when the system does not say
    lid                `open` or `closed`; "" when it does not say
    """

    table: ClassVar[str] = "windows_power"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    ac: int = 255
    flag: int = 255
    percent: int = 255
    saver: int = 0
    has_lid: bool | None = None
    lid: str = ""

    @classmethod
    def live(cls, of: str) -> "list[PowerStatus]":
        ask = library("kernel32").GetSystemPowerStatus
        ask.argtypes, ask.restype = (c_void_p,), c_int32
        status = SystemPowerStatus()
        if not ask(ctypes.byref(status)):
            raise error_of(last_error(), "power")
        has_lid = _has_lid()
        lid = _lid() if has_lid else ""
        return [
            cls(
                ac=status.ac,
                flag=status.flag,
                percent=status.percent,
                saver=status.saver,
                has_lid=has_lid,
                lid=lid,
            )
        ]


class Battery(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A battery.

    capabilities  of BATTERY_INFORMATION: bit 31 a battery of the system, bit 29 one of a UPS
    cycles        0 where it does not count
    problem       why it could not be asked: `not_permitted` or `broken`; "" when it was
    """

    table: ClassVar[str] = "windows_battery"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    capabilities: int = 0
    cycles: int = 0
    problem: str = ""

    @classmethod
    def live(cls, of: str) -> "list[Battery]":
        return [row for path in interfaces(BATTERIES, "")[:_MAX_BATTERIES] if (row := _battery(path)) is not None]


def parse_battery(data: bytes) -> Battery:
    """Returns what a BATTERY_INFORMATION says; one that is cut is broken."""
    if len(data) < ctypes.sizeof(BatteryInformation):
        return Battery(problem="broken")
    info = BatteryInformation.from_buffer_copy(data)
    # Drivers give all ones for "not known" as well.
    return Battery(capabilities=info.capabilities, cycles=0 if info.cycles > 100_000 else info.cycles)


def parse_lid(data: bytes) -> str:
    """Returns what a POWERBROADCAST_SETTING says of the lid: a GUID, a length and 0 for closed or 1 for open."""
    if len(data) < 24 or data[:16] != LID_SWITCH or int.from_bytes(data[16:20], "little") != 4:
        return ""
    return {0: "closed", 1: "open"}.get(int.from_bytes(data[20:24], "little"), "")


def _has_lid() -> bool | None:
    try:
        ask = library("powrprof").CallNtPowerInformation
    except HostError:
        return None
    ask.argtypes, ask.restype = (c_int32, c_void_p, c_uint32, c_void_p, c_uint32), c_int32
    found = SystemPowerCapabilities()
    code = ask(_SYSTEM_POWER_CAPABILITIES, None, 0, ctypes.byref(found), ctypes.sizeof(found))
    return None if code else bool(found.lid)


_told: list[str] = []
_answered = threading.Event()
_callback: Any = None


def _on_setting(_context: int | None, kind: int, setting: int | None) -> int:
    if kind == _SETTING_CHANGE and setting:
        _told.append(parse_lid(ctypes.string_at(setting, 24)))
        _answered.set()
    return 0


def _lid() -> str:
    """Returns `open` or `closed`, asked by registering for changes and leaving again; "" when nothing is told."""
    global _callback  # noqa: PLW0603 (a call that is under way while we leave must still find it)
    try:
        power = library("powrprof")
        register, leave = power.PowerSettingRegisterNotification, power.PowerSettingUnregisterNotification
    except (HostError, AttributeError):
        return ""
    register.argtypes, register.restype = (c_void_p, c_uint32, c_void_p, c_void_p), c_uint32
    leave.argtypes, leave.restype = (c_void_p,), c_uint32
    if _callback is None:
        kind = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
        _callback = kind(c_uint32, c_void_p, c_uint32, c_void_p)(_on_setting)
    _told.clear()
    _answered.clear()
    # DEVICE_NOTIFY_SUBSCRIBE_PARAMETERS (powerbase.h): callback and context.
    parameters = (c_void_p * 2)(ctypes.cast(_callback, c_void_p).value, None)
    handle = c_void_p()
    key = (c_uint8 * 16)(*LID_SWITCH)
    if register(key, _NOTIFY_CALLBACK, ctypes.byref(parameters), ctypes.byref(handle)):
        return ""
    try:
        _answered.wait(_LID_SECONDS)
    finally:
        leave(handle)
    return _told[-1] if _told else ""


def _battery(path: str) -> Battery | None:
    """Returns a battery; None for an empty bay, whose tag cannot be asked."""
    kernel = library("kernel32")
    create, control, close = kernel.CreateFileW, kernel.DeviceIoControl, kernel.CloseHandle
    create.argtypes, create.restype = (
        (ctypes.c_wchar_p, c_uint32, c_uint32, c_void_p, c_uint32, c_uint32, c_void_p),
        c_void_p,
    )
    control.argtypes = (c_void_p, c_uint32, c_void_p, c_uint32, c_void_p, c_uint32, c_void_p, c_void_p)
    control.restype = c_int32
    close.argtypes, close.restype = (c_void_p,), c_int32
    handle = create(path, _GENERIC_READ, 3, None, 3, 0, None)
    if handle is None or handle == c_void_p(-1).value:
        return Battery(problem="not_permitted" if last_error() == 5 else "broken")
    try:
        wait, tag, size = c_uint32(0), c_uint32(), c_uint32()
        answer = (ctypes.byref(tag), 4, ctypes.byref(size), None)
        if not control(handle, QUERY_TAG, ctypes.byref(wait), 4, *answer) or not tag.value:
            return None
        query, info = BatteryQueryInformation(tag.value, 0, 0), BatteryInformation()
        answer = (ctypes.byref(info), ctypes.sizeof(info), ctypes.byref(size), None)
        if not control(handle, QUERY_INFORMATION, ctypes.byref(query), ctypes.sizeof(query), *answer):
            return Battery(problem="broken")
        return parse_battery(bytes(info)[: size.value])
    finally:
        close(handle)
