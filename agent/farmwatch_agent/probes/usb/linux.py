"""USB devices from sysfs. Files: Documentation/ABI/{stable,testing}/sysfs-bus-usb, drivers/usb/core/sysfs.c."""

import re
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from farmwatch_schema.formats import FormatError, hid, usb_descriptors
from farmwatch_schema.formats.usb_descriptors import ConfigurationFacts, InterfaceFacts
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.usb import ScsiInquiry, UsbDevice, UsbInterface, UsbOverIp

from ...host import Host, HostError, Missing, NotSupported
from ..asking import outcome_of
from .attributes import device_facts, interface_folder, interfaces_beside

BUS = "/sys/bus/usb/devices"
MODULES = "/sys/module"
#: Drivers of USB over the network (drivers/usb/usbip/Kconfig) by their module, and what they do.
OVER_IP = {"vhci_hcd": "client", "usbip_host": "server", "usbip_vudc": "server"}
MAX_DESCRIPTORS, MAX_STRING, MAX_REPORT = 1 << 16, 512, 4096
#: What the kernel keeps at most (drivers/usb/core/config.c, USB_MAXINTERFACES); endpoint addresses are five bits.
MAX_INTERFACES, MAX_ENDPOINTS = 32, 32
#: So that no device, nor a hub full of them, makes a report too large to be taken: devices in a section, and bytes
#: of report descriptors told in full. After that their features stand for them.
MAX_DEVICES, MAX_REPORT_BYTES = 128, 1 << 15
#: Root hubs of controllers that are made by software, by product string
#: (drivers/usb/usbip/vhci_hcd.c, drivers/usb/gadget/udc/dummy_hcd.c).
SOFTWARE_CONTROLLERS = ("USB/IP Virtual Host Controller", "Dummy host controller")

#: A HID device's folder: bus 0003 is USB, then vendor, product and a running number.
_HID_CHILD = re.compile(r"0003:[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}\.[0-9A-Fa-f]+\Z")
_SCSI_HOST = re.compile(r"host\d+\Z")
_SCSI_TARGET = re.compile(r"target\d+:\d+:\d+\Z")
_SCSI_UNIT = re.compile(r"\d+:\d+:\d+:\d+\Z")


def collect(host: Host) -> Iterator[Observable]:
    """Yields a UsbDevice per device, drivers of USB over the network, and a Gap for what could not be looked at."""
    try:
        names = host.names(BUS)
    except Missing:
        raise NotSupported(f"{BUS} is not there: this kernel has no USB") from None
    names = [
        name for name in names if ":" not in name and (not name.startswith("usb") or _made_by_software(host, name))
    ]
    room = _Room(MAX_REPORT_BYTES)
    for name in names[:MAX_DEVICES]:
        try:
            yield _device(host, name, room)
        except Missing:
            continue  # unplugged between two looks
        except HostError as error:
            yield Gap(what=f"USB device on port {name}", outcome=outcome_of(error))
            with suppress(HostError):
                yield _by_ids(host, name, str(error))
    if len(names) > MAX_DEVICES:
        rest = bucket(len(names) - MAX_DEVICES)
        yield Gap(what=f"more than {MAX_DEVICES} USB devices", outcome="not_supported", count=rest)
    yield from _over_ip(host)


class _Room:
    """How many bytes of report descriptors this section may still hold."""

    def __init__(self, left: int) -> None:
        self.left = left

    def takes(self, size: int) -> bool:
        """Whether so many bytes find room; they are taken from it then."""
        if size > self.left:
            return False
        self.left -= size
        return True


def parse_speed(text: str) -> float | None:
    """Returns the `speed` file's figure in Mbit/s; None for "unknown"."""
    try:
        speed = float(text)
    except ValueError:
        return None
    return speed if 0 < speed < 1e6 else None


def parse_string(data: bytes) -> str:
    """Returns a string as the device gave it: the kernel's own line end is taken off, white space before it is not."""
    return data.removesuffix(b"\n").decode("utf-8", "replace")


def _device(host: Host, name: str, room: _Room) -> UsbDevice:
    path = f"{BUS}/{name}"
    raw = True
    try:
        facts = usb_descriptors.parse(host.read(f"{path}/descriptors", MAX_DESCRIPTORS))
    except Missing:
        facts, raw = device_facts(host, name), False
    except FormatError as error:
        facts = msgspec.structs.replace(device_facts(host, name), fault=str(error))
        raw = False
    fault = facts.fault
    value = _configuration_value(host, path)
    active = facts.configuration(int(value) if value else None) if value is None or value.isdecimal() else None
    if active is None and value:
        fault = fault or f"The active configuration {value} is not in the descriptors."
        # Lengths that lie can hide a configuration in the one before; the kernel's folders show it all the same.
        if value.isdecimal():
            active, raw = ConfigurationFacts(value=int(value), name_index=0, attributes=0, max_power=0), False
    interfaces, units = _interfaces(host, name, active, room, raw and not fault) if active else ((), ())
    # A root hub's serial is its controller's name, which stands in other paths, too, and tells of no unit.
    serial = _string(host, f"{path}/serial") if facts.serial_index and not name.startswith("usb") else None
    removable = _line(host, f"{path}/removable")
    return UsbDevice(
        vendor_id=facts.vendor_id,
        product_id=facts.product_id,
        manufacturer=_string(host, f"{path}/manufacturer") if facts.manufacturer_index else "" if raw else None,
        product=_string(host, f"{path}/product") if facts.product_index else "" if raw else None,
        serial=unkeyed("serial", serial) if serial else None,
        has_serial=facts.serial_index != 0 if raw or facts.serial_index else None,
        bcd_device=facts.bcd_device,
        bcd_usb=facts.bcd_usb,
        device_class=facts.device_class,
        speed_mbps=parse_speed(_line(host, f"{path}/speed")),
        max_packet_size0=facts.max_packet_size0 or None,
        port_path=name,
        configuration_index=active.name_index if active and raw else None,
        removable=removable if removable in ("fixed", "removable") else "",
        interfaces=interfaces,
        scsi=units,
        fault=fault,
    )


def _over_ip(host: Host) -> Iterator[Observable]:
    """Yields a UsbOverIp per module. Folders are asked for: /proc/modules would tell root the kernel's addresses."""
    try:
        loaded = frozenset(host.names(MODULES))
    except Missing:
        return  # a kernel without modules, or a tree that left it out
    except HostError as error:
        yield Gap(what="drivers of USB over the network", outcome=outcome_of(error))
        return
    for name, role in OVER_IP.items():
        if name in loaded:
            yield UsbOverIp(name=name, role=role)


def _configuration_value(host: Host, path: str) -> str | None:
    """Returns the active configuration's value, "" for a device without one; None where nothing tells."""
    try:
        return host.text(f"{path}/bConfigurationValue", 8)
    except Missing:
        return None
    except HostError:
        return ""


def _by_ids(host: Host, name: str, fault: str) -> UsbDevice:
    """Returns a device by its ids and strings alone, which still tell what it claims to be; the rest is not read."""
    path = f"{BUS}/{name}"
    return UsbDevice(
        vendor_id=host.text(f"{path}/idVendor", 8),
        product_id=host.text(f"{path}/idProduct", 8),
        manufacturer=_string(host, f"{path}/manufacturer"),
        product=_string(host, f"{path}/product"),
        speed_mbps=parse_speed(_line(host, f"{path}/speed")),
        port_path=name,
        fault=fault,
    )


def _interfaces(
    host: Host, name: str, active: ConfigurationFacts, room: _Room, sound: bool
) -> tuple[tuple[UsbInterface, ...], tuple[ScsiInquiry, ...]]:
    """Returns the interfaces, first what descriptors say and then what only the kernel's folders show."""
    first: dict[int, InterfaceFacts] = {}
    # The kernel takes setting 0, or the first one where a device leaves that out (drivers/usb/core/message.c).
    for facts in sorted(active.interfaces, key=lambda facts: facts.alternate != 0):
        if len(first) < MAX_INTERFACES:
            first.setdefault(facts.number, facts)
    described = frozenset(first)
    for facts in (
        interfaces_beside(host, name, active.value, described, MAX_INTERFACES) if not sound or not first else ()
    ):
        first[facts.number] = facts
    units: list[ScsiInquiry] = []
    interfaces: list[UsbInterface] = []
    for number, facts in sorted(first.items()):
        path = interface_folder(host, name, active.value, number)
        children = _names(host, path)
        units.extend(_scsi_units(host, path, children))
        report = _report_descriptor(host, path, children)
        whole = report is not None and room.takes(len(report))
        known = number in described
        interfaces.append(
            UsbInterface(
                number=number,
                class_triple=facts.class_triple,
                name=_string(host, f"{path}/interface") if facts.name_index else "" if known else None,
                name_index=facts.name_index if known else None,
                endpoints=facts.endpoints[:MAX_ENDPOINTS],
                bcd_hid=facts.bcd_hid,
                report_descriptor=report.hex() if report is not None and whole else None,
                features=hid.features_of(report) if report is not None and not whole else None,
                driver=_base_of_link(host, f"{path}/driver") if "driver" in children else "",
            )
        )
    return tuple(interfaces), tuple(units)


def _report_descriptor(host: Host, path: str, children: list[str]) -> bytes | None:
    for child in children:
        if _HID_CHILD.match(child):
            return _bytes(host, f"{path}/{child}/report_descriptor", MAX_REPORT) or None
    return None


def _scsi_units(host: Host, path: str, children: list[str]) -> Iterator[ScsiInquiry]:
    """Yields the units below an interface: host4/target4:0:0/4:0:0:0, in sysfs since usb-storage is a SCSI host."""
    for adapter in filter(_SCSI_HOST.match, children):
        for target in filter(_SCSI_TARGET.match, _names(host, f"{path}/{adapter}")):
            for unit in filter(_SCSI_UNIT.match, _names(host, f"{path}/{adapter}/{target}")):
                place = f"{path}/{adapter}/{target}/{unit}"
                vendor, product = _line(host, f"{place}/vendor"), _line(host, f"{place}/model")
                yield ScsiInquiry(vendor=vendor, product=product, removable=_is_removable(host, place))


def _is_removable(host: Host, place: str) -> bool | None:
    for block in _names(host, f"{place}/block"):
        flag = _line(host, f"{place}/block/{block}/removable")
        if flag in ("0", "1"):
            return flag == "1"
    return None


def _made_by_software(host: Host, root_hub: str) -> bool:
    return _line(host, f"{BUS}/{root_hub}/product") in SOFTWARE_CONTROLLERS


def _bytes(host: Host, path: str, limit: int) -> bytes | None:
    try:
        return host.read(path, limit)
    except HostError:
        return None


def _string(host: Host, path: str) -> str | None:
    # The kernel ends each string it has with a line end; nothing at all means that it has none to show.
    data = _bytes(host, path, MAX_STRING)
    return parse_string(data) if data else None


def _line(host: Host, path: str) -> str:
    try:
        return host.text(path, MAX_STRING)
    except HostError:
        return ""


def _names(host: Host, path: str) -> list[str]:
    try:
        return host.names(path)
    except Missing:
        return []


def _base_of_link(host: Host, path: str) -> str:
    try:
        return host.link(path).rpartition("/")[2]
    except HostError:
        return ""
