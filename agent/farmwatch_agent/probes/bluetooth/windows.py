r"""Bluetooth on Windows: paired devices by the device list, what the driver remembers of them, and casting.

A paired device has a node BTHENUM\DEV_<address> (BR/EDR) or BTHLE\DEV_<address> (LE); its services are nodes beside
it, whose ids hold service, vendor and address. Sources: learn.microsoft.com, "Bluetooth Driver Stack" and
bluetoothapis.h; `HKLM\SOFTWARE\Microsoft\PlayToReceiver`, AutoEnabled: Windows IoT Core documentation, "Miracast".
"""

import re
from collections.abc import Iterator

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.bluetooth import BluetoothAdapter, BluetoothDevice, Casting

from ...host import Host, HostError, Missing, NotSupported
from ...host.protocol import RowType
from ...host.windows.bluetooth import BluetoothPeer, BluetoothRadio, BluetoothRecord
from ...host.windows.devices import WindowsDevice
from ...host.windows.displays import DisplayTarget
from ...host.windows.registry import RegistryKey
from ..asking import outcome_of
from ..bounds import at_most
from ..windows_devices import asked, day
from .kinds import INPUT_KINDS, input_name, kind_of_appearance, kind_of_class

#: GUID_DEVCLASS_BLUETOOTH (devguid.h): radios, and the devices themselves.
CLASS = "{e0cbf06c-cd8b-4647-bb8a-263b43f0f974}"
RECEIVER = r"HKLM\SOFTWARE\Microsoft\PlayToReceiver"
MIRACAST = 15
MAX_DEVICES = 100
_DEVICE = re.compile(r"BTH(?:ENUM|LE)\\DEV_([0-9A-F]{12})\\", re.IGNORECASE)
_SERVICE = re.compile(r"BTH(?:ENUM|LEDEVICE)\\\{0000([0-9A-F]{4})-0000-1000-8000-00805F9B34FB\}", re.IGNORECASE)
#: Source (1 Bluetooth SIG, 2 USB) and number of the vendor, product: "_VID&0002046d_PID&b342".
_IDS = re.compile(r"VID&0{0,3}([12])([0-9A-F]{4})_PID&([0-9A-F]{4})", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![0-9A-F])([0-9A-F]{12})(?![0-9A-F])", re.IGNORECASE)
_SOURCES = {1: "bluetooth", 2: "usb"}
_HID = frozenset({"1124", "1812"})
_BUSES = {"USB": "usb", "PCI": "pci", "ACPI": "uart", "ROOT": "virtual", "SWD": "virtual"}


def collect(host: Host) -> Iterator[Observable]:
    """Yields radios, paired devices and casting. NotSupported when Windows has nothing of Bluetooth to ask."""
    gaps: list[Gap] = []
    known = asked(_rows(host, WindowsDevice, CLASS, "Bluetooth radios", gaps), "Bluetooth radios", gaps)
    radios = [it for it in known if it.present and _is_radio(it)]
    nodes = [
        node
        for enumerator in ("BTHENUM", "BTHLE", "BTHLEDEVICE")
        for node in _rows(host, WindowsDevice, enumerator, "paired Bluetooth devices", gaps)
    ]
    nodes = asked(nodes, "paired Bluetooth devices", gaps)
    casting = [*_casting(host, gaps)]
    if not (radios or nodes or casting or gaps):
        raise NotSupported("Windows knows no Bluetooth radio")
    yield from _adapters(host, radios, gaps)
    records = {
        it.address: it for it in _rows(host, BluetoothRecord, "", "what Windows keeps of Bluetooth devices", gaps)
    }
    # Without a radio there is nobody to ask, and nothing is connected.
    peers = _rows(host, BluetoothPeer, "", "which Bluetooth devices are connected", gaps) if radios else []
    yield from at_most(parse_devices(nodes, records, {it.address: it for it in peers}), MAX_DEVICES, "paired devices")
    yield from casting
    yield from dict.fromkeys(gaps)


def parse_devices(
    nodes: list[WindowsDevice], records: dict[str, BluetoothRecord], peers: dict[str, BluetoothPeer]
) -> Iterator[BluetoothDevice]:
    """Yields the paired devices, by address: those that have a node, or that the radio knows."""
    own: dict[str, WindowsDevice] = {}
    services: dict[str, list[WindowsDevice]] = {}
    for node in nodes:
        match = _DEVICE.match(node.instance)
        if match:
            own[match[1].lower()] = node
        elif _SERVICE.match(node.instance):
            for address in _ADDRESS.findall(node.instance):
                services.setdefault(address.lower(), []).append(node)
    for address in sorted({*own, *peers}):
        yield _device(address, own.get(address), services.get(address, []), records.get(address), peers.get(address))


def _device(
    address: str,
    node: WindowsDevice | None,
    services: list[WindowsDevice],
    record: BluetoothRecord | None,
    peer: BluetoothPeer | None,
) -> BluetoothDevice:
    offered = {match[1] for service in services if (match := _SERVICE.match(service.instance))}
    hid = not offered.isdisjoint(_HID) if services else None
    kind = kind_of_class(peer.class_of_device) if peer is not None else ""
    if record is not None:
        kind = kind or kind_of_class(record.class_of_device or 0) or kind_of_appearance(record.appearance or 0)
    vendor, product, source = _ids(services, record)
    name = (node.name if node is not None else "") or (record.name if record is not None else "")
    states = [it.connected for it in (node, *services) if it is not None and it.connected is not None]
    seen = max(record.last_seen, record.last_connected) if record is not None else 0.0
    return BluetoothDevice(
        kind=kind,
        name=input_name(name) if kind in INPUT_KINDS or hid else "",
        vendor_id=vendor,
        product_id=product,
        vendor_source=source,
        address=unkeyed("mac", address),
        hid=hid,
        connected=peer.connected if peer is not None else any(states) if states else None,
        last_seen=day(seen),
    )


def _ids(services: list[WindowsDevice], record: BluetoothRecord | None) -> tuple[str, str, str]:
    """Returns vendor, product and who gave out the vendor's number; "" each when not known."""
    if record is not None and record.vendor_id and record.vendor_source in _SOURCES:
        source = _SOURCES[record.vendor_source]
        return f"{record.vendor_id & 0xFFFF:04x}", f"{(record.product_id or 0) & 0xFFFF:04x}", source
    for service in services:
        match = _IDS.search(service.instance)
        if match:
            return match[2].lower(), match[3].lower(), _SOURCES[int(match[1])]
    return "", "", ""


def _adapters(host: Host, radios: list[WindowsDevice], gaps: list[Gap]) -> Iterator[BluetoothAdapter]:
    answering = _rows(host, BluetoothRadio, "", "address of the Bluetooth radio", gaps) if radios else []
    for position, radio in enumerate(radios[:8]):
        address = answering[0].address if answering and position == 0 else ""
        yield BluetoothAdapter(
            address=unkeyed("mac", address) if address else None,
            # A radio that does not answer may be off, and may be one that Windows does not use.
            powered=True if address else None,
            bus=_BUSES.get(radio.enumerator, ""),
        )


def _casting(host: Host, gaps: list[Gap]) -> Iterator[Casting]:
    try:
        if any(target.technology == MIRACAST for target in host.rows(DisplayTarget)):
            yield Casting(protocol="miracast", role="sender", active=True)
    except Missing:
        pass
    except HostError as error:
        gaps.append(Gap(what="whether the screen is cast", outcome=outcome_of(error)))
    for key in _rows(host, RegistryKey, RECEIVER, "whether others may cast to this laptop", gaps):
        try:
            if key.number("AutoEnabled"):
                yield Casting(protocol="miracast", role="receiver")
        except HostError as error:
            gaps.append(Gap(what="whether others may cast to this laptop", outcome=outcome_of(error)))


def _is_radio(node: WindowsDevice) -> bool:
    r"""A radio's node lies on the bus that it hangs on; devices and Windows's own parts on BTH\..., BTHENUM\..."""
    return not node.enumerator.startswith("BTH") and node.enumerator in _BUSES


def _rows(host: Host, kind: type[RowType], of: str, what: str, gaps: list[Gap]) -> list[RowType]:
    try:
        return host.rows(kind, of)
    except Missing:
        return []
    except HostError as error:
        gaps.append(Gap(what=what, outcome=outcome_of(error)))
        return []
