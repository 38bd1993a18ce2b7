r"""USB devices on Windows: the device list, what hubs say of their ports, and what Windows made of HID descriptors.

The device list says what is plugged in and where; the hub adds descriptors, strings and speed; where it does not
answer, the device list's own ids and classes stand alone, with a gap. Sources: learn.microsoft.com, "Identifiers for
USB Devices", usbioctl.h, hidpi.h; names of hub drivers: libusb, libusb/os/windows_winusb.c.
"""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from farmwatch_schema.formats import usb_descriptors
from farmwatch_schema.formats.usb_descriptors import ConfigurationFacts, DeviceFacts, InterfaceFacts
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.usb import HidFeatures, UsbDevice, UsbInterface

from ...host import Host, HostError, Missing, NotSupported
from ...host.windows.devices import WindowsDevice
from ...host.windows.hid import HidCollection
from ...host.windows.usb_hubs import CONNECTED, UsbPort
from ..asking import outcome_of
from ..windows_devices import BUILT_IN, asked, class_triple, interface_number, place, port_of, same, usb_ids
from .windows_history import inquiries, over_ip, remembered, serial_of

MAX_DEVICES, MAX_INTERFACES, MAX_ENDPOINTS, MAX_TEXT = 128, 32, 32, 256
HUB_SERVICES = frozenset(
    {"usbhub", "usbhub3", "usb3hub", "nusb3hub", "rusb3hub", "flxhcih", "tihub3", "etronhub3", "viahub3", "asmthub3"}
    | {"iusb3hub", "vusb3hub", "amdhub30", "vhhub", "ausb3hub"}
)
#: Speed of a port in Mbit/s, by USB_DEVICE_SPEED (usbspec.h).
_SPEEDS = {0: 1.5, 1: 12.0, 2: 480.0, 3: 5000.0}
_GENERIC_DESKTOP, _DIGITIZER, _VENDOR, _X, _Y = 0x01, 0x0D, 0xFF00, 0x30, 0x31
#: Pointer, mouse, keyboard and keypad of the generic desktop page.
_CONTROLS = frozenset({0x01, 0x02, 0x06, 0x07})
#: learn.microsoft.com, "HID Hardware IDs": HID_DEVICE_UP:000B_U:0005.
_USAGE = re.compile(r"HID_DEVICE_UP:([0-9A-F]{4})_U:([0-9A-F]{4})\Z", re.IGNORECASE)
NO_DESCRIPTORS = "The hub did not show its descriptors; this is what Windows's device list says."


def collect(host: Host) -> Iterator[Observable]:
    """Yields a UsbDevice per device that is there, a RememberedUsb per one that is gone, and what could not be seen."""
    gaps: list[Gap] = []
    try:
        nodes = asked(host.rows(WindowsDevice, "USB"), "USB devices of the device list", gaps)
    except Missing:
        raise NotSupported("this Windows has no USB") from None
    seen = _Seen(host, nodes, gaps)
    devices = [*seen.devices(), *seen.without_node()]
    yield from devices[:MAX_DEVICES]
    if len(devices) > MAX_DEVICES:
        rest = bucket(len(devices) - MAX_DEVICES)
        yield Gap(what=f"more than {MAX_DEVICES} USB devices", outcome="not_supported", count=rest)
    yield from gaps
    yield from remembered(nodes, seen.storage)
    more: list[Gap] = []
    made = _asked(host, "ROOT", "devices made by software", more)
    yield from more
    yield from over_ip(host, [*nodes, *made])


class _Seen:
    """One pass: nodes of the device list, ports of hubs, HID collections and storage, each asked once."""

    def __init__(self, host: Host, nodes: list[WindowsDevice], gaps: list[Gap]) -> None:
        self.host = host
        self.nodes = [node for node in nodes if node.present]
        self.gaps = gaps
        self.storage = _asked(host, "USBSTOR", "USB storage", gaps)
        self.hid = [node for node in _asked(host, "HID", "HID devices", gaps) if node.present]
        self.hubs = [node for node in self.nodes if node.service.lower() in HUB_SERVICES or _is_root(node)]
        self.ports: dict[tuple[str, int], UsbPort] = {}
        for hub in self.hubs:
            self._ask(hub)

    def devices(self) -> Iterator[UsbDevice]:
        """Yields the devices that have a node."""
        for node in self.nodes:
            if interface_number(node) is None and not _is_root(node) and usb_ids(node)[0]:
                yield self._device(node, self.ports.pop((same(node.parent), port_of(node)), None))

    def without_node(self) -> Iterator[UsbDevice]:
        """Yields what a hub has in a port while the device list has no node for it; after `devices`."""
        by_name = {same(hub.instance): hub for hub in self.hubs}
        for (name, number), port in sorted(self.ports.items()):
            if _has_descriptor(port):
                found = _described(port)
                paths = [f"{path}#USB({number})" for path in by_name[name].location_paths]
                yield replace(found, port_path=place(paths), fault=found.fault or "Windows has no node for it.")

    def _ask(self, hub: WindowsDevice) -> None:
        where = place(hub.location_paths) or "the laptop's own hub"
        try:
            ports = self.host.rows(UsbPort, hub.instance)
        except Missing:
            return  # unplugged between two looks
        except HostError as error:
            self.gaps.append(Gap(what=f"speed and descriptors behind {where}", outcome=outcome_of(error)))
            return
        for port in ports:
            self.ports[same(hub.instance), port.port] = port
            if port.refused:
                what = f"descriptors on port {port.port} of {where}"
                self.gaps.append(Gap(what=what, outcome=port.refused))  # type: ignore[arg-type]

    def _device(self, node: WindowsDevice, port: UsbPort | None) -> UsbDevice:
        parts = {
            number: part
            for part in self.nodes
            if same(part.parent) == same(node.instance) and (number := interface_number(part)) is not None
        }
        base = listed = _listed(node, parts)
        if port is not None and _has_descriptor(port):
            base = _described(port)
            if not base.interfaces:
                base = replace(base, interfaces=listed.interfaces)
            if base.product is None:
                # Asleep, it does not answer; Windows keeps what it said when it was plugged in.
                base = replace(base, product=listed.product)
        names = {it.number: it.name for it in listed.interfaces}
        interfaces = tuple(
            self._completed(
                it if it.name is not None else replace(it, name=names.get(it.number)),
                parts.get(it.number) if parts else node,
            )
            for it in base.interfaces
        )
        if base.serial is None and base.has_serial is not False and serial_of(node):
            base = replace(base, serial=unkeyed("serial", serial_of(node)), has_serial=True)
        return replace(
            base,
            interfaces=interfaces,
            port_path=place(node.location_paths),
            removable="" if not node.container else "fixed" if node.container.lower() == BUILT_IN else "removable",
            scsi=tuple(
                unit for owner in (node, *parts.values()) for unit in inquiries(self._storage(), owner.instance)
            )[:8],
        )

    def _completed(self, interface: UsbInterface, owner: WindowsDevice | None) -> UsbInterface:
        """Returns an interface with what hangs on its node: driver and HID features."""
        if owner is None:
            return interface
        features = self._features(owner) if interface.class_triple.startswith("03/") else None
        return replace(interface, features=features, driver=owner.service[:64])

    def _storage(self) -> list[WindowsDevice]:
        return [unit for unit in self.storage if unit.present]

    def _features(self, owner: WindowsDevice) -> HidFeatures | None:
        """Returns what the collections below a node say; None when one could not be read, so that none looks absent."""
        found: list[HidCollection] = []
        children = [node for node in self.hid if same(node.parent) == same(owner.instance)]
        for node in sorted(children, key=lambda node: same(node.instance)):
            try:
                found.extend(self.host.rows(HidCollection, node.instance))
            except Missing:
                continue
            except HostError as error:
                where = place(owner.location_paths) or "an unknown port"
                self.gaps.append(Gap(what=f"HID features of the device on {where}", outcome=outcome_of(error)))
                return named_features(children)
        return features_of(found) if found else None


def named_features(nodes: list[WindowsDevice]) -> HidFeatures | None:
    """Returns what collections are for by their hardware ids; None when one may move a pointer or type, or tells none.

    Where a position is reported stands in no id, so of a pointer nothing is known this way.
    """
    found: list[tuple[int, int]] = []
    for node in nodes:
        usage = next((match for match in map(_USAGE.search, node.hardware_ids) if match), None)
        if usage is None:
            return None
        found.append((int(usage[1], 16), int(usage[2], 16)))
    if not found or any(
        page == _DIGITIZER or (page == _GENERIC_DESKTOP and usage in _CONTROLS) for page, usage in found
    ):
        return None
    return HidFeatures(
        applications=tuple(f"{page:x}:{usage:x}" for page, usage in found)[:32],
        vendor=any(page >= _VENDOR for page, _ in found),
    )


def features_of(collections: list[HidCollection]) -> HidFeatures:
    """Returns what Windows understood of a report descriptor, from all its top-level collections in order."""
    position = None
    for absolute in (True, False):
        for collection in collections:
            by_axis = {
                axis: field
                for axis in (_X, _Y)
                for field in collection.fields
                if field.page == _GENERIC_DESKTOP and field.first <= axis <= field.last and field.absolute == absolute
            }
            if position is None and len(by_axis) == 2:
                position = by_axis[_X]
    pages = {page for it in collections for page in (*(page for page, _ in it.nodes), it.page)}
    inner = {page for it in collections for page in (*(field.page for field in it.fields), *it.buttons)}
    return HidFeatures(
        applications=tuple(f"{it.page:x}:{it.usage:x}" for it in collections)[:32],
        absolute_xy=position is not None and position.absolute,
        x_logical=(position.minimum, position.maximum) if position is not None else None,
        x_bits=position.bits if position is not None else 0,
        report_ids=tuple(dict.fromkeys(number for it in collections for number in it.report_ids))[:64],
        digitizer=_DIGITIZER in pages | inner,
        vendor=any(page >= _VENDOR for page in pages),
    )


def parse_port(port: UsbPort) -> tuple[DeviceFacts, ConfigurationFacts | None, str]:
    """Returns what a port's descriptors say, the active configuration, and what is wrong, one sentence or "".

    Raises FormatError without a device descriptor. Hubs are asked for the first configuration only.
    """
    count = b"\1" if port.configuration else b"\0"
    facts = usb_descriptors.parse(port.device[:17] + count + port.configuration)
    active = facts.configuration(port.configuration_value or None)
    if port.status != CONNECTED:
        return facts, active, f"Windows cannot use it (connection status {port.status})."
    if active is None and facts.configurations:
        return facts, None, f"The active configuration {port.configuration_value} is not the first one."
    return facts, active, facts.fault or (NO_DESCRIPTORS if port.refused else "")


def _described(port: UsbPort) -> UsbDevice:
    facts, active, fault = parse_port(port)
    serial = port.strings.get(facts.serial_index) if facts.serial_index else None
    return UsbDevice(
        vendor_id=facts.vendor_id,
        product_id=facts.product_id,
        manufacturer=_string(port, facts.manufacturer_index),
        product=_string(port, facts.product_index),
        serial=unkeyed("serial", serial[:MAX_TEXT]) if serial else None,
        has_serial=facts.serial_index != 0,
        bcd_device=facts.bcd_device,
        bcd_usb=facts.bcd_usb,
        device_class=facts.device_class,
        speed_mbps=10000.0
        if port.super_plus
        else 5000.0
        if port.super
        else _SPEEDS.get(-1 if port.speed is None else port.speed),
        max_packet_size0=facts.max_packet_size0 or None,
        configuration_index=active.name_index if active is not None else None,
        interfaces=_interfaces(port, active) if active is not None else (),
        fault=fault,
    )


def _interfaces(port: UsbPort, active: ConfigurationFacts) -> tuple[UsbInterface, ...]:
    first: dict[int, InterfaceFacts] = {}
    for facts in sorted(active.interfaces, key=lambda facts: facts.alternate != 0):
        if len(first) < MAX_INTERFACES:
            first.setdefault(facts.number, facts)
    return tuple(
        UsbInterface(
            number=number,
            class_triple=facts.class_triple,
            name=_string(port, facts.name_index),
            name_index=facts.name_index,
            endpoints=facts.endpoints[:MAX_ENDPOINTS],
            bcd_hid=facts.bcd_hid,
        )
        for number, facts in sorted(first.items())
    )


def _listed(node: WindowsDevice, parts: dict[int, WindowsDevice]) -> UsbDevice:
    """Returns a device by the device list alone; an interface's own name is what differs from the device's."""
    vendor, product, revision = usb_ids(node)
    triple = class_triple(node)
    owners = parts or ({0: node} if triple and not triple.startswith("09/") else {})
    return UsbDevice(
        vendor_id=vendor,
        product_id=product,
        product=node.reported[:MAX_TEXT] or None,
        bcd_device=revision,
        interfaces=tuple(
            UsbInterface(
                number=number,
                class_triple=class_triple(owner),
                name=owner.reported[:MAX_TEXT] if owner.reported not in ("", node.reported) else None,
            )
            for number, owner in sorted(owners.items())
            if class_triple(owner)
        )[:MAX_INTERFACES],
        fault=NO_DESCRIPTORS,
    )


def _string(port: UsbPort, index: int) -> str | None:
    if not index:
        return ""
    text = port.strings.get(index)
    return text[:MAX_TEXT] if text is not None else None


def _has_descriptor(port: UsbPort) -> bool:
    """Whether a port has a device descriptor; of a device that failed to answer Windows keeps none, or zeros."""
    return len(port.device) == 18 and port.device[:2] == b"\x12\x01"


def _is_root(node: WindowsDevice) -> bool:
    return node.instance.upper().startswith("USB\\ROOT_HUB")


def _asked(host: Host, enumerator: str, what: str, gaps: list[Gap]) -> list[WindowsDevice]:
    try:
        return asked(host.rows(WindowsDevice, enumerator), what, gaps)
    except Missing:
        return []
    except HostError as error:
        gaps.append(Gap(what=what, outcome=outcome_of(error)))
        return []
