r"""Raw Input: what its messages tell in a user's session of where input comes from.

Of a keyboard's message only the header is fetched (RID_HEADER: kind and device); what key it was never reaches this
process's memory. Of a mouse's message the flags are looked at, because they tell absolute from relative; where it
moved to is thrown away with the buffer. Of a touchpad's own reports only the header is fetched, too.

A message without a device was made by a program (SendInput and its like), but for the pointer of a precision
touchpad, whose messages have none either (RAWINPUTHEADER, remarks). So touchpads' own reports are listened to
beside: a pointer without a device in a second in which a touchpad spoke is the touchpad's. Where a touchpad cannot be
heard, it is told as `other` and never as injected. So is a pointer without a device where there is a touch screen or
a pen: Windows makes mouse messages of them, which bear no sure mark (libsdl-org/SDL issue 3325; learn.microsoft.com,
"System Events and Mouse Messages", and question 285548 there). To listen to those as well might take their input from
other programs, so nobody does.

Source: learn.microsoft.com, "Raw Input", RAWINPUTHEADER, RAWMOUSE, RAWINPUTDEVICE, RID_DEVICE_INFO,
RegisterRawInputDevices; "HID Usages" for pages and usages; "Identifiers for Bluetooth Devices" and "USB identifiers"
for the forms of names.
"""

import ctypes
import re

import msgspec

from ..input_counts import InputSource
from ..protocol import NotSupported
from .devices import parent_of
from .library import error_of, last_error, library

MOUSE, KEYBOARD, HID = 0, 1, 2
KINDS = {MOUSE: "mouse", KEYBOARD: "keyboard", HID: "hid"}
MOUSE_MOVE_ABSOLUTE = 0x01
#: Usage page and usage: generic desktop's mouse and keyboard, the digitizer page's touchpad.
MICE, KEYBOARDS, TOUCHPADS = (0x01, 0x02), (0x01, 0x06), (0x0D, 0x05)
#: Tablets, pens in screens, touch screens.
TOUCH = frozenset({(0x0D, 0x01), (0x0D, 0x02), (0x0D, 0x04)})
_DEVICE_NAME, _DEVICE_INFO = 0x20000007, 0x2000000B
_MAX_DEVICES, _MAX_NAME = 512, 1024
_FAILED = 0xFFFFFFFF

_USB = re.compile(r"VID_([0-9A-F]{4})&PID_([0-9A-F]{4})", re.IGNORECASE)
#: A Bluetooth service's id, then VID&<who gave out the id><id>_PID&<id>.
_BLUETOOTH = re.compile(r"\{0000(?:1124|1812)-0000-1000-8000-00805f9b34fb\}", re.IGNORECASE)
_BLUETOOTH_IDS = re.compile(r"VID&(?:[0-9A-F]{2}|[0-9A-F]{4})([0-9A-F]{4})_PID&([0-9A-F]{4})", re.IGNORECASE)
#: How firmware names a device: PNP and three or four letters, then four digits: PNP0303, SYNA2393, ELAN0001.
#: Surface's own keyboards and touchpads hang on its controller (linux-surface/surface-aggregator-module issue 42).
_SURFACE = re.compile(r"TARGET_(?:KIP|SAM)&CATEGORY_HID", re.IGNORECASE)
_FIRMWARE = re.compile(r"[A-Z]{3,4}[0-9A-F]{4}(?:&|\Z)", re.IGNORECASE)


class RAWINPUTHEADER(ctypes.Structure):
    """RAWINPUTHEADER (winuser.h)."""

    _fields_ = (
        ("dwType", ctypes.c_uint32),
        ("dwSize", ctypes.c_uint32),
        ("hDevice", ctypes.c_void_p),
        ("wParam", ctypes.c_size_t),
    )


class RAWINPUTDEVICE(ctypes.Structure):
    """RAWINPUTDEVICE (winuser.h)."""

    _fields_ = (
        ("usUsagePage", ctypes.c_uint16),
        ("usUsage", ctypes.c_uint16),
        ("dwFlags", ctypes.c_uint32),
        ("hwndTarget", ctypes.c_void_p),
    )


class RAWINPUTDEVICELIST(ctypes.Structure):
    """RAWINPUTDEVICELIST (winuser.h)."""

    _fields_ = (("hDevice", ctypes.c_void_p), ("dwType", ctypes.c_uint32))


class RID_DEVICE_INFO_HID(ctypes.Structure):  # noqa: N801 (Windows's own name)
    """RID_DEVICE_INFO_HID (winuser.h)."""

    _fields_ = (
        ("dwVendorId", ctypes.c_uint32),
        ("dwProductId", ctypes.c_uint32),
        ("dwVersionNumber", ctypes.c_uint32),
        ("usUsagePage", ctypes.c_uint16),
        ("usUsage", ctypes.c_uint16),
    )


class RID_DEVICE_INFO(ctypes.Structure):  # noqa: N801 (Windows's own name)
    """RID_DEVICE_INFO (winuser.h), with the only member of its union that is looked at."""

    _fields_ = (
        ("cbSize", ctypes.c_uint32),
        ("dwType", ctypes.c_uint32),
        ("hid", RID_DEVICE_INFO_HID),
        # The union is as large as its largest member, the keyboard's six numbers.
        ("rest", ctypes.c_uint8 * 8),
    )


class LASTINPUTINFO(ctypes.Structure):
    """LASTINPUTINFO (winuser.h)."""

    _fields_ = (("cbSize", ctypes.c_uint32), ("dwTime", ctypes.c_uint32))


class RawInputDevice(msgspec.Struct, frozen=True, kw_only=True):
    r"""One device that gives input, as Raw Input tells of it.

    name   path of its interface: "\\?\HID#VID_046D&PID_C52B&MI_01&Col01#8&2f5c&0&0000#{378de44c-...}"
    kind   `mouse`, `keyboard` or `hid`
    usage_page, usage  of a `hid`; 0 for the others
    """

    name: str
    kind: str
    usage_page: int = 0
    usage: int = 0


def bus_of(name: str, above: str = "") -> str:
    """Returns the bus that a device's name tells of, as in `InputDevice`; `other` where it tells none.

    above  instance of the node that it hangs on: software may give its devices ids like those of USB devices
    """
    parts = name.removeprefix("\\\\?\\").upper().split("#")
    enumerator, device = parts[0], parts[1] if len(parts) > 1 else ""
    if "RDP_" in device or enumerator in ("TERMINPUT_BUS", "TS_INPT"):
        return "remote"
    if {enumerator, above.partition("\\")[0].upper()} & {"ROOT", "SWD"} or device.startswith("HID_DEVICE_SYSTEM_VHF"):
        return "virtual"
    if _BLUETOOTH.search(device) or enumerator in ("BTHENUM", "BTHLEDEVICE"):
        return "bluetooth"
    if _USB.match(device):
        return "usb"
    if enumerator in ("ACPI", "HID") and (_FIRMWARE.match(device) or _SURFACE.match(device)):
        return "builtin"
    return "builtin" if enumerator == "ACPI" else "other"


def ids_of(name: str) -> tuple[str, str]:
    """Returns vendor and product id that a device's name holds, lower hex; ("", "") when it holds none."""
    match = _USB.search(name) or _BLUETOOTH_IDS.search(name)
    return (match[1].lower(), match[2].lower()) if match else ("", "")


class Heard(msgspec.Struct, kw_only=True):
    """What was heard in one second.

    touchpad  source of the touchpad that spoke; None when none did
    deaf      there is a touchpad whose own reports cannot be heard, or a touch screen or pen, to which nobody listens
    """

    deaf: bool = False
    touchpad: InputSource | None = None
    devices: set[InputSource] = set()
    orphan: bool = False

    def add(self, kind: int, source: InputSource | None, *, absolute: bool | None = None) -> None:
        """Takes one message: its kind, and the source of its device, None for a message without one."""
        if source is None:
            if kind == KEYBOARD:
                self.devices.add(InputSource(bus="injected", function="keyboard"))
            elif kind == MOUSE:
                self.orphan = True
        elif kind == HID:
            self.touchpad = source
        else:
            self.devices.add(msgspec.structs.replace(source, absolute=absolute if kind == MOUSE else False))

    def sources(self) -> set[InputSource]:
        """Returns which sources gave input."""
        found = set(self.devices)
        if self.touchpad is not None:
            found.add(self.touchpad)
        elif self.orphan:
            found.add(InputSource(bus="other" if self.deaf else "injected", function="pointer"))
        return found


def source_of(row: RawInputDevice, above: str = "") -> InputSource:
    """Returns where a device's input is counted; `above` as in `bus_of`."""
    vendor, product = ids_of(row.name)
    function = "keyboard" if row.kind == "keyboard" else "pointer"
    bus = bus_of(row.name, above)
    # A touchpad is the laptop's own unless it came over a cable or the air.
    bus = "builtin" if row.kind == "hid" and bus == "other" else bus
    return InputSource(bus=bus, function=function, absolute=None if row.kind == "mouse" else False,
                       vendor_id=vendor, product_id=product)  # fmt: skip


def listed() -> list[tuple[int, int]]:
    """Returns handle and kind of each input device; raises HostError's children."""
    ask = library("user32").GetRawInputDeviceList
    ask.restype = ctypes.c_uint32
    ask.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32]
    size = ctypes.sizeof(RAWINPUTDEVICELIST)
    # A device that comes between counting and listing makes the call fail; the buffer leaves room for many.
    count = ctypes.c_uint32(_MAX_DEVICES)
    found = (RAWINPUTDEVICELIST * _MAX_DEVICES)()
    filled = ask(found, ctypes.byref(count), size)
    if filled == _FAILED:
        raise error_of(last_error(), "the list of input devices")
    return [(int(each.hDevice or 0), int(each.dwType)) for each in found[: min(filled, _MAX_DEVICES)]]


def described(handle: int, kind: int) -> RawInputDevice | None:
    """Returns what a device is; None when it is gone."""
    ask = library("user32").GetRawInputDeviceInfoW
    ask.restype = ctypes.c_uint32
    ask.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p]
    # Of a name the size counts characters, of the rest bytes.
    length = ctypes.c_uint32(_MAX_NAME)
    units = (ctypes.c_uint16 * _MAX_NAME)()
    written = ask(handle, _DEVICE_NAME, units, ctypes.byref(length))
    if written in (0, _FAILED):
        return None
    name = bytes(units)[: 2 * min(written, _MAX_NAME)].decode("utf-16-le", "replace").split("\0")[0]
    page = usage = 0
    if kind == HID:
        info = RID_DEVICE_INFO(cbSize=ctypes.sizeof(RID_DEVICE_INFO))
        length = ctypes.c_uint32(ctypes.sizeof(info))
        if ask(handle, _DEVICE_INFO, ctypes.byref(info), ctypes.byref(length)) not in (0, _FAILED):
            page, usage = int(info.hid.usUsagePage), int(info.hid.usUsage)
    return RawInputDevice(name=name, kind=KINDS.get(kind, ""), usage_page=page, usage=usage)


def sources_by_handle() -> dict[int, InputSource]:
    """Returns the source of every keyboard, mouse and touchpad, by handle."""
    found: dict[int, InputSource] = {}
    for handle, kind in listed():
        row = described(handle, kind)
        if row is not None and (kind in (MOUSE, KEYBOARD) or (row.usage_page, row.usage) == TOUCHPADS):
            found[handle] = source_of(row, parent_of(_instance(row.name)))
    return found


def has_touch() -> bool:
    """Whether there is a touch screen or a pen."""
    rows = (described(handle, kind) for handle, kind in listed() if kind == HID)
    return any((row.usage_page, row.usage) in TOUCH for row in rows if row is not None)


def _instance(name: str) -> str:
    """Returns the instance of the device whose interface has that path."""
    return "\\".join(name.removeprefix("\\\\?\\").split("#")[:3])


def idle_seconds() -> float:
    """Returns seconds since the session's last input (GetLastInputInfo), where Raw Input cannot be had."""
    user, kernel = library("user32"), library("kernel32")
    info = LASTINPUTINFO(cbSize=ctypes.sizeof(LASTINPUTINFO))
    user.GetLastInputInfo.restype = ctypes.c_int32
    user.GetLastInputInfo.argtypes = [ctypes.c_void_p]
    kernel.GetTickCount.restype = ctypes.c_uint32
    kernel.GetTickCount.argtypes = []
    if not user.GetLastInputInfo(ctypes.byref(info)):
        raise NotSupported("the user's session tells no time of its last input")
    # Both count milliseconds in 32 bits and begin again after 49.7 days.
    return float((kernel.GetTickCount() - info.dwTime) & 0xFFFFFFFF) / 1000
