"""Bluetooth on Linux: adapters and connections from sysfs, paired devices from BlueZ's folder, HID from the HID bus.

Sources: net/bluetooth/hci_sysfs.c (hci0, and hci0:256 for each connection); BlueZ doc/settings-storage.txt;
drivers/hid/hid-core.c (0005 is BUS_BLUETOOTH; uevent, report_descriptor). Link keys in BlueZ's files are passed over,
and no capture holds them.
"""

import re
from collections.abc import Iterator

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.bluetooth import BluetoothAdapter, BluetoothDevice

from ...host import Host, HostError, Missing, NotSupported
from ...paths import base_name
from ..asking import link_of, names_in, outcome_of
from ..bounds import at_most
from .kinds import INPUT_KINDS, input_name, kind_of_appearance, kind_of_class, offers_hid

CLASS = "/sys/class/bluetooth"
STORE = "/var/lib/bluetooth"
HID_BUS = "/sys/bus/hid/devices"
MAX_DEVICES, MAX_REPORT = 100, 4096
PAIRED = "paired Bluetooth devices"

#: Compiled where they are used: most of a pass on a laptop without Bluetooth would be spent on it.
_ADAPTER = r"hci\d+"
_CONNECTION = r"hci\d+:\d+"
_ADDRESS = r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}"
_HID = r"0005:([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})\.[0-9A-Fa-f]{4,8}"
_BUSES = {"usb": "usb", "pci": "pci", "serial": "uart", "tty": "uart", "platform": "uart"}
_SOURCES = {"1": "bluetooth", "2": "usb"}


class Hid(msgspec.Struct, frozen=True):
    """A connected device on the HID bus. address is "" where its maker or a program gave none."""

    vendor_id: str
    product_id: str
    name: str
    address: str
    report: str | None


def collect(host: Host) -> Iterator[Observable]:
    """Yields adapters, paired devices and connected HID devices. NotSupported when there is nothing to ask."""
    try:
        names = host.names(CLASS)
    except Missing:
        names = []
    adapters = [name for name in names if re.fullmatch(_ADAPTER, name)]
    connections = [name for name in names if re.fullmatch(_CONNECTION, name)]
    hids = _hids(host)
    folders: list[str] = []
    problem: HostError | None = None
    try:
        folders = [name for name in host.names(STORE) if re.fullmatch(_ADDRESS, name)]
    except HostError as error:
        problem = error
    if not (names or folders or hids):
        raise NotSupported(f"{CLASS} is not there, or empty: this laptop has no Bluetooth")
    own = folders[0] if len(folders) == len(adapters) == 1 else ""
    for adapter in adapters[:8]:
        yield _adapter(host, adapter, own, connected=bool(connections))
    found: list[Observable] = []
    yield from _paired(host, folders, hids, found, connected=bool(connections))
    found += [_of_hid(hid) for hid in hids.values()]
    yield from at_most(found, MAX_DEVICES, "Bluetooth devices")
    if problem is not None and not isinstance(problem, Missing):
        yield Gap(what=PAIRED, outcome=outcome_of(problem))
    elif problem is not None and adapters:
        # An adapter and no folder of BlueZ: another program may keep what is paired.
        yield Gap(what=PAIRED, outcome="not_supported")


def parse_info(text: str) -> dict[str, str]:
    """Returns the values of a device's info file as "Group.Key", keys for encryption left out."""
    found: dict[str, str] = {}
    group = ""
    for line in text.split("\n"):
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1]
        elif group in ("General", "DeviceID"):
            key, mark, value = line.partition("=")
            if mark:
                found.setdefault(f"{group}.{key.strip()}", value.strip())
    return found


def device_of(address: str, info: dict[str, str], hid: Hid | None, *, connected: bool) -> BluetoothDevice:
    """Returns a paired device from its info file and, when it is on the HID bus now, from that.

    connected  whether anything at all is connected to an adapter
    """
    services = [text for text in info.get("General.Services", "").split(";") if text]
    kind = kind_of_class(_number(info.get("General.Class", ""), 16)) or kind_of_appearance(
        _number(info.get("General.Appearance", ""), 16)
    )
    gives_input = kind in INPUT_KINDS or hid is not None
    named = (hid.name if hid is not None and hid.name else info.get("General.Name", "")) if gives_input else ""
    vendor, product = (_number(info.get(f"DeviceID.{key}", ""), 10) for key in ("Vendor", "Product"))
    has_id = "DeviceID.Vendor" in info
    return BluetoothDevice(
        kind=kind,
        name=input_name(named),
        vendor_id=f"{vendor & 0xFFFF:04x}" if has_id else hid.vendor_id if hid is not None else "",
        product_id=f"{product & 0xFFFF:04x}" if has_id else hid.product_id if hid is not None else "",
        vendor_source=_SOURCES.get(info.get("DeviceID.Source", ""), ""),
        address=unkeyed("mac", address),
        hid=True if hid is not None else offers_hid(services) if services else None,
        connected=True if hid is not None else None if connected else False,
        report_descriptor=hid.report if hid is not None else None,
    )


def _paired(
    host: Host, folders: list[str], hids: dict[str, Hid], found: list[Observable], *, connected: bool
) -> Iterator[Gap]:
    """Fills `found` and takes from `hids` the devices that are among the paired ones."""
    broken: HostError | None = None
    for folder in folders[:8]:
        try:
            names = host.names(f"{STORE}/{folder}")
        except HostError as error:
            broken = broken if isinstance(error, Missing) else error
            continue
        for name in [it for it in names if re.fullmatch(_ADDRESS, it)][:MAX_DEVICES]:
            try:
                info = parse_info(host.text(f"{STORE}/{folder}/{name}/info", 1 << 16))
            except Missing:
                continue  # seen once and never kept
            except HostError as error:
                broken = error
                continue
            found.append(device_of(name.lower(), info, hids.pop(name.lower(), None), connected=connected))
    if broken is not None:
        yield Gap(what=PAIRED, outcome=outcome_of(broken))


def _hids(host: Host) -> dict[str, Hid]:
    """Returns the Bluetooth devices on the HID bus by address, or by folder where they have none."""
    found: dict[str, Hid] = {}
    for folder in names_in(host, HID_BUS):
        ids = re.fullmatch(_HID, folder)
        if ids is None or len(found) >= MAX_DEVICES:
            continue
        try:
            told = dict(
                line.split("=", 1) for line in host.text(f"{HID_BUS}/{folder}/uevent", 4096).split("\n") if "=" in line
            )
        except HostError:
            continue  # disconnected between two looks
        address = told.get("HID_UNIQ", "").lower()
        address = address if re.fullmatch(_ADDRESS, address) else ""
        try:
            report: str | None = host.read(f"{HID_BUS}/{folder}/report_descriptor", MAX_REPORT).hex()
        except HostError:
            report = None
        found[address or folder] = Hid(ids[1].lower(), ids[2].lower(), told.get("HID_NAME", ""), address, report)
    return found


def _of_hid(hid: Hid) -> BluetoothDevice:
    """Returns a connected HID device that is not among the paired ones, or whose pairing may not be read."""
    return BluetoothDevice(
        name=input_name(hid.name),
        vendor_id=hid.vendor_id,
        product_id=hid.product_id,
        address=unkeyed("mac", hid.address) if hid.address else None,
        hid=True,
        connected=True,
        report_descriptor=hid.report,
    )


def _adapter(host: Host, name: str, own: str, *, connected: bool) -> BluetoothAdapter:
    """Returns an adapter. The kernel's files say when its radio is switched off, not whether it is otherwise in use."""
    address = _text(host, f"{CLASS}/{name}/address") or own
    blocks = [
        _text(host, f"{CLASS}/{name}/{child}/{file}")
        for child in names_in(host, f"{CLASS}/{name}")
        if child.startswith("rfkill")
        for file in ("soft", "hard")
    ]
    device = link_of(host, f"{CLASS}/{name}/device")
    bus = base_name(link_of(host, f"{CLASS}/{name}/device/subsystem")) if device else ""
    return BluetoothAdapter(
        address=unkeyed("mac", address.lower()) if re.fullmatch(_ADDRESS, address) else None,
        powered=False if "1" in blocks else True if connected else None,
        bus=_BUSES.get(bus, "") if device else "virtual",
    )


def _text(host: Host, path: str) -> str:
    try:
        return host.text(path, 256).strip()
    except HostError:
        return ""


def _number(text: str, base: int) -> int:
    try:
        return int(text, base) if len(text) <= 10 else 0
    except ValueError:
        return 0
