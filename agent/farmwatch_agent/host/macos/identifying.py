"""What listed commands print about a person, a unit or the machine, for pseudonymised captures.

A Mac's registry and system_profiler print hundreds of values that no probe reads: names of volumes, addresses, tokens
of batteries. Of these commands a capture keeps the values in `KEPT` only. Serials and EDIDs in it are exchanged where
they stand, because many are numbers or bytes, which a search for words would miss.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from farmwatch_schema.errors import FormatError
from farmwatch_schema.formats import edid

from ...names import without_owner
from ..protocol import SourceBroken
from . import property_list

Texts = Callable[[str], str]
Bytes = Callable[[bytes], bytes]

LEFT_OUT = b"This could not be read, so it was left out of the capture."
#: Serials as text, by key. Addresses of radios keep their maker's half, as everywhere in a capture.
SERIALS = frozenset(
    {"kUSBSerialNumberString", "USB Serial Number", "IOPlatformSerialNumber", "IOPlatformUUID"}
    | {"AlphanumericSerialNumber"}
)
#: A monitor's 32-bit serial as a number, and as hexadecimal text.
SERIAL_NUMBERS = frozenset({"SerialNumber", "DisplaySerialNumber"})
SERIAL_HEX = frozenset({"_spdisplays_display-serial-number"})
EDIDS = frozenset({"EDID", "IODisplayEDID"})
#: Lists of paired devices: a dictionary per device, whose one key is its name.
NAMED = frozenset({"device_connected", "device_not_connected", "device_paired", "devices_list", "device_title"})
KEPT = frozenset(
    {"IORegistryEntryID", "IOObjectClass", "IOClass", "IOUserClass", "IORegistryEntryChildren"}
    | {"idVendor", "idProduct", "bcdDevice", "bcdUSB", "bDeviceClass", "bDeviceSubClass", "bDeviceProtocol"}
    | {"bMaxPacketSize0", "Device Speed", "USBSpeed", "locationID", "iManufacturer", "iProduct", "iSerialNumber"}
    | {"kUSBVendorString", "USB Vendor Name", "kUSBProductString", "USB Product Name", "non-removable"}
    | {"bInterfaceNumber", "bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol", "bNumEndpoints", "iInterface"}
    | {"kUSBString", "USB Interface Name", "ReportDescriptor", "ReportInterval", "Removable"}
    | {"Vendor Identification", "Product Identification"}
    | {"Product", "Transport", "VendorID", "PrimaryUsagePage", "PrimaryUsage", "DeviceUsagePairs", "DeviceUsagePage"}
    | {"DeviceUsage", "Built-In", "Privileged"}
    | {"external", "IONameMatched", "DisplayAttributes", "ProductAttributes", "ManufacturerID", "ProductID"}
    | {"ProductName", "WeekOfManufacture", "YearOfManufacture", "MaxHorizontalImageSize", "MaxVerticalImageSize"}
    | {"DisplayVendorID", "DisplayProductID", "IODisplayPrefsKey", "TransportDescription"}
    | {"AppleClamshellState", "BatteryInstalled", "CurrentCapacity", "MaxCapacity", "CycleCount", "ExternalConnected"}
    | {"BatteryData"}
    | {"model", "manufacturer", "product-name"}
    | {"SPDisplaysDataType", "SPBluetoothDataType", "SPCameraDataType", "SPAudioDataType", "_items", "_name"}
    | {"spdisplays_ndrvs", "spdisplays_connection_type", "spdisplays_display_type", "spdisplays_virtualdevice"}
    | {"sppci_model", "sppci_bus", "_spdisplays_virtualdevice", "_spdisplays_pixels", "_spdisplays_display-vendor-id"}
    | {"_spdisplays_display-product-id", "spcamera_model-id", "spcamera_model_id"}
    | {"coreaudio_device_input", "coreaudio_device_transport", "controller_properties", "local_device_title"}
    | {"controller_state", "general_power", "controller_transport", "general_transport"}
    | {"device_minorType", "device_minorClassOfDevice_string", "device_services", "device_vendorID"}
    | {"device_productID", "device_isconnected"}
    | {"controller_address", "general_address", "device_address", "device_addr"}
) | SERIALS | SERIAL_NUMBERS | SERIAL_HEX | EDIDS | NAMED  # fmt: skip


def is_kept_in_part(command: str) -> bool:
    """Whether a command prints far more than probes read."""
    return command.startswith(("registry_", "profile_"))


def words(command: str, data: bytes) -> Iterator[str]:
    """Yields the serials that such a command printed."""
    for key, value in _walk(_parsed(command, data)[0]):
        if key in SERIALS and isinstance(value, str):
            yield value.strip()
        elif key in EDIDS and isinstance(value, bytes):
            try:
                yield edid.parse(value).serial
            except FormatError:
                continue


def rewritten(command: str, data: bytes, text: Texts, shaped: Texts, unique: Bytes) -> bytes:
    """Returns what such a command printed with `KEPT` only, and nothing in it that tells whom.

    text    replaces known words, addresses and UUIDs in any text; shaped: invents a text of the same form
    unique  invents the bytes of a monitor's serial number or serial string
    """
    if not data.strip():
        return data
    found, is_json = _parsed(command, data)
    if found is None:
        return LEFT_OUT
    kept = _Rewriter(text, shaped, unique).value("", found)
    if is_json:
        return msgspec.json.encode(kept)
    import plistlib  # noqa: PLC0415 (captures of a Mac only)

    return plistlib.dumps(kept)


class _Rewriter:
    def __init__(self, text: Texts, shaped: Texts, unique: Bytes) -> None:
        self._text, self._shaped, self._unique = text, shaped, unique

    def value(self, key: str, value: Any) -> Any:
        if isinstance(value, list):
            if key in NAMED:
                return [self._devices(item) for item in value if isinstance(item, dict)]
            return [self.value(key, item) for item in value]
        if isinstance(value, dict):
            kept = {name: self.value(name, item) for name, item in value.items() if name in KEPT}
            return _without_owner(kept)
        if isinstance(value, bytes):
            return self._bytes(key, value)
        if isinstance(value, str):
            return self._string(key, value)
        if key in SERIAL_NUMBERS and isinstance(value, int) and not isinstance(value, bool):
            return self._number(value)
        return value

    def _devices(self, item: dict[str, Any]) -> dict[str, Any]:
        """A device's name is often its owner's; only what gives input keeps its name, as in a report."""
        found = {}
        for at, (name, facts) in enumerate(item.items()):
            minor = str(facts.get("device_minorType", "")).lower() if isinstance(facts, dict) else ""
            plain = minor in ("keyboard", "mouse", "trackpad", "magic trackpad")
            found[self._text(without_owner(name)) if plain else f"device {at}"] = self.value("", facts)
        return found

    def _bytes(self, key: str, value: bytes) -> bytes:
        if key in EDIDS:
            return edid.rewritten(value, self._unique)
        return value if key in ("ReportDescriptor", "model", "manufacturer", "product-name") else b""

    def _string(self, key: str, value: str) -> str:
        if key in SERIALS or key in SERIAL_NUMBERS:
            return self._shaped(value)
        if key in SERIAL_HEX:
            try:
                return f"{self._number(int(value, 16)):x}"
            except ValueError:
                return self._shaped(value)
        return self._text(without_owner(value) if key == "Product" else value)

    def _number(self, value: int) -> int:
        if not 0 < value < 1 << 32:
            return value
        return int.from_bytes(self._unique(value.to_bytes(4, "little")), "little")


def _without_owner(kept: dict[str, Any]) -> dict[str, Any]:
    """A phone's camera, a headset and an AirPlay display bear their owner's name."""
    transport = str(kept.get("coreaudio_device_transport", ""))
    model = str(kept.get("spcamera_model-id", kept.get("spcamera_model_id", "")))
    if "_name" in kept and (
        "bluetooth" in transport or "continuity" in transport or model.startswith(("iPhone", "iPad"))
    ):
        return {**kept, "_name": "device"}
    if "_name" in kept and kept.get("spdisplays_connection_type") == "spdisplays_airplay":
        return {**kept, "_name": "Sidecar Display" if "sidecar" in str(kept["_name"]).lower() else "AirPlay"}
    return kept


def _parsed(command: str, data: bytes) -> tuple[Any, bool]:
    """Returns what a command printed, None when it makes no sense, and whether it is JSON."""
    if command.startswith("profile_"):
        try:
            return msgspec.json.decode(data), True
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None, True
    try:
        return property_list.parse(data, command) if data.strip() else None, False
    except SourceBroken:
        return None, False


def _walk(value: Any) -> Iterable[tuple[str, Any]]:
    waiting = [("", value)]
    while waiting:
        key, item = waiting.pop()
        if isinstance(item, dict):
            waiting += [(str(name), below) for name, below in item.items()]
        elif isinstance(item, list):
            waiting += [(key, below) for below in item]
        else:
            yield key, item
