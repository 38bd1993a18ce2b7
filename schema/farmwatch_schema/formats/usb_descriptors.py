"""USB descriptors, as Linux shows them in a device's `descriptors` file.

The file is the device descriptor followed by every configuration with all that belongs to it
(kernel: Documentation/ABI/testing/sysfs-bus-usb, drivers/usb/core/sysfs.c `descriptors_read`).
Layouts: USB 2.0 specification, section 9.6; interface association: ECN of 2003; HID descriptor:
Device Class Definition for HID 1.11, section 6.2.1. All numbers are little-endian.
"""

import msgspec

from ..errors import FormatError
from ..observables.usb import UsbEndpoint

DEVICE, CONFIGURATION, INTERFACE, ENDPOINT, ASSOCIATION, HID = 1, 2, 4, 5, 11, 0x21
HID_REPORT = 0x22
HID_CLASS = 3

_TRANSFERS = ("control", "isochronous", "bulk", "interrupt")
#: Shortest form of each descriptor that is taken apart, bytes.
_SHORTEST = {CONFIGURATION: 9, INTERFACE: 9, ENDPOINT: 7, ASSOCIATION: 8, HID: 9}
_NAMES = {CONFIGURATION: "configuration", INTERFACE: "interface", ENDPOINT: "endpoint", ASSOCIATION: "association"}


class InterfaceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One alternate setting of an interface; `bcd_hid` is "" and `report_length` 0 without a HID descriptor."""

    number: int
    alternate: int
    class_triple: str
    name_index: int
    endpoints: tuple[UsbEndpoint, ...] = ()
    bcd_hid: str = ""
    report_length: int = 0


class AssociationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Interfaces that form one function: the first one's number, how many, its class and string index."""

    first: int
    count: int
    class_triple: str
    name_index: int


class ConfigurationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration: its value, string index, bmAttributes, bMaxPower as written, and what it holds."""

    value: int
    name_index: int
    attributes: int
    max_power: int
    interfaces: tuple[InterfaceFacts, ...] = ()
    associations: tuple[AssociationFacts, ...] = ()


class DeviceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A device descriptor and its configurations; ids and versions as four lower hex digits.

    The three indexes are 0 where the device has no such string. `fault` is the first thing found wrong.
    """

    vendor_id: str
    product_id: str
    bcd_device: str
    bcd_usb: str
    device_class: str
    max_packet_size0: int
    manufacturer_index: int
    product_index: int
    serial_index: int
    configurations: tuple[ConfigurationFacts, ...] = ()
    fault: str = ""

    def configuration(self, value: int | None) -> ConfigurationFacts | None:
        """Returns the configuration with that bConfigurationValue; the first one when it is None."""
        for configuration in self.configurations:
            if value is None or configuration.value == value:
                return configuration
        return None


def parse(data: bytes) -> DeviceFacts:
    """Returns what the bytes of a `descriptors` file say; raises FormatError without a device descriptor."""
    if len(data) < 18 or data[0] < 18 or data[1] != DEVICE:
        raise FormatError("The descriptors do not begin with a device descriptor of 18 bytes.")
    faults: list[str] = []
    configurations: list[ConfigurationFacts] = []
    at = 18
    while at < len(data):
        if len(data) - at < 9 or data[at + 1] != CONFIGURATION:
            faults.append(f"At byte {at} a configuration descriptor is due and is not there.")
            break
        total = _u16(data, at + 2)
        end = at + total
        if total < 9 or end > len(data):
            faults.append(f"The configuration at byte {at} says it has {total} bytes, {len(data) - at} are there.")
            end = len(data)
        configurations.append(_configuration(data, at, end, faults))
        at = end
    if len(configurations) != data[17]:
        faults.append(f"The device says it has {data[17]} configurations, {len(configurations)} are there.")
    return DeviceFacts(
        vendor_id=_hex16(data, 8),
        product_id=_hex16(data, 10),
        bcd_device=_hex16(data, 12),
        bcd_usb=_hex16(data, 2),
        device_class=_triple(data, 4),
        max_packet_size0=data[7],
        manufacturer_index=data[14],
        product_index=data[15],
        serial_index=data[16],
        configurations=tuple(configurations),
        fault=faults[0] if faults else "",
    )


class _Interface:
    """An interface while its descriptors are walked."""

    def __init__(self, data: bytes, at: int) -> None:
        self.number = data[at + 2]
        self.alternate = data[at + 3]
        self.promised = data[at + 4]
        self.class_triple = _triple(data, at + 5)
        self.is_hid = data[at + 5] == HID_CLASS
        self.name_index = data[at + 8]
        self.endpoints: list[UsbEndpoint] = []
        self.bcd_hid = ""
        self.report_length = 0

    def facts(self, faults: list[str]) -> InterfaceFacts:
        if self.promised != len(self.endpoints):
            faults.append(
                f"Interface {self.number} says it has {self.promised} endpoints, {len(self.endpoints)} are there."
            )
        return InterfaceFacts(
            number=self.number,
            alternate=self.alternate,
            class_triple=self.class_triple,
            name_index=self.name_index,
            endpoints=tuple(self.endpoints),
            bcd_hid=self.bcd_hid,
            report_length=self.report_length,
        )


def _configuration(data: bytes, start: int, end: int, faults: list[str]) -> ConfigurationFacts:
    interfaces: list[InterfaceFacts] = []
    associations: list[AssociationFacts] = []
    current: _Interface | None = None
    at = start + max(data[start], 9)
    while at < end:
        length = data[at]
        if length < 2 or at + length > end:
            faults.append(f"The descriptor at byte {at} says it has {length} bytes, {end - at} are there.")
            break
        kind = data[at + 1]
        if length < _SHORTEST.get(kind, 0) and (kind != HID or (current is not None and current.is_hid)):
            faults.append(f"The {_NAMES.get(kind, 'HID')} descriptor at byte {at} is cut to {length} bytes.")
        elif kind == INTERFACE:
            if current is not None:
                interfaces.append(current.facts(faults))
            current = _Interface(data, at)
        elif kind == ASSOCIATION:
            associations.append(
                AssociationFacts(
                    first=data[at + 2],
                    count=data[at + 3],
                    class_triple=_triple(data, at + 4),
                    name_index=data[at + 7],
                )
            )
        elif current is not None:
            _belonging(data, at, kind, current)
        at += length
    if current is not None:
        interfaces.append(current.facts(faults))
    found = len({interface.number for interface in interfaces})
    if found != data[start + 4]:
        faults.append(f"The configuration says it has {data[start + 4]} interfaces, {found} are there.")
    return ConfigurationFacts(
        value=data[start + 5],
        name_index=data[start + 6],
        attributes=data[start + 7],
        max_power=data[start + 8],
        interfaces=tuple(interfaces),
        associations=tuple(associations),
    )


def _belonging(data: bytes, at: int, kind: int, interface: _Interface) -> None:
    """Takes in an endpoint or HID descriptor, whose length was checked. Others of a class are left aside."""
    if kind == ENDPOINT:
        interface.endpoints.append(
            UsbEndpoint(
                address=data[at + 2],
                transfer=_TRANSFERS[data[at + 3] & 3],
                max_packet_size=_u16(data, at + 4) & 0x7FF,
                interval=data[at + 6],
            )
        )
    elif kind == HID and interface.is_hid and not interface.bcd_hid:
        # 0x21 means other things in other classes (DFU, smart cards), hence the look at the class.
        interface.bcd_hid = _hex16(data, at + 2)
        for entry in range(at + 6, at + data[at] - 2, 3):
            if data[entry] == HID_REPORT:
                interface.report_length = _u16(data, entry + 1)
                break


def _u16(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 8


def _hex16(data: bytes, at: int) -> str:
    return f"{data[at + 1]:02x}{data[at]:02x}"


def _triple(data: bytes, at: int) -> str:
    return f"{data[at]:02x}/{data[at + 1]:02x}/{data[at + 2]:02x}"
