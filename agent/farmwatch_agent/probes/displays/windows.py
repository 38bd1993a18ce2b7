r"""Displays on Windows: monitors of the device list with their EDID, and how each one in use is connected.

A monitor's node is there while it is connected. QueryDisplayConfig adds connector, mode and the laptop's own panel,
and wants a desktop: as a service there is none, so these are a gap then. Sources: learn.microsoft.com,
DISPLAYCONFIG_VIDEO_OUTPUT_TECHNOLOGY and "Monitor INF"; drivers: VirtualDrivers/Virtual-Display-Driver (MttVDD),
nomi-san/parsec-vdd (PSCCDD0, Root\Parsec\VDA), rustdesk-org/RustDeskIddDriver, SudoMaker/SudoVDA, amyuni usbmmidd.
"""

import re
from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.displays import Display, DisplayAdapter, RememberedDisplay

from ...host import Host, HostError, Missing
from ...host.windows.devices import WindowsDevice
from ...host.windows.displays import DisplayTarget, MonitorEdid
from ..asking import outcome_of
from ..bounds import at_most
from ..edid_facts import fields_of, of_edid
from ..windows_devices import asked, day, same

#: GUID_DEVCLASS_DISPLAY (devguid.h).
ADAPTERS = "{4d36e968-e325-11ce-bfc1-08002be10318}"
MAX_DISPLAYS, MAX_REMEMBERED, MAX_ADAPTERS, MAX_TEXT = 32, 100, 32, 128

#: By DISPLAYCONFIG_VIDEO_OUTPUT_TECHNOLOGY (wingdi.h), in the words that Linux has for connectors.
CONNECTORS = {
    0: "VGA", 1: "SVIDEO", 2: "Composite", 3: "Component", 4: "DVI", 5: "HDMI", 6: "LVDS", 8: "D-JPN", 9: "SDI",
    10: "DP", 11: "eDP", 12: "UDI", 13: "UDI-embedded", 14: "SDTV", 15: "Miracast", 16: "Indirect", 17: "Virtual",
    18: "DP-tunnel", 0x80000000: "eDP",
}  # fmt: skip
INTERNAL = frozenset({6, 11, 13, 0x80000000})
MIRACAST, INDIRECT_WIRED, INDIRECT_VIRTUAL = 15, 16, 17
#: Makers of graphics cards that exist in virtual machines only: VMware, VirtualBox, QEMU, Red Hat, virtio, Parallels,
#: Hyper-V (pci.ids).
VIRTUAL_VENDORS = frozenset({"15ad", "80ee", "1234", "1b36", "1af4", "1ab8", "1414"})
#: Root-enumerated, and yet no display of its own: Windows's driver for cards without one.
_BASIC = frozenset({"root/basicdisplay", "root/basicrender"})

_PCI = re.compile(r"VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})", re.IGNORECASE)
_USB = re.compile(r"VID_([0-9A-F]{4})&PID_([0-9A-F]{4})", re.IGNORECASE)
_TARGET = re.compile(r"UID(\d{1,10})\Z", re.IGNORECASE)


def collect(host: Host) -> Iterator[Observable]:
    """Yields a Display per connected monitor, a RememberedDisplay per one that is gone, and every adapter."""
    gaps: list[Gap] = []
    adapters = _devices(host, ADAPTERS, "display adapters", gaps)
    monitors = _devices(host, "DISPLAY", "monitors", gaps)
    targets: list[DisplayTarget] = []
    try:
        targets = host.rows(DisplayTarget)
        if not targets and any(monitor.present for monitor in monitors):
            # Connected, and none in use: a session without a desktop gets a blank list.
            gaps.append(Gap(what="connector and mode of displays", outcome="not_permitted"))
    except Missing:
        pass
    except HostError as error:
        gaps.append(Gap(what="connector and mode of displays", outcome=outcome_of(error)))
    by_adapter = {same(adapter.instance): is_virtual(hardware_id(adapter)) for adapter in adapters}
    yield from at_most(_connected(host, monitors, targets, by_adapter, gaps), MAX_DISPLAYS, "displays")
    yield from at_most(_gone(host, monitors, gaps), MAX_REMEMBERED, "remembered displays")
    yield from at_most(map(parse_adapter, (it for it in adapters if it.present)), MAX_ADAPTERS, "display adapters")
    yield from gaps


def parse_adapter(adapter: WindowsDevice) -> DisplayAdapter:
    """Returns what makes pictures, from its node."""
    hardware = hardware_id(adapter)
    return DisplayAdapter(
        name=(adapter.description or adapter.name)[:MAX_TEXT],
        driver=adapter.service[:MAX_TEXT],
        hardware_id=hardware,
        virtual=is_virtual(hardware),
    )


def hardware_id(device: WindowsDevice) -> str:
    r"""Returns "pci/10de/1f95" of "PCI\VEN_10DE&DEV_1F95&...", "root/mttvdd" of "ROOT\MttVDD"; "" when it has none.

    A driver for any root device may name itself without a bus ("MttVDD"): what found the device counts then.
    """
    first = (*device.hardware_ids, device.instance)[0]
    bus, separator, rest = first.partition("\\")
    bus, rest = (bus.lower(), rest) if separator else (device.enumerator.lower(), first)
    ids = _PCI.search(rest) if bus == "pci" else _USB.search(rest) if bus == "usb" else None
    if ids:
        return f"{bus}/{ids[1]}/{ids[2]}".lower()
    return f"{bus}/{rest}".replace("\\", "/").lower()[:MAX_TEXT]


def is_virtual(hardware: str) -> bool | None:
    """Whether a display adapter is made by software; None where both kinds have that id (DisplayLink docks)."""
    bus, _, rest = hardware.partition("/")
    if hardware in _BASIC or not hardware:
        return None
    if bus in ("root", "swd", "vmbus"):
        return True
    if bus == "pci":
        return rest.partition("/")[0] in VIRTUAL_VENDORS
    return None


def parse_display(
    monitor: WindowsDevice | None, found: MonitorEdid, target: DisplayTarget | None, adapter: bool | None
) -> Display:
    """Returns a connected display from its node, EDID, and place in the desktop; `adapter`: is its adapter virtual."""
    virtual = adapter
    connector = ""
    if target is not None:
        kind = CONNECTORS.get(target.technology, "Unknown")
        connector = f"{kind}-{max(target.connector, 1)}"
        if target.technology == INDIRECT_VIRTUAL:
            virtual = True
        elif target.technology == INDIRECT_WIRED:
            virtual = None if not adapter else True
        elif virtual is None and target.technology in CONNECTORS:
            virtual = False
    elif monitor is not None:
        # The number of the adapter's output stands at the end: the same for the same socket.
        match = _TARGET.search(monitor.instance)
        connector = f"output-{match[1]}" if match else "unknown"
    bare = Display(
        connector=connector,
        internal=target is not None and target.technology in INTERNAL,
        virtual=virtual,
        active_mode=f"{target.width}x{target.height}" if target is not None and target.width else "",
    )
    return of_edid(bare, found.edid)


def _connected(
    host: Host,
    monitors: list[WindowsDevice],
    targets: list[DisplayTarget],
    by_adapter: dict[str, bool | None],
    gaps: list[Gap],
) -> Iterator[Display]:
    by_monitor = {same(target.monitor): target for target in targets if target.monitor}
    told = set()
    for monitor in monitors:
        if not monitor.present:
            continue
        target = by_monitor.get(same(monitor.instance))
        told.add(same(monitor.instance))
        found, told_why = _edid(host, monitor, gaps)
        display = parse_display(monitor, found, target, by_adapter.get(same(monitor.parent), _of_parent(monitor)))
        yield display
        # What does not say what it is may be anything: to see nothing in it would be no evidence.
        if told_why and not display.manufacturer and not display.internal and not display.virtual:
            gaps.append(Gap(what=f"EDID on {display.connector}", outcome="broken" if found.edid else "not_supported"))
    for target in targets:
        # A display without a monitor's node: a wireless one, or one that a program draws into.
        if same(target.monitor) not in told:
            yield parse_display(None, MonitorEdid(), target, by_adapter.get(same(target.adapter)))


def _gone(host: Host, monitors: list[WindowsDevice], gaps: list[Gap]) -> Iterator[RememberedDisplay]:
    """Yields remembered monitors, the last seen first; the same one in several sockets is told once."""
    found: dict[object, list[tuple[WindowsDevice, dict[str, object]]]] = {}
    gone = [monitor for monitor in monitors if not monitor.present]
    for monitor in sorted(gone, key=lambda it: it.last_arrival, reverse=True)[: 2 * MAX_REMEMBERED]:
        fields = fields_of(_edid(host, monitor, gaps)[0].edid)
        if fields:
            found.setdefault(fields.get("edid_digest") or monitor.instance, []).append((monitor, fields))
    for group in found.values():
        installed = [monitor.first_installed for monitor, _ in group if monitor.first_installed]
        yield RememberedDisplay(
            installed_on=day(min(installed, default=0.0)),
            last_arrival=day(max(monitor.last_arrival for monitor, _ in group)),
            last_removal=day(max(monitor.last_removal for monitor, _ in group)),
            **group[0][1],  # type: ignore[arg-type]
        )


def _edid(host: Host, monitor: WindowsDevice, gaps: list[Gap]) -> tuple[MonitorEdid, bool]:
    """Returns a monitor's EDID, and whether it was looked at."""
    try:
        return next(iter(host.rows(MonitorEdid, monitor.instance)), MonitorEdid()), True
    except Missing:
        return MonitorEdid(), True
    except HostError as error:
        which = monitor.instance.split("\\")[1] if monitor.instance.count("\\") > 1 else "a monitor"
        gaps.append(Gap(what=f"EDID of {which[:16]}", outcome=outcome_of(error)))
        return MonitorEdid(), False


def _of_parent(monitor: WindowsDevice) -> bool | None:
    r"""Whether a monitor hangs on something made by software, by its parent ("ROOT\DISPLAY\0000")."""
    bus = monitor.parent.partition("\\")[0].upper()
    return True if bus in ("ROOT", "SWD", "VMBUS") else None


def _devices(host: Host, of: str, what: str, gaps: list[Gap]) -> list[WindowsDevice]:
    try:
        return asked(host.rows(WindowsDevice, of), what, gaps)
    except Missing:
        return []
    except HostError as error:
        gaps.append(Gap(what=what, outcome=outcome_of(error)))
        return []
