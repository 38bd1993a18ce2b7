r"""Bluetooth: what the driver remembers of paired devices, and which radio and devices answer now.

`BTHPORT\Parameters\Devices` holds a key for each paired device, named by its address; link keys lie elsewhere
(`Keys`) and are not touched. BluetoothFindFirstDevice tells of devices of the older kind (BR/EDR) whether they are
connected, without looking for any. Source: learn.microsoft.com, bluetoothapis.h; values of the key as RegRipper's
bthport plugin and public registry exports show them.
"""

import ctypes
import re
from collections.abc import Iterable
from typing import Any, ClassVar

from ..protocol import HostError, Missing
from ..row import Row
from . import registry
from .library import error_of, last_error, library

DEVICES = r"HKLM\SYSTEM\CurrentControlSet\Services\BTHPORT\Parameters\Devices"
_ADDRESS = re.compile(r"[0-9A-Fa-f]{12}\Z")
_MAX_DEVICES = 256
_NO_MORE_ITEMS = 259


class SystemTime(ctypes.Structure):
    """SYSTEMTIME (minwinbase.h)."""

    _fields_ = tuple(
        (name, ctypes.c_uint16)
        for name in ("wYear", "wMonth", "wDayOfWeek", "wDay", "wHour", "wMinute", "wSecond", "wMilliseconds")
    )


class RadioParams(ctypes.Structure):
    """BLUETOOTH_FIND_RADIO_PARAMS (bluetoothapis.h)."""

    _fields_ = (("dwSize", ctypes.c_uint32),)


class RadioInfo(ctypes.Structure):
    """BLUETOOTH_RADIO_INFO (bluetoothapis.h)."""

    _fields_ = (
        ("dwSize", ctypes.c_uint32),
        ("address", ctypes.c_uint64),
        ("szName", ctypes.c_uint16 * 248),
        ("ulClassofDevice", ctypes.c_uint32),
        ("lmpSubversion", ctypes.c_uint16),
        ("manufacturer", ctypes.c_uint16),
    )


class SearchParams(ctypes.Structure):
    """BLUETOOTH_DEVICE_SEARCH_PARAMS (bluetoothapis.h)."""

    _fields_ = (
        ("dwSize", ctypes.c_uint32),
        ("fReturnAuthenticated", ctypes.c_int32),
        ("fReturnRemembered", ctypes.c_int32),
        ("fReturnUnknown", ctypes.c_int32),
        ("fReturnConnected", ctypes.c_int32),
        ("fIssueInquiry", ctypes.c_int32),
        ("cTimeoutMultiplier", ctypes.c_uint8),
        ("hRadio", ctypes.c_void_p),
    )


class DeviceInfo(ctypes.Structure):
    """BLUETOOTH_DEVICE_INFO (bluetoothapis.h)."""

    _fields_ = (
        ("dwSize", ctypes.c_uint32),
        ("Address", ctypes.c_uint64),
        ("ulClassofDevice", ctypes.c_uint32),
        ("fConnected", ctypes.c_int32),
        ("fRemembered", ctypes.c_int32),
        ("fAuthenticated", ctypes.c_int32),
        ("stLastSeen", SystemTime),
        ("stLastUsed", SystemTime),
        ("szName", ctypes.c_uint16 * 248),
    )


class BluetoothRecord(Row, frozen=True, kw_only=True, omit_defaults=True):
    """What the driver remembers of a paired device.

    address          12 lower hex digits
    name             as the device, or the person, named it
    class_of_device  24 bits; null for devices of the newer kind (LE), which have `appearance`
    vendor_id, product_id, vendor_source  of its Device ID record: source 1 Bluetooth SIG, 2 USB; null when not kept
    last_seen, last_connected  seconds since 1970; 0 when not kept
    """

    table: ClassVar[str] = "windows_bluetooth_record"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    address: str
    name: str = ""
    class_of_device: int | None = None
    appearance: int | None = None
    vendor_id: int | None = None
    product_id: int | None = None
    vendor_source: int | None = None
    last_seen: float = 0.0
    last_connected: float = 0.0

    @classmethod
    def live(cls, of: str) -> "list[BluetoothRecord]":
        try:
            names = registry.read(DEVICES).keys
        except Missing:
            return []
        found = []
        for name in [name for name in names if _ADDRESS.match(name)][:_MAX_DEVICES]:
            try:
                found.append(record_of(registry.read(f"{DEVICES}\\{name}"), name))
            except Missing:
                continue  # removed between two looks
        return found

    def identifying(self) -> Iterable[str]:
        yield from (self.address, self.address.upper(), self.name)


class BluetoothPeer(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A paired device (BR/EDR) as the radio has it: `address` 12 lower hex digits, class of device, connected now."""

    table: ClassVar[str] = "windows_bluetooth_peer"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    address: str
    class_of_device: int = 0
    connected: bool = False

    @classmethod
    def live(cls, of: str) -> "list[BluetoothPeer]":
        api = library("bluetoothapis")
        first, following, close = (
            api.BluetoothFindFirstDevice,
            api.BluetoothFindNextDevice,
            api.BluetoothFindDeviceClose,
        )
        first.restype, first.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_void_p]
        following.restype, following.argtypes = ctypes.c_int32, [ctypes.c_void_p, ctypes.c_void_p]
        close.restype, close.argtypes = ctypes.c_int32, [ctypes.c_void_p]
        # No inquiry: nothing is sent over the air.
        wanted = SearchParams(fReturnAuthenticated=1, fReturnRemembered=1, fReturnConnected=1)
        wanted.dwSize = ctypes.sizeof(SearchParams)
        info = _sized(DeviceInfo)
        search = first(ctypes.byref(wanted), ctypes.byref(info))
        if not search:
            if last_error() == _NO_MORE_ITEMS:
                return []
            raise error_of(last_error(), "connected Bluetooth devices")
        found = []
        try:
            for _ in range(_MAX_DEVICES):
                found.append(
                    cls(
                        address=f"{info.Address & 0xFFFFFFFFFFFF:012x}",
                        class_of_device=info.ulClassofDevice,
                        connected=bool(info.fConnected),
                    )
                )
                info = _sized(DeviceInfo)
                if not following(search, ctypes.byref(info)):
                    break
        finally:
            close(search)
        return found

    def identifying(self) -> Iterable[str]:
        yield from (self.address, self.address.upper())


class BluetoothRadio(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A radio of the laptop that is there and switched on: `address` 12 lower hex digits."""

    table: ClassVar[str] = "windows_bluetooth_radio"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    address: str

    @classmethod
    def live(cls, of: str) -> "list[BluetoothRadio]":
        api, kernel = library("bluetoothapis"), library("kernel32")
        first, tell, close = api.BluetoothFindFirstRadio, api.BluetoothGetRadioInfo, api.BluetoothFindRadioClose
        first.restype, first.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_void_p]
        tell.restype, tell.argtypes = ctypes.c_uint32, [ctypes.c_void_p, ctypes.c_void_p]
        close.restype, close.argtypes = ctypes.c_int32, [ctypes.c_void_p]
        kernel.CloseHandle.restype, kernel.CloseHandle.argtypes = ctypes.c_int32, [ctypes.c_void_p]
        radio, params = ctypes.c_void_p(), _sized(RadioParams)
        # Windows drives one radio at a time (learn.microsoft.com, "Bluetooth FAQ"), so there is no second to ask for.
        search = first(ctypes.byref(params), ctypes.byref(radio))
        if not search:
            if last_error() == _NO_MORE_ITEMS:
                return []
            raise error_of(last_error(), "Bluetooth radio")
        info = _sized(RadioInfo)
        try:
            result = tell(radio, ctypes.byref(info))
        finally:
            kernel.CloseHandle(radio)
            close(search)
        if result:
            raise error_of(result, "Bluetooth radio")
        return [cls(address=f"{info.address & 0xFFFFFFFFFFFF:012x}")]

    def identifying(self) -> Iterable[str]:
        yield from (self.address, self.address.upper())


def record_of(key: registry.RegistryKey, address: str) -> BluetoothRecord:
    """Returns the record in a key of `BTHPORT\\Parameters\\Devices`; a value of another type counts as not kept."""
    return BluetoothRecord(
        address=address.lower(),
        name=_text(key, "Name") or _text(key, "LEName"),
        class_of_device=_number(key, "COD"),
        appearance=_number(key, "LEAppearance"),
        vendor_id=_number(key, "VID"),
        product_id=_number(key, "PID"),
        vendor_source=_number(key, "VIDType"),
        last_seen=_time(key, "LastSeen"),
        last_connected=_time(key, "LastConnected"),
    )


def _text(key: registry.RegistryKey, name: str) -> str:
    try:
        return key.binary(name)[:248].partition(b"\0")[0].decode("utf-8", "replace")
    except HostError:
        return ""


def _number(key: registry.RegistryKey, name: str) -> int | None:
    try:
        return key.number(name)
    except HostError:
        return None


def _time(key: registry.RegistryKey, name: str) -> float:
    ticks = _number(key, name)
    if ticks is None:
        try:
            ticks = int.from_bytes(key.binary(name)[:8], "little")
        except HostError:
            return 0.0
    return max(0.0, ticks / 1e7 - registry.FILETIME_EPOCH)


def _sized(kind: Any) -> Any:
    made = kind()
    made.dwSize = ctypes.sizeof(kind)
    return made
