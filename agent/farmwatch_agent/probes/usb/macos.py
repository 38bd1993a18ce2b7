"""USB devices on macOS, from the registry.

Keys: IOUSBHostFamily's AppleUSBDefinitions.h and what real registries show (kevinmehall/nusb pull 37, libusb/libusb
issue 958, UltimateHackingKeyboard/firmware issue 1143); HID keys: IOHIDKeys.h; inquiry strings: those of
IOSCSIPeripheralDeviceNub. The registry has no raw descriptors: endpoints, bcdHID and the index of the configuration's
string are not told.
"""

from collections.abc import Iterator

from farmwatch_schema.formats import hid
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.usb import ScsiInquiry, UsbDevice, UsbInterface, UsbOverIp

from ...host import Host, HostError, SourceBroken
from ..asking import outcome_of
from ..macos_registry import Node, below, children, data_of, flag, forget, number, registry, text

#: Older systems name them without Host, and with Apple's name before it (google/OpenSK shows AppleUSBDevice).
DEVICES = frozenset({"IOUSBHostDevice", "IOUSBDevice", "AppleUSBDevice"})
INTERFACES = frozenset({"IOUSBHostInterface", "IOUSBInterface", "AppleUSBInterface"})
#: The laptop's own hubs inside a controller (IOUSBHostFamily; seen in ioreg of Intel and Apple silicon).
ROOT_HUBS = frozenset({"AppleUSBRootHubDevice", "IOUSBRootHubDevice"})
#: What programs make controllers with (IOUSBHostControllerInterface of IOUSBHost.framework): USB over a network, as
#: VirtualHere's client does it, and virtual machines that lend devices.
SOFTWARE_CONTROLLER = "AppleUSBUserHCI"
MAX_DEVICES, MAX_INTERFACES, MAX_REPORT, MAX_REPORT_BYTES, MAX_UNITS = 128, 32, 4096, 1 << 15, 8
_REMOVABLE = {"yes": "fixed", "no": "removable"}
#: Old key `Device Speed`: IOUSBLib's kUSBDeviceSpeed..., from 0. New key `USBSpeed`: tIOUSBHostConnectionSpeed, from 1,
#: with low and full the other way round. A device at high speed shows 2 in the old one and 3 in the new one.
_OLD_SPEED = {0: 1.5, 1: 12.0, 2: 480.0, 3: 5000.0, 4: 10000.0, 5: 20000.0}
_NEW_SPEED = {1: 12.0, 2: 1.5, 3: 480.0, 4: 5000.0, 5: 10000.0, 6: 20000.0}


def collect(host: Host) -> Iterator[Observable]:
    """Yields a UsbDevice per device, a UsbOverIp for a controller made by software, and what could not be asked."""
    tops = _tops(host)
    if tops is None:
        tops = registry(host, "registry_usb_interfaces")
        found = of_interfaces(tops)
        yield Gap(what="USB devices without interfaces: the registry's list of devices breaks off", outcome="broken")
    else:
        found = parse_devices(tops)
    yield from found[:MAX_DEVICES]
    if not found and any(text(top, "IOObjectClass") not in ROOT_HUBS for top in tops):
        yield Gap(what="USB devices: the registry's entries have a form that is not known", outcome="broken")
    if len(found) > MAX_DEVICES:
        rest = bucket(len(found) - MAX_DEVICES)
        yield Gap(what=f"more than {MAX_DEVICES} USB devices", outcome="not_supported", count=rest)
    try:
        controllers = registry(host, "registry_usb_controllers")
    except HostError as error:
        yield Gap(what="USB controllers made by software", outcome=outcome_of(error))
        return
    if any(text(entry, "IOObjectClass") == SOFTWARE_CONTROLLER for top in controllers for entry in (top, *below(top))):
        yield UsbOverIp(name=SOFTWARE_CONTROLLER, role="client")


def _tops(host: Host) -> list[Node] | None:
    """Returns the entries of devices with all below them; None when they cannot be printed.

    `ioreg -a` gives up on an entry that goes while it walks, which is when this probe is woken, so it is asked twice.
    It also gives up on a name that is no UTF-8, as one cut at 127 bytes may be (IOKitTools, ioreg.c, archive and
    archive_scan): a device's long name must not hide all others.
    """
    for _ in range(2):
        try:
            return registry(host, "registry_usb")
        except SourceBroken:
            forget()
    return None


def of_interfaces(tops: list[Node]) -> list[UsbDevice]:
    """Returns devices by what the entries of their interfaces repeat of them: ids, names, release, speed and place."""
    parts: dict[int, list[Node]] = {}
    for entry in tops:
        place = number(entry, "locationID")
        if place is not None and text(entry, "IOObjectClass") in INTERFACES:
            parts.setdefault(place, []).append(entry)
    room = [MAX_REPORT_BYTES]
    told = ("idVendor", "idProduct", "bcdDevice", "USBSpeed", "locationID", "USB Vendor Name", "USB Product Name")
    found = []
    for _, entries in sorted(parts.items()):
        device = {key: entries[0][key] for key in told if key in entries[0]}
        found.append(_device({**device, "IORegistryEntryChildren": entries}, room))
    return found


def parse_devices(tops: list[Node]) -> list[UsbDevice]:
    """Returns the devices of `ioreg -a -r -l -c IOUSBHostDevice`, by place; those behind a hub stand below it."""
    seen: set[int] = set()
    entries: list[Node] = []
    for top in tops:
        for entry in (top, *below(top)):
            if not is_device(entry):
                continue
            unit = number(entry, "IORegistryEntryID")
            if unit is None or unit not in seen:
                seen.update(() if unit is None else (unit,))
                entries.append(entry)
    room = [MAX_REPORT_BYTES]
    return [_device(entry, room) for entry in sorted(entries, key=_place)]


def is_device(entry: Node) -> bool:
    """Whether a registry entry is a USB device: by its class, or a subclass's by what only devices tell.

    A driver's entry repeats ids that it was matched by, but never a place on the bus without an interface.
    """
    kind = text(entry, "IOObjectClass")
    if kind in ROOT_HUBS or "bInterfaceNumber" in entry or number(entry, "idVendor") is None:
        return False
    return kind in DEVICES or ("locationID" in entry and "bDeviceClass" in entry)


def port_path(location: int) -> str:
    """Returns a place as "bus-port.port" from a locationID: controller in the top byte, then a port in each nibble."""
    ports = [location >> shift & 15 for shift in range(20, -1, -4)]
    taken = ports[: ports.index(0)] if 0 in ports else ports
    return f"{location >> 24 & 255}-{'.'.join(map(str, taken))}" if taken else f"usb{location >> 24 & 255}"


def speed_of(entry: Node) -> float | None:
    """Returns the speed in Mbit/s, from either key; None when neither tells."""
    new, old = number(entry, "USBSpeed"), number(entry, "Device Speed")
    if new in _NEW_SPEED:
        return _NEW_SPEED[new]
    return None if old is None else _OLD_SPEED.get(old)


def _device(entry: Node, room: list[int]) -> UsbDevice:
    interfaces, units = _interfaces(entry, room)
    speed = speed_of(entry)
    serial = text(entry, "kUSBSerialNumberString", "USB Serial Number")
    has_serial = number(entry, "iSerialNumber")
    size = number(entry, "bMaxPacketSize0")
    location = number(entry, "locationID")
    return UsbDevice(
        vendor_id=_hex4(entry, "idVendor"),
        product_id=_hex4(entry, "idProduct"),
        manufacturer=_string(entry, "iManufacturer", "kUSBVendorString", "USB Vendor Name"),
        product=_string(entry, "iProduct", "kUSBProductString", "USB Product Name"),
        serial=unkeyed("serial", serial) if serial else None,
        has_serial=bool(has_serial) if has_serial is not None else True if serial else None,
        bcd_device=_hex4(entry, "bcdDevice"),
        bcd_usb=_hex4(entry, "bcdUSB"),
        device_class=_triple(entry, "bDeviceClass", "bDeviceSubClass", "bDeviceProtocol"),
        speed_mbps=speed if speed is not None else next((s for s in map(speed_of, children(entry)) if s), None),
        # At super speed the descriptor holds the exponent (USB 3.2, 9.6.1).
        max_packet_size0=512 if size == 9 else size if size and 0 < size < 256 else None,
        port_path=port_path(location & 0xFFFFFFFF) if location is not None else "",
        removable=_REMOVABLE.get(text(entry, "non-removable"), ""),
        interfaces=interfaces,
        scsi=units,
    )


def _interfaces(entry: Node, room: list[int]) -> tuple[tuple[UsbInterface, ...], tuple[ScsiInquiry, ...]]:
    found: dict[int, UsbInterface] = {}
    units: list[ScsiInquiry] = []
    # Not into the next device: a hub has the devices that hang on it below itself.
    for child in below(entry, stop=is_device):
        value = number(child, "bInterfaceNumber")
        if text(child, "IOObjectClass") not in INTERFACES or value is None or not 0 <= value < 256:
            continue
        if len(found) < MAX_INTERFACES and value not in found:
            found[value] = _interface(child, value, room)
            units += _scsi_units(child)
    return tuple(interface for _, interface in sorted(found.items())), tuple(units[:MAX_UNITS])


def _interface(entry: Node, value: int, room: list[int]) -> UsbInterface:
    report = next((data for child in below(entry) if (data := data_of(child, "ReportDescriptor"))), b"")[:MAX_REPORT]
    whole = len(report) <= room[0]
    if whole:
        room[0] -= len(report)
    index = number(entry, "iInterface")
    return UsbInterface(
        number=value,
        class_triple=_triple(entry, "bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"),
        name=_string(entry, "iInterface", "kUSBString", "USB Interface Name"),
        name_index=index if index is not None and 0 <= index < 256 else None,
        report_descriptor=report.hex() if report and whole else None,
        features=hid.features_of(report) if report and not whole else None,
        driver=next((text(child, "IOUserClass", "IOObjectClass")[:64] for child in children(entry)), ""),
    )


def _scsi_units(entry: Node) -> Iterator[ScsiInquiry]:
    for child in below(entry):
        vendor, product = text(child, "Vendor Identification"), text(child, "Product Identification")
        if vendor or product:
            medium = next((flag(inner, "Removable") for inner in below(child) if "Removable" in inner), None)
            yield ScsiInquiry(vendor=vendor.rstrip(), product=product.rstrip(), removable=medium)
            return


def _string(entry: Node, index: str, *keys: str) -> str | None:
    """Returns a device's string, "" when its index says that there is none, None when it was not read."""
    return text(entry, *keys) or ("" if number(entry, index) == 0 else None)


def _hex4(entry: Node, key: str) -> str:
    value = number(entry, key)
    return f"{value:04x}" if value is not None and 0 <= value < 1 << 16 else ""


def _triple(entry: Node, *keys: str) -> str:
    values = [number(entry, key) for key in keys]
    if any(value is None for value in values):
        return ""
    return "/".join(f"{value & 255:02x}" for value in values if value is not None)


def _place(entry: Node) -> tuple[int, int]:
    return (number(entry, "locationID") or 0) & 0xFFFFFFFF, number(entry, "IORegistryEntryID") or 0
