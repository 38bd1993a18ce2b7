# ruff: noqa: INP001 (data for tests, not a package of them)
r"""Turns the facts of a USB device, a monitor or a paired device into what Windows's interfaces answer about it.

The devices are those of builders.py and machines.py, so that one set of facts is seen through Linux and through
Windows. Forms of instances and ids: learn.microsoft.com, "Standard USB Identifiers" and "HID Hardware IDs"; how a
HID report descriptor is split into top-level collections: "Top-Level Collections" there. `Laptop.capture` is what
`ReplayingHost` takes; `Laptop.answers` is the same as plain objects, in the form of recorded.py.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from farmwatch_agent.host.capture import Answer, Capture
from farmwatch_agent.host.windows.devices import WindowsDevice
from farmwatch_agent.host.windows.displays import DisplayTarget, MonitorEdid
from farmwatch_agent.host.windows.hid import HidCollection, HidField
from farmwatch_agent.host.windows.registry import RegistryKey
from farmwatch_agent.host.windows.usb_hubs import UsbPort

from .builders import Device, Interface

NOW = 1_790_000_000.0
ROOT_HUB = r"USB\ROOT_HUB30\4&1F0A2B3C&0&0"
CONTROLLER = "PCIROOT(0)#PCI(1400)#USBROOT(0)"
BUILT_IN = "00000000-0000-0000-ffff-ffffffffffff"
ADAPTER = r"PCI\VEN_8086&DEV_9A49&SUBSYS_0A1B1028&REV_01\3&11583659&0&10"
DISPLAY_CLASS = "{4d36e968-e325-11ce-bfc1-08002be10318}"
SERVICES = r"windows_registry_key HKLM\SYSTEM\CurrentControlSet\Services"
_SPEEDS = {"1.5": 0, "12": 1, "480": 2, "5000": 3}
#: What Windows binds to an interface of a class; composite devices are usbccgp's.
_DRIVERS = {"03": "HidUsb", "08": "USBSTOR", "09": "USBHUB3", "0e": "usbvideo", "01": "usbaudio", "e0": "BTHUSB"}


class Laptop:
    """A Windows laptop that is put together piece by piece."""

    def __init__(self) -> None:
        self.rows: dict[str, list[msgspec.Struct]] = {
            f"windows_device {of}": [] for of in ("USB", "HID", "USBSTOR", "ROOT", "DISPLAY", DISPLAY_CLASS)
        }
        self.rows["windows_display_target"] = []
        self.rows[SERVICES] = [RegistryKey(path=SERVICES.partition(" ")[2], keys=("BTHPORT", "HidUsb", "usbccgp"))]
        self._hub(ROOT_HUB, CONTROLLER, "USBHUB3")
        self._add("USB", instance=ROOT_HUB, present=True, hardware_ids=(r"USB\ROOT_HUB30",), service="USBHUB3",
                  location_paths=(CONTROLLER,), container=BUILT_IN)  # fmt: skip

    def usb(self, port: int, device: Device, *, hub: str = ROOT_HUB, path: str = CONTROLLER) -> str:
        """Plugs a device into a port of a hub; returns its instance."""
        vendor, product = (part.upper() for part in device.ids.split(":"))
        place = f"{path}#USB({port})"
        unit = device.serial.upper() if device.serial else f"5&2A{port:02X}C4D1&0&{port}"
        ids = f"USB\\VID_{vendor}&PID_{product}"
        instance = f"{ids}\\{unit}"
        composite = len(device.interfaces) > 1 and device.triple in ("00/00/00", "ef/02/01")
        triple = device.triple if device.triple[:2] not in ("00", "ef") else device.interfaces[0].triple
        common: dict[str, Any] = {
            "present": True,
            "container": BUILT_IN if device.removable == "fixed" else f"7c1f0d2e-5a6b-5c7d-8e9f-0a1b2c3d4e{port:02x}",
            "last_arrival": NOW - 7200,
            "first_installed": NOW - 86400 * 20,
        }
        revision = device.bcd_device.upper()
        self._add("USB", instance=instance, parent=hub, address=port, location_paths=(place,),
                  hardware_ids=(f"{ids}&REV_{revision}", ids), compatible_ids=_compatible(triple, composite=composite),
                  service="usbccgp" if composite else _DRIVERS.get(triple[:2], ""), reported=device.product or "",
                  **common)  # fmt: skip
        for number, interface in enumerate(device.interfaces):
            owner = instance
            if composite:
                owner = f"{ids}&MI_{number:02X}\\6&3B{port:02X}D5E2&0&{number:04X}"
                self._add("USB", instance=owner, parent=instance, address=number, service=_DRIVERS.get(
                          interface.triple[:2], ""), hardware_ids=(f"{ids}&REV_{revision}&MI_{number:02X}",),
                          compatible_ids=_compatible(interface.triple), reported=interface.name or device.product or "",
                          location_paths=(f"{place}#USBMI({number})",), **common)  # fmt: skip
            self._below(owner, f"VID_{vendor}&PID_{product}", number if composite else None, interface, common, port)
        self.rows[f"windows_usb_port {hub}"].append(self._port(port, device))
        if device.triple.startswith("09"):
            self._hub(instance, place, "USBHUB3")
        return instance

    def gone(self, instance: str, *, revision: str, arrived: float, removed: float, installed: float,
             reported: str = "", triple: str = "", parent: str = ROOT_HUB) -> None:  # fmt: skip
        """Remembers a device, or an interface of one."""
        self._add("USB", instance=instance, hardware_ids=(instance.rpartition("\\")[0] + f"&REV_{revision}",),
                  compatible_ids=_compatible(triple), reported=reported, parent=parent, last_arrival=arrived,
                  last_removal=removed, first_installed=installed)  # fmt: skip

    def monitor(self, code: str, output: int, edid: bytes, *, technology: int | None, connector: int = 0,
                size: tuple[int, int] = (1920, 1080), present: bool = True, parent: str = ADAPTER,
                dates: tuple[float, float, float] = (NOW - 86400 * 40, NOW - 3600, 0.0)) -> str:  # fmt: skip
        """Connects a monitor, or remembers one; `technology` null where nothing tells how. Returns its instance."""
        instance = f"DISPLAY\\{code}\\4&2D5E6F7A&0&UID{output}"
        self._add("DISPLAY", instance=instance, present=present, hardware_ids=(f"MONITOR\\{code}",), service="monitor",
                  setup_class="Monitor", description="Generic PnP Monitor", parent=parent, first_installed=dates[0],
                  last_arrival=dates[1], last_removal=dates[2])  # fmt: skip
        self.rows[f"windows_monitor_edid {instance}"] = [MonitorEdid(edid=edid)]
        if technology is not None and present:
            self.rows["windows_display_target"].append(
                DisplayTarget(
                    technology=technology,
                    connector=connector,
                    monitor=instance,
                    adapter=parent,
                    width=size[0],
                    height=size[1],
                )
            )
        return instance

    def adapter(self, instance: str = ADAPTER, *, hardware: str = r"PCI\VEN_8086&DEV_9A49&SUBSYS_0A1B1028",
                service: str = "igfxn", name: str = "Intel(R) Iris(R) Xe Graphics") -> None:  # fmt: skip
        """Adds a display adapter."""
        self._add(DISPLAY_CLASS, instance=instance, present=True, hardware_ids=(hardware,), service=service,
                  setup_class="Display", description=name)  # fmt: skip

    def capture(self) -> Capture:
        """Returns it as a capture."""
        rows = {key: Answer(rows=[msgspec.Raw(msgspec.json.encode(row)) for row in found])
                for key, found in self.rows.items()}  # fmt: skip
        return Capture(format="farmwatch-capture", version=1, agent="test", platform="windows", pseudonymised=True,
                       now=NOW, uptime=3600.0, euid=0, rows=rows)  # fmt: skip

    def answers(self) -> dict[str, Any]:
        """Returns the answers as plain objects, bytes as {hex: ...}."""
        return {key: [_plain(row) for row in found] for key, found in self.rows.items()}

    def _add(self, of: str, **fields: Any) -> None:
        self.rows[f"windows_device {of}"].append(WindowsDevice(**fields))

    def _hub(self, instance: str, _path: str, _service: str) -> None:
        self.rows[f"windows_usb_port {instance}"] = []

    def _below(self, owner: str, ids: str, number: int | None, interface: Interface, common: dict[str, Any],
               port: int) -> None:  # fmt: skip
        """Adds what hangs on an interface: HID collections and storage units."""
        part = "" if number is None else f"&MI_{number:02X}"
        collections = collections_of(interface.report)
        for position, collection in enumerate(collections, 1):
            col = f"&COL{position:02d}" if len(collections) > 1 else ""
            instance = f"HID\\{ids}{part}{col}\\7&4C{port:02X}E6F3&0&{position - 1:04X}"
            usage = f"HID_DEVICE_UP:{collection.page:04X}_U:{collection.usage:04X}"
            self._add("HID", instance=instance, parent=owner, service="HidUsb", hardware_ids=(usage, "HID_DEVICE"),
                      **common)  # fmt: skip
            self.rows[f"windows_hid_collection {instance}"] = [collection]
        for unit in interface.units:
            kind = "CdRom" if unit.block.startswith("sr") else "Disk"
            words = (text.replace(" ", "_") for text in (unit.vendor, unit.product))
            name = "USBSTOR\\{}&Ven_{}&Prod_{}&Rev_0510\\7&5D{:02X}F704&0".format(kind, *words, port)
            self._add("USBSTOR", instance=name, parent=owner, service="cdrom" if kind == "CdRom" else "disk", **common)

    def _port(self, port: int, device: Device) -> UsbPort:
        data = device.descriptors()
        maker, product, serial = device.indexes()
        strings: dict[int, str | None] = {maker: device.manufacturer, product: device.product, serial: device.serial}
        strings |= {it.name_index: it.name for it in device.interfaces if it.name_index}
        if device.configuration_index:
            strings.setdefault(device.configuration_index, None)
        strings.pop(0, None)
        return UsbPort(port=port, device=data[:18], configuration=data[18:], configuration_value=1,
                       speed=min(_SPEEDS[device.speed], 2), super=device.speed == "5000", strings=strings,
                       is_hub=device.triple.startswith("09"))  # fmt: skip


def collections_of(report: bytes) -> list[HidCollection]:
    """Returns a report descriptor's top-level collections as hid.dll tells them: an item walker for the tests alone,
    which knows what the descriptors of machines.py use.
    """
    found: list[dict[str, Any]] = []
    state = {"page": 0, "min": 0, "max": 0, "size": 0, "id": 0}
    usages: list[tuple[int, int]] = []
    span: list[int] = []
    depth = at = 0
    while at < len(report):
        size = (0, 1, 2, 4)[report[at] & 3]
        raw = report[at + 1 : at + 1 + size]
        value, item = int.from_bytes(raw, "little"), report[at] & 0xFC
        signed = int.from_bytes(raw, "little", signed=True)
        at += 1 + size
        if item in (0x04, 0x14, 0x24, 0x74, 0x84):
            key = {0x04: "page", 0x14: "min", 0x24: "max", 0x74: "size", 0x84: "id"}[item]
            state[key] = signed if item in (0x14, 0x24) else value
        elif item == 0x08:
            usages.append((value, value))
        elif item == 0x18:
            span = [value]
        elif item == 0x28 and span:
            usages.append((span[0], value))
        elif item == 0xA0:
            node = (state["page"], usages[0][0] if usages else 0)
            if depth == 0:
                found.append(
                    {"page": node[0], "usage": node[1], "nodes": [], "fields": [], "buttons": set(), "ids": []}
                )
            found[-1]["nodes"].append(node)
            depth += 1
        elif item == 0xC0:
            depth -= 1
        elif item == 0x80 and found:
            _take(found[-1], state, usages, value)
        if item in (0x80, 0x90, 0xB0, 0xA0, 0xC0):
            usages, span = [], []
    return [
        HidCollection(page=it["page"], usage=it["usage"], nodes=tuple(it["nodes"]), fields=tuple(it["fields"]),
                      buttons=tuple(sorted(it["buttons"])), report_ids=tuple(it["ids"]))
        for it in found
    ]  # fmt: skip


def _take(into: dict[str, Any], state: dict[str, int], usages: list[tuple[int, int]], flags: int) -> None:
    if flags & 1:
        return
    if state["id"] and state["id"] not in into["ids"]:
        into["ids"].append(state["id"])
    if not flags & 2 or state["size"] == 1:
        into["buttons"].add(state["page"])
        return
    for first, last in usages:
        into["fields"].append(
            HidField(
                page=state["page"],
                first=first,
                last=last,
                report_id=state["id"],
                bits=state["size"],
                absolute=not flags & 4,
                minimum=state["min"],
                maximum=state["max"],
            )
        )


def _compatible(triple: str, *, composite: bool = False) -> tuple[str, ...]:
    if composite:
        return (r"USB\COMPOSITE",)
    if not triple:
        return ()
    kind, sub, protocol = triple.upper().split("/")
    return (f"USB\\Class_{kind}&SubClass_{sub}&Prot_{protocol}", f"USB\\Class_{kind}&SubClass_{sub}",
            f"USB\\Class_{kind}")  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, msgspec.Struct):
        defaults = dict(zip(value.__struct_fields__[::-1], value.__struct_defaults__[::-1], strict=False))
        return {
            name: _plain(getattr(value, name))
            for name in value.__struct_fields__
            if name not in defaults or getattr(value, name) != defaults[name]
        }
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
