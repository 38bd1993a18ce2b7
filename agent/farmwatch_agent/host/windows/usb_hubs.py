r"""What a USB hub says of its ports: speed and descriptors of what is plugged in there.

The control codes want no access at all (FILE_ANY_ACCESS in usbioctl.h), so a hub is opened without any, and a
standard user may. Speed and device descriptor come from the hub driver's own memory; configuration and strings are
asked of the device, as Windows itself does when one is plugged in. Source: learn.microsoft.com, usbioctl.h and
"IOCTL_USB_GET_DESCRIPTOR_FROM_NODE_CONNECTION"; layouts as in usbioctl.h and usbspec.h, which are packed.
"""

import ctypes
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import msgspec

from ..protocol import HostError, NotPermitted, NotSupported, SourceBroken
from ..row import Row
from .devices import interfaces
from .library import error_of, last_error, library

#: GUID_DEVINTERFACE_USB_HUB (usbiodef.h).
HUB_INTERFACE = "f18a0e88-c30c-11d0-8815-00a0c906bed8"
#: CTL_CODE(FILE_DEVICE_USB, function, METHOD_BUFFERED, FILE_ANY_ACCESS) with functions 258, 274, 279 and 260.
GET_NODE_INFORMATION = 0x220408
GET_CONNECTION_INFORMATION_EX = 0x220448
GET_CONNECTION_INFORMATION_EX_V2 = 0x22045C
GET_DESCRIPTOR_FROM_NODE_CONNECTION = 0x220410

_CONFIGURATION, _STRING = 2, 3
_ENGLISH = 0x0409
#: USB 2.0 allows 255 strings; a device that names each of 32 interfaces has less than this.
_MAX_STRINGS = 48
_MAX_CONFIGURATION = 4096
_MAX_PIPES = 32
#: 256 is more than any hub has: two bytes name a port.
_MAX_PORTS = 255
#: USB_CONNECTION_STATUS: NoDeviceConnected, DeviceConnected.
NOTHING, CONNECTED = 0, 1


class HubDescriptor(ctypes.Structure):
    """USB_HUB_DESCRIPTOR (usbspec.h)."""

    _pack_ = 1
    _fields_ = (
        ("bDescriptorLength", ctypes.c_uint8),
        ("bDescriptorType", ctypes.c_uint8),
        ("bNumberOfPorts", ctypes.c_uint8),
        ("wHubCharacteristics", ctypes.c_uint16),
        ("bPowerOnToPowerGood", ctypes.c_uint8),
        ("bHubControlCurrent", ctypes.c_uint8),
        ("bRemoveAndPowerMask", ctypes.c_uint8 * 64),
    )


class NodeInformation(ctypes.Structure):
    """USB_NODE_INFORMATION (usbioctl.h)."""

    _pack_ = 1
    _fields_ = (
        ("NodeType", ctypes.c_uint32),
        ("HubDescriptor", HubDescriptor),
        ("HubIsBusPowered", ctypes.c_uint8),
    )


class ConnectionInformation(ctypes.Structure):
    """USB_NODE_CONNECTION_INFORMATION_EX (usbioctl.h)."""

    _pack_ = 1
    _fields_ = (
        ("ConnectionIndex", ctypes.c_uint32),
        ("DeviceDescriptor", ctypes.c_uint8 * 18),
        ("CurrentConfigurationValue", ctypes.c_uint8),
        ("Speed", ctypes.c_uint8),
        ("DeviceIsHub", ctypes.c_uint8),
        ("DeviceAddress", ctypes.c_uint16),
        ("NumberOfOpenPipes", ctypes.c_uint32),
        ("ConnectionStatus", ctypes.c_uint32),
    )


class ConnectionInformationV2(ctypes.Structure):
    """USB_NODE_CONNECTION_INFORMATION_EX_V2 (usbioctl.h)."""

    _pack_ = 1
    _fields_ = (
        ("ConnectionIndex", ctypes.c_uint32),
        ("Length", ctypes.c_uint32),
        ("SupportedUsbProtocols", ctypes.c_uint32),
        ("Flags", ctypes.c_uint32),
    )


class DescriptorRequest(ctypes.Structure):
    """USB_DESCRIPTOR_REQUEST (usbioctl.h)."""

    _pack_ = 1
    _fields_ = (
        ("ConnectionIndex", ctypes.c_uint32),
        ("bmRequest", ctypes.c_uint8),
        ("bRequest", ctypes.c_uint8),
        ("wValue", ctypes.c_uint16),
        ("wIndex", ctypes.c_uint16),
        ("wLength", ctypes.c_uint16),
    )


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """What the hub keeps of one port: device descriptor, active configuration, speed (0 low, 1 full, 2 high, 3 super),
    whether a hub is plugged in, and how far its connection came.
    """

    device: bytes
    configuration_value: int
    speed: int
    is_hub: bool
    status: int


class UsbPort(Row, frozen=True, kw_only=True, omit_defaults=True):
    r"""One port of a hub that has something plugged in. `of` is the hub's instance: "USB\ROOT_HUB30\4&2F5E...".

    port                 from 1
    status               1 connected; others mean that Windows could not use the device (USB_CONNECTION_STATUS)
    device               its device descriptor, 18 bytes
    configuration_value  of the active configuration; 0 when there is none
    configuration        all bytes of the first configuration; empty when they could not be read, see `refused`
    speed                0 low, 1 full, 2 high, 3 super; null when not read
    super_plus           it runs at SuperSpeedPlus; super: at SuperSpeed or above
    is_hub               a hub is plugged in
    strings              by index, in the first language that it offers; null for one that could not be read
    refused              why the configuration could not be read: `not_permitted`, `not_supported`, `broken` or ""
    """

    table: ClassVar[str] = "windows_usb_port"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    port: int
    status: int = CONNECTED
    device: bytes = b""
    configuration_value: int = 0
    configuration: bytes = b""
    speed: int | None = None
    super: bool = False
    super_plus: bool = False
    is_hub: bool = False
    strings: dict[int, str | None] = {}
    refused: str = ""

    @classmethod
    def live(cls, of: str) -> "list[UsbPort]":
        paths = interfaces(HUB_INTERFACE, of)
        if not paths:
            raise NotSupported(f"{of}: this hub answers nobody")
        with opened(paths[0]) as ask:
            rows = [port_of(ask, port) for port in range(1, ports_of(ask) + 1)]
        return [row for row in rows if row is not None]

    def identifying(self) -> Iterable[str]:
        serial = self.strings.get(self.device[16]) if len(self.device) >= 17 and self.device[16] else None
        if serial and len(serial) >= 6:
            yield serial


Ask = Callable[[int, Any, int], bytes]
"""Sends a control code with what goes in, and returns at most so many bytes that came back."""


@contextmanager
def opened(path: str) -> Iterator[Ask]:
    """Yields the function that asks the device behind a path, opened without any access."""
    kernel = library("kernel32")
    create, control, close = kernel.CreateFileW, kernel.DeviceIoControl, kernel.CloseHandle
    create.restype = ctypes.c_void_p
    create.argtypes = [
        ctypes.c_wchar_p,
        *[ctypes.c_uint32] * 2,
        ctypes.c_void_p,
        *[ctypes.c_uint32] * 2,
        ctypes.c_void_p,
    ]
    control.restype = ctypes.c_int32
    control.argtypes = [
        *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32),
        *(ctypes.c_void_p, ctypes.c_void_p),
    ]
    close.restype, close.argtypes = ctypes.c_int32, [ctypes.c_void_p]
    # No access; FILE_SHARE_READ and _WRITE, so that nobody is kept from it; OPEN_EXISTING.
    handle = create(path, 0, 3, None, 3, 0, None)
    if handle is None or handle == ctypes.c_void_p(-1).value:
        raise error_of(last_error(), path.rpartition("#")[0])

    def ask(code: int, given: Any, room: int) -> bytes:
        buffer = (ctypes.c_uint8 * room)()
        size = min(ctypes.sizeof(given), room) if given is not None else 0
        if given is not None:
            ctypes.memmove(buffer, ctypes.byref(given), size)
        back = ctypes.c_uint32()
        if not control(handle, code, buffer, size, buffer, room, ctypes.byref(back), None):
            raise error_of(last_error(), f"control code {code:#x}")
        return bytes(buffer[: min(back.value, room)])

    try:
        yield ask
    finally:
        close(handle)


def connection_of(data: bytes) -> Connection:
    """Returns what USB_NODE_CONNECTION_INFORMATION_EX says; raises SourceBroken when it is cut."""
    if len(data) < ctypes.sizeof(ConnectionInformation):
        raise SourceBroken(f"a port's connection information has {len(data)} bytes")
    info = ConnectionInformation.from_buffer_copy(data)
    return Connection(
        device=bytes(info.DeviceDescriptor),
        configuration_value=info.CurrentConfigurationValue,
        speed=info.Speed,
        is_hub=bool(info.DeviceIsHub),
        status=info.ConnectionStatus,
    )


def string_of(data: bytes) -> str:
    """Returns the text of a string descriptor (USB 2.0, 9.6.7); raises SourceBroken for one that is none."""
    if len(data) < 2 or data[1] != _STRING or not 2 <= data[0] <= len(data):
        raise SourceBroken("a string descriptor makes no sense")
    return data[2 : data[0] // 2 * 2].decode("utf-16-le", "replace").rstrip("\0")


def string_indexes(device: bytes, configuration: bytes) -> list[int]:
    """Returns the indexes of the strings that the descriptors name, those of device, configuration, interfaces."""
    found = [*device[14:17], *configuration[6:7]]
    at = 0
    while at + 2 <= len(configuration) and configuration[at] >= 2:
        if configuration[at + 1] == 4 and at + 9 <= len(configuration):
            found.append(configuration[at + 8])
        at += configuration[at]
    return list(dict.fromkeys(index for index in found if index))[:_MAX_STRINGS]


def ports_of(ask: Ask) -> int:
    """Returns how many ports a hub has."""
    data = ask(GET_NODE_INFORMATION, NodeInformation(), ctypes.sizeof(NodeInformation))
    if len(data) < NodeInformation.HubDescriptor.offset + 3:
        raise SourceBroken(f"a hub's information has {len(data)} bytes")
    return min(data[NodeInformation.HubDescriptor.offset + 2], _MAX_PORTS)


def port_of(ask: Ask, port: int) -> UsbPort | None:
    """Returns what is plugged into a port; None for nothing. What the hub refuses is told in `refused`."""
    room = ctypes.sizeof(ConnectionInformation) + _MAX_PIPES * 11
    try:
        found = connection_of(ask(GET_CONNECTION_INFORMATION_EX, ConnectionInformation(ConnectionIndex=port), room))
    except HostError as error:
        return UsbPort(port=port, refused=_outcome(error))
    if found.status == NOTHING:
        return None
    configuration, strings, refused = b"", {}, ""
    if found.status == CONNECTED:
        try:
            configuration = _configuration(ask, port)
        except HostError as error:
            refused = _outcome(error)
        strings = _strings(ask, port, string_indexes(found.device, configuration))
    flags = _flags(ask, port)
    return UsbPort(
        port=port,
        status=found.status,
        device=found.device,
        configuration_value=found.configuration_value,
        configuration=configuration,
        speed=found.speed,
        super=bool(flags & 1),
        super_plus=bool(flags & 4),
        is_hub=found.is_hub,
        strings=strings,
        refused=refused,
    )


def _flags(ask: Ask, port: int) -> int:
    """Returns the V2 flags, 0 before Windows 8 and where the hub does not tell: bit 0 SuperSpeed, bit 2 SuperSpeedPlus.

    Who asks names the protocols it knows (USB 1.1, 2.0 and 3.0: 7), else the hub refuses.
    """
    size = ctypes.sizeof(ConnectionInformationV2)
    given = ConnectionInformationV2(ConnectionIndex=port, Length=size, SupportedUsbProtocols=7)
    try:
        data = ask(GET_CONNECTION_INFORMATION_EX_V2, given, size)
    except HostError:
        return 0
    return ConnectionInformationV2.from_buffer_copy(data).Flags if len(data) >= size else 0


def _configuration(ask: Ask, port: int) -> bytes:
    head = _descriptor(ask, port, _CONFIGURATION, 0, 0, 9)
    if len(head) < 9:
        raise SourceBroken(f"the head of a configuration has {len(head)} bytes")
    return _descriptor(ask, port, _CONFIGURATION, 0, 0, min(int.from_bytes(head[2:4], "little"), _MAX_CONFIGURATION))


def _strings(ask: Ask, port: int, indexes: list[int]) -> dict[int, str | None]:
    if not indexes:
        return {}
    language = _ENGLISH
    try:
        languages = _descriptor(ask, port, _STRING, 0, 0, 255)
    except HostError:
        return dict.fromkeys(indexes)
    if len(languages) >= 4:
        offered = [int.from_bytes(languages[at : at + 2], "little") for at in range(2, len(languages) - 1, 2)]
        language = _ENGLISH if _ENGLISH in offered else offered[0]
    found: dict[int, str | None] = {}
    for index in indexes:
        try:
            found[index] = string_of(_descriptor(ask, port, _STRING, index, language, 255))
        except HostError:
            found[index] = None
    return found


def _descriptor(ask: Ask, port: int, kind: int, index: int, language: int, length: int) -> bytes:
    # The hub driver fills in the rest of the setup packet.
    request = DescriptorRequest(ConnectionIndex=port, wValue=kind << 8 | index, wIndex=language, wLength=length)
    head = ctypes.sizeof(DescriptorRequest)
    return ask(GET_DESCRIPTOR_FROM_NODE_CONNECTION, request, head + length)[head:]


def _outcome(error: HostError) -> str:
    if isinstance(error, NotPermitted):
        return "not_permitted"
    return "not_supported" if isinstance(error, NotSupported) else "broken"
