r"""The device list: what the configuration manager knows of devices that are there, and of those that were.

Source: learn.microsoft.com, CM_Get_Device_ID_ListW, CM_Locate_DevNodeW, CM_Get_DevNode_PropertyW and "Device
properties"; numbers as in cfgmgr32.h, devpkey.h and devpropdef.h. All of it may be asked by every user.
"""

import ctypes
import re
import struct
from collections.abc import Iterable
from typing import Any, ClassVar

from ..protocol import HostError, Missing, NotPermitted, NotSupported, SourceBroken
from ..row import Row
from . import registry
from .library import library
from .registry import FILETIME_EPOCH

#: Devices of one question, and what one of them may say.
_MAX_DEVICES = 4096
_MAX_LIST = 1 << 21
_MAX_PROPERTY = 1 << 14

_SUCCESS, _NO_SUCH_DEVNODE, _BUFFER_SMALL, _NO_SUCH_VALUE = 0x00, 0x0D, 0x1A, 0x25
_INVALID_DEVICE_ID, _NO_SUCH_KEY, _ACCESS_DENIED, _NOT_IMPLEMENTED = 0x1E, 0x2E, 0x33, 0x34
_GONE = frozenset({_NO_SUCH_DEVNODE, _NO_SUCH_VALUE, _INVALID_DEVICE_ID, _NO_SUCH_KEY, 0x05, 0x24, 0x37})
_BY_ENUMERATOR, _BY_CLASS = 0x001, 0x200
_PHANTOM = 1
#: Keys that stand for an enumerator and for a setup class.
_ENUM = r"HKLM\SYSTEM\CurrentControlSet\Enum"
_CLASS = r"HKLM\SYSTEM\CurrentControlSet\Control\Class"
_UINT32, _GUID, _FILETIME, _BOOLEAN, _STRING, _LIST, _INDIRECT = 0x07, 0x0D, 0x10, 0x11, 0x12, 0x2012, 0x19

_DEVICE = "a45c254e-df1c-4efd-8020-67d146a850e0"
_DATES = "83da6326-97a6-4088-9453-a1923f573b29"
#: Field of the row, category and number of the property (devpkey.h).
PROPERTIES: tuple[tuple[str, str, int], ...] = (
    ("description", _DEVICE, 2),
    ("hardware_ids", _DEVICE, 3),
    ("compatible_ids", _DEVICE, 4),
    ("service", _DEVICE, 6),
    ("setup_class", _DEVICE, 9),
    ("manufacturer", _DEVICE, 13),
    ("name", _DEVICE, 14),
    ("address", _DEVICE, 30),
    ("location_paths", _DEVICE, 37),
    ("reported", "540b947e-8b40-45bc-a8a2-6a0b894cbda2", 4),
    ("parent", "4340a6c5-93fa-4706-972c-7b648008a5a7", 8),
    ("last_parent", _DATES, 10),
    ("connected", _DATES, 15),
    ("container", "8c7ed206-3f8a-4827-b3ab-ae9e1faefc6c", 2),
    ("first_installed", _DATES, 101),
    ("last_arrival", _DATES, 102),
    ("last_removal", _DATES, 103),
)
_INTERFACE = re.compile(r"\{[0-9a-fA-F-]{36}\}\Z")
_ADDRESS = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{12}(?![0-9A-Fa-f])")
#: Their last part is a serial of the unit where the device gave one; elsewhere Windows counts.
_SHORTEST_SERIAL = 6
_WITH_SERIAL = ("USB", "USBSTOR", "SCSI")


class PropertyKey(ctypes.Structure):
    """DEVPROPKEY (devpropdef.h)."""

    _fields_ = (("category", ctypes.c_uint8 * 16), ("number", ctypes.c_uint32))


class WindowsDevice(Row, frozen=True, kw_only=True, omit_defaults=True):
    r"""One device node. `of` is an enumerator ("USB", "HID", "DISPLAY") or a setup class ("{4d36e968-...}").

    instance        "USB\VID_046D&PID_C31C\5&2C5E0D7A&0&3": enumerator, ids, and what tells units apart
    present         it is there; False for one that was
    hardware_ids, compatible_ids, service, setup_class, manufacturer, name, description, location_paths  as registered
    reported        what the device calls itself on its bus ("bus reported device description")
    address         on its bus: the port of the hub for USB devices; null when not known
    parent          instance of the node above; of one that is gone, the last that it was seen below (Windows 8 on)
    connected       a paired Bluetooth device is connected (a property without a name in devpkey.h, which tools for
                    battery levels use); null elsewhere
    container       id of the physical device it belongs to, lower case without braces
    first_installed, last_arrival, last_removal  seconds since 1970; 0 when not known
    problem         why this one could not be asked: `not_permitted`, `not_supported` or `broken`; then `instance` is
                    all there is, and whether it is there is not known
    """

    table: ClassVar[str] = "windows_device"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    instance: str
    present: bool = False
    hardware_ids: tuple[str, ...] = ()
    compatible_ids: tuple[str, ...] = ()
    service: str = ""
    setup_class: str = ""
    manufacturer: str = ""
    name: str = ""
    description: str = ""
    location_paths: tuple[str, ...] = ()
    reported: str = ""
    address: int | None = None
    parent: str = ""
    connected: bool | None = None
    container: str = ""
    first_installed: float = 0.0
    last_arrival: float = 0.0
    last_removal: float = 0.0
    problem: str = ""

    @property
    def enumerator(self) -> str:
        """What found it: "USB", "HID", "DISPLAY", "ROOT" ..."""
        return self.instance.partition("\\")[0].upper()

    @property
    def unit(self) -> str:
        """The last part of the instance: the serial of a USB device that has one, else what Windows made up."""
        return self.instance.rpartition("\\")[2]

    @classmethod
    def live(cls, of: str) -> "list[WindowsDevice]":
        manager = library("cfgmgr32")
        found = []
        for instance in _instances(manager, of)[:_MAX_DEVICES]:
            try:
                found.append(_device(manager, instance))
            except Missing:
                continue  # removed for good between two looks
            except HostError as error:
                found.append(cls(instance=instance, problem=_problem(error)))
        return found

    def identifying(self) -> Iterable[str]:
        if self.enumerator in _WITH_SERIAL and self.unit[1:2] != "&":
            # USBSTOR appends the number of the unit: "SERIAL&0". A short one ("0001") is no unit's own.
            serial = self.unit.partition("&")[0]
            if len(serial) >= _SHORTEST_SERIAL:
                yield serial
        if self.enumerator.startswith("BTH"):
            yield from _ADDRESS.findall(self.instance)
            yield self.name
        if self.container.strip("0-") and "ffffffffffff" not in self.container:
            yield self.container


def interfaces(guid: str, instance: str) -> list[str]:
    r"""Returns the paths `\\?\...` under which a present device offers an interface; raises HostError's children."""
    manager = library("cfgmgr32")
    key = (ctypes.c_uint8 * 16)(*guid_bytes(guid))
    size = ctypes.c_uint32()
    ask_size, ask = manager.CM_Get_Device_Interface_List_SizeW, manager.CM_Get_Device_Interface_ListW
    ask_size.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_uint32]
    ask.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32]
    ask_size.restype = ask.restype = ctypes.c_uint32
    _check(ask_size(ctypes.byref(size), key, instance, 0), instance)
    buffer = (ctypes.c_uint16 * max(1, min(size.value, _MAX_LIST)))()
    _check(ask(key, instance, buffer, len(buffer), 0), instance)
    return texts_of(bytes(buffer))


def parent_of(instance: str) -> str:
    """Returns the instance above a present device; "" when that cannot be told."""
    try:
        manager = library("cfgmgr32")
        return str(_device(manager, instance, ("parent",)).parent)
    except HostError:
        return ""


def guid_bytes(text: str) -> bytes:
    """Returns a GUID as Windows keeps it: three little-endian numbers, then eight bytes."""
    import uuid  # noqa: PLC0415

    return uuid.UUID(text).bytes_le


def texts_of(data: bytes) -> list[str]:
    """Returns the texts of a list that Windows writes one after another, each ended by a zero; empty ones left out."""
    text = data[: len(data) // 2 * 2].decode("utf-16-le", "replace")
    return [part for part in text.split("\0") if part]


def value_of(kind: int, data: bytes) -> "str | int | float | bool | tuple[str, ...] | None":
    """Returns a property's value by its type (devpropdef.h); None for a type, or a length, that it cannot have."""
    if kind in (_STRING, _INDIRECT):
        return "".join(texts_of(data)[:1])
    if kind == _LIST:
        return tuple(texts_of(data))
    if kind == _UINT32 and len(data) == 4:
        return int.from_bytes(data, "little")
    if kind == _BOOLEAN and len(data) == 1:
        return data != b"\0"
    if kind == _FILETIME and len(data) == 8:
        return max(0.0, int.from_bytes(data, "little") / 1e7 - FILETIME_EPOCH)
    if kind == _GUID and len(data) == 16:
        first, second, third = struct.unpack_from("<IHH", data)
        return f"{first:08x}-{second:04x}-{third:04x}-{data[8:10].hex()}-{data[10:].hex()}"
    return None


def _instances(manager: Any, of: str) -> list[str]:
    flags = _BY_CLASS if _INTERFACE.match(of) else _BY_ENUMERATOR
    ask_size, ask = manager.CM_Get_Device_ID_List_SizeW, manager.CM_Get_Device_ID_ListW
    ask_size.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_uint32]
    ask.argtypes = [ctypes.c_wchar_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32]
    ask_size.restype = ask.restype = ctypes.c_uint32
    for _ in range(4):
        size = ctypes.c_uint32()
        result = ask_size(ctypes.byref(size), of, flags)
        if result not in (_SUCCESS, _ACCESS_DENIED):
            # What stands for "no such enumerator" is documented nowhere; its key is there from its first device on.
            registry.read(f"{_CLASS if flags == _BY_CLASS else _ENUM}\\{of}")
        _check(result, of)
        # Room for what is plugged in between the two calls.
        buffer = (ctypes.c_uint16 * min(size.value + 1024, _MAX_LIST))()
        result = ask(of, buffer, len(buffer), flags)
        if result != _BUFFER_SMALL:
            _check(result, of)
            return texts_of(bytes(buffer))
    raise SourceBroken(f"devices of {of}: the list grew each time it was asked")


def _device(manager: Any, instance: str, wanted: tuple[str, ...] = ()) -> WindowsDevice:
    """Returns a device with the properties that are wanted, all when none are named."""
    locate, ask = manager.CM_Locate_DevNodeW, manager.CM_Get_DevNode_PropertyW
    locate.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_uint32]
    ask.argtypes = [ctypes.c_uint32, *[ctypes.c_void_p] * 4, ctypes.c_uint32]
    locate.restype = ask.restype = ctypes.c_uint32
    node = ctypes.c_uint32()
    result = locate(ctypes.byref(node), instance, 0)
    present = result == _SUCCESS
    if result == _NO_SUCH_DEVNODE:
        result = locate(ctypes.byref(node), instance, _PHANTOM)
    _check(result, instance)
    fields: dict[str, Any] = {}
    for name, category, number in PROPERTIES:
        if wanted and name not in wanted:
            continue
        value = _property(ask, node, category, number)
        if value is not None and isinstance(value, _TYPES[name]):
            fields[name] = value
    last_parent = fields.pop("last_parent", "")
    fields.setdefault("parent", last_parent)
    return WindowsDevice(instance=instance, present=present, **fields)


def _property(ask: Any, node: ctypes.c_uint32, category: str, number: int) -> Any:
    key = PropertyKey((ctypes.c_uint8 * 16)(*guid_bytes(category)), number)
    kind, size = ctypes.c_uint32(), ctypes.c_uint32(1024)
    for _ in range(2):
        buffer = (ctypes.c_uint8 * size.value)()
        result = ask(node, ctypes.byref(key), ctypes.byref(kind), buffer, ctypes.byref(size), 0)
        if result != _BUFFER_SMALL or size.value > _MAX_PROPERTY:
            break
    if result != _SUCCESS:
        # Most devices lack some of them; one that is refused is as good as absent, because all come from one place.
        return None
    return value_of(kind.value, bytes(buffer[: min(size.value, len(buffer))]))


def _check(result: int, what: str) -> None:
    if result != _SUCCESS:
        raise problem_of(result, what)


def _problem(error: HostError) -> str:
    if isinstance(error, NotPermitted):
        return "not_permitted"
    return "not_supported" if isinstance(error, NotSupported) else "broken"


def problem_of(result: int, what: str) -> HostError:
    """Returns the HostError that a CONFIGRET means (cfgmgr32.h)."""
    kind: type[HostError] = SourceBroken
    if result == _ACCESS_DENIED:
        kind = NotPermitted
    elif result in _GONE:
        kind = Missing
    elif result == _NOT_IMPLEMENTED:
        kind = NotSupported
    return kind(f"{what}: configuration manager error {result:#x}")


_TYPES: dict[str, type | tuple[type, ...]] = {
    **{name: str for name, _, _ in PROPERTIES},
    **dict.fromkeys(("hardware_ids", "compatible_ids", "location_paths"), tuple),
    **dict.fromkeys(("first_installed", "last_arrival", "last_removal"), float),
    "address": int,
    "connected": bool,
}
