"""Wi-Fi interfaces of wlanapi: whether their radio is on, and the connection in use. Nothing is scanned.

Source: learn.microsoft.com, WlanEnumInterfaces, WlanQueryInterface, WLAN_CONNECTION_ATTRIBUTES, WLAN_RADIO_STATE; and
"Changes to API behavior for Wi-Fi access and location": Windows 11 from 24H2 refuses the current connection with
ERROR_ACCESS_DENIED while location is off for the system, the user or desktop programs.
"""

import ctypes
from collections.abc import Iterable
from ctypes import c_uint8, c_uint16, c_uint32, c_void_p
from typing import Any, ClassVar

from msgspec.structs import replace

from ..protocol import SourceBroken
from ..row import Row
from .library import error_of, library
from .wide import wide_text

#: WLAN_INTF_OPCODE of wlanapi.h
_RADIO_STATE, _CURRENT_CONNECTION, _CHANNEL = 4, 7, 8
_ACCESS_DENIED = 5
CONNECTED = 1
_MAX_INTERFACES = 32
_MAX_PHYS = 64
_MAX_ANSWER = 1 << 12


class Ssid(ctypes.Structure):
    """DOT11_SSID (wlantypes.h)."""

    _fields_ = (("length", c_uint32), ("text", c_uint8 * 32))


class InterfaceInfo(ctypes.Structure):
    """WLAN_INTERFACE_INFO (wlanapi.h)."""

    _fields_ = (("guid", c_uint8 * 16), ("description", c_uint16 * 256), ("state", c_uint32))


class AssociationAttributes(ctypes.Structure):
    """WLAN_ASSOCIATION_ATTRIBUTES (wlanapi.h)."""

    _fields_ = (
        ("ssid", Ssid),
        ("bss_type", c_uint32),
        ("bssid", c_uint8 * 6),
        ("phy", c_uint32),
        ("phy_index", c_uint32),
        ("quality", c_uint32),
        ("receive_rate", c_uint32),
        ("transmit_rate", c_uint32),
    )


class ConnectionAttributes(ctypes.Structure):
    """WLAN_CONNECTION_ATTRIBUTES (wlanapi.h). Its security part is four words that nothing here reads."""

    _fields_ = (
        ("state", c_uint32),
        ("mode", c_uint32),
        ("profile", c_uint16 * 256),
        ("association", AssociationAttributes),
        ("security", c_uint32 * 4),
    )


class PhyRadioState(ctypes.Structure):
    """WLAN_PHY_RADIO_STATE (wlanapi.h)."""

    _fields_ = (("index", c_uint32), ("software", c_uint32), ("hardware", c_uint32))


class WlanInterface(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A Wi-Fi interface. `of` is "radios" for the radio alone, which needs no leave to know the place; "" for the rest.

    guid         "{...}", as NetworkAdapter has it
    connected    to a network
    radio        `on`, `off` (by software), `blocked` (by a switch); "" when not told
    refused      the connection may not be told: location is off
    ssid, bssid  of the access point; "" without a connection
    phy          DOT11_PHY_TYPE of windot11.h; 0 unknown
    quality      0 (-100 dBm) to 100 (-50 dBm)
    channel      0 when not told
    """

    table: ClassVar[str] = "windows_wlan_interface"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    guid: str = ""
    description: str = ""
    connected: bool = False
    radio: str = ""
    refused: bool = False
    ssid: str = ""
    bssid: str = ""
    phy: int = 0
    quality: int = 0
    channel: int = 0

    @classmethod
    def live(cls, of: str) -> "list[WlanInterface]":
        wlan = library("wlanapi")
        _declare(wlan)
        version, client = c_uint32(), c_void_p()
        code = wlan.WlanOpenHandle(2, None, ctypes.byref(version), ctypes.byref(client))
        if code:
            raise error_of(code, "Wi-Fi service")
        try:
            return [_asked(wlan, client, interface, guid, of) for interface, guid in _interfaces(wlan, client)]
        finally:
            wlan.WlanCloseHandle(client, None)

    def identifying(self) -> Iterable[str]:
        if self.ssid:
            yield self.ssid


def parse_interfaces(data: bytes) -> list[tuple[WlanInterface, bytes]]:
    """Returns the interfaces of a WLAN_INTERFACE_INFO_LIST, each with the 16 bytes of its GUID."""
    size = ctypes.sizeof(InterfaceInfo)
    count = min(int.from_bytes(data[:4], "little"), max(0, len(data) - 8) // size, _MAX_INTERFACES)
    found: list[tuple[WlanInterface, bytes]] = []
    for number in range(count):
        info = InterfaceInfo.from_buffer_copy(data, 8 + number * size)
        raw = bytes(info.guid)
        description = wide_text(bytes(info.description))
        connected = info.state == CONNECTED
        found.append((WlanInterface(guid=guid_text(raw), description=description, connected=connected), raw))
    return found


def parse_connection(interface: WlanInterface, data: bytes) -> WlanInterface:
    """Returns the interface with its connection; a name longer than 32 bytes is cut, an answer too short is none."""
    if len(data) < ctypes.sizeof(ConnectionAttributes):
        raise SourceBroken("Wi-Fi connection: the answer is too short")
    found = ConnectionAttributes.from_buffer_copy(data).association
    raw = bytes(found.ssid.text)[: min(found.ssid.length, 32)]
    bssid = bytes(found.bssid)
    return replace(
        interface,
        ssid=raw.decode("utf-8", "replace"),
        bssid=":".join(f"{byte:02x}" for byte in bssid) if any(bssid) else "",
        phy=found.phy,
        quality=min(found.quality, 100),
    )


def parse_radio(data: bytes) -> str:
    """Returns what a WLAN_RADIO_STATE says of the interface as a whole; `on` when one of its radios is on."""
    size = ctypes.sizeof(PhyRadioState)
    count = min(int.from_bytes(data[:4], "little"), max(0, len(data) - 4) // size, _MAX_PHYS)
    states = [PhyRadioState.from_buffer_copy(data, 4 + number * size) for number in range(count)]
    if any(state.software == 1 and state.hardware == 1 for state in states):
        return "on"
    if any(state.hardware == 2 for state in states):
        return "blocked"
    return "off" if any(state.software == 2 for state in states) else ""


def guid_text(raw: bytes) -> str:
    """Returns a GUID's 16 bytes in the registry's form."""
    head = f"{int.from_bytes(raw[:4], 'little'):08X}-{int.from_bytes(raw[4:6], 'little'):04X}"
    rest = f"{int.from_bytes(raw[6:8], 'little'):04X}-{raw[8:10].hex().upper()}-{raw[10:16].hex().upper()}"
    return f"{{{head}-{rest}}}"


def _interfaces(wlan: Any, client: c_void_p) -> list[tuple[WlanInterface, bytes]]:
    found = c_void_p()
    code = wlan.WlanEnumInterfaces(client, None, ctypes.byref(found))
    if code or not found.value:
        raise error_of(code, "Wi-Fi interfaces")
    try:
        count = min(c_uint32.from_address(found.value).value, _MAX_INTERFACES)
        return parse_interfaces(ctypes.string_at(found.value, 8 + count * ctypes.sizeof(InterfaceInfo)))
    finally:
        wlan.WlanFreeMemory(found)


def _asked(wlan: Any, client: c_void_p, interface: WlanInterface, guid: bytes, of: str) -> WlanInterface:
    if of == "radios":
        code, data = _query(wlan, client, guid, _RADIO_STATE)
        return interface if code else replace(interface, radio=parse_radio(data))
    if not interface.connected:
        return interface
    code, data = _query(wlan, client, guid, _CURRENT_CONNECTION)
    if code:
        # Any other code means that the connection has just ended.
        return replace(interface, refused=True) if code == _ACCESS_DENIED else replace(interface, connected=False)
    _, channel = _query(wlan, client, guid, _CHANNEL)
    return replace(parse_connection(interface, data), channel=int.from_bytes(channel[:4], "little"))


def _query(wlan: Any, client: c_void_p, guid: bytes, code: int) -> tuple[int, bytes]:
    """Returns the error number, 0 for none, and a copy of the answer."""
    size, found = c_uint32(), c_void_p()
    number = int(wlan.WlanQueryInterface(client, guid, code, None, ctypes.byref(size), ctypes.byref(found), None))
    if number or not found.value:
        return number or _ACCESS_DENIED, b""
    try:
        return 0, ctypes.string_at(found.value, min(size.value, _MAX_ANSWER))
    finally:
        wlan.WlanFreeMemory(found)


def _declare(wlan: Any) -> None:
    wlan.WlanOpenHandle.argtypes = (c_uint32, c_void_p, c_void_p, c_void_p)
    wlan.WlanCloseHandle.argtypes = (c_void_p, c_void_p)
    wlan.WlanEnumInterfaces.argtypes = (c_void_p, c_void_p, c_void_p)
    # A GUID is passed as the 16 bytes that the system gave.
    wlan.WlanQueryInterface.argtypes = (c_void_p, ctypes.c_char_p, c_uint32, *(c_void_p,) * 4)
    wlan.WlanFreeMemory.argtypes, wlan.WlanFreeMemory.restype = (c_void_p,), None
    for name in ("WlanOpenHandle", "WlanCloseHandle", "WlanEnumInterfaces", "WlanQueryInterface"):
        getattr(wlan, name).restype = c_uint32
