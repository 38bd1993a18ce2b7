r"""What Windows's device list means, for the probes that read it: ids, classes, places and days.

Forms of ids: learn.microsoft.com, "Standard USB Identifiers"; location paths: DEVPKEY_Device_LocationPaths.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from farmwatch_schema.observables import Gap, bucket

from ..host.windows.devices import WindowsDevice

#: The container of everything that is built into the laptop (learn.microsoft.com, "How Container IDs are Generated").
BUILT_IN = "00000000-0000-0000-ffff-ffffffffffff"

_USB_IDS = re.compile(r"VID_([0-9A-F]{4})&PID_([0-9A-F]{4})(?:&REV_([0-9A-F]{4}))?", re.IGNORECASE)
_USB_CLASS = re.compile(r"Class_([0-9A-F]{2})&SubClass_([0-9A-F]{2})&Prot_([0-9A-F]{2})", re.IGNORECASE)
_INTERFACE = re.compile(r"&MI_([0-9A-F]{2})", re.IGNORECASE)
_PORT = re.compile(r"#USB\((\d{1,3})\)\Z", re.IGNORECASE)
_STEP = re.compile(r"([A-Za-z0-9]+)\(([^)]*)\)")


def day(seconds: float) -> str:
    """Returns the day of a time, "2026-11-22"; "" for one that is not known or makes no sense."""
    if not 0 < seconds < 2**33:
        return ""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def usb_ids(device: WindowsDevice) -> tuple[str, str, str]:
    """Returns vendor, product and revision as four lower hex digits each; "" for what is not told."""
    found = [match for match in map(_USB_IDS.search, (*device.hardware_ids, device.instance)) if match]
    if not found:
        return "", "", ""
    revision = next((match[3] for match in found if match[3]), "")
    return found[0][1].lower(), found[0][2].lower(), revision.lower()


def class_triple(device: WindowsDevice) -> str:
    """Returns "03/01/01" from the compatible ids; "" where they tell none."""
    for text in device.compatible_ids:
        match = _USB_CLASS.search(text)
        if match:
            return f"{match[1]}/{match[2]}/{match[3]}".lower()
    return ""


def interface_number(device: WindowsDevice) -> int | None:
    """Returns the number of the interface that a node stands for; None for a whole device."""
    match = _INTERFACE.search(device.instance)
    return int(match[1], 16) if match else None


def place(paths: Iterable[str]) -> str:
    """Returns controller and ports of a location path: "1400-4.2" for PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(4)#USB(2).

    A place keeps its name as long as the controller stays in its slot. "" when there is no such path.
    """
    for path in paths:
        above: list[str] = []
        ports: list[str] = []
        rooted = False
        for kind, value in _STEP.findall(path):
            if kind.upper() == "USBROOT":
                rooted = True
            elif rooted and kind.upper() == "USB":
                ports.append(value)
            elif not rooted and (kind.upper(), value) != ("PCIROOT", "0"):
                above.append(value)
        if rooted and ports:
            return f"{'.'.join(above)}-{'.'.join(ports)}"[:64]
    return ""


def port_of(device: WindowsDevice) -> int:
    """Returns the number of a hub's port: the device's address, else the end of its place; 0 when neither is told.

    A driver may keep the address to itself: libusb issue 389.
    """
    if device.address is not None:
        return device.address
    for path in device.location_paths:
        match = _PORT.search(path)
        if match:
            return int(match[1])
    return 0


def asked(devices: Iterable[WindowsDevice], what: str, gaps: list[Gap]) -> list[WindowsDevice]:
    """Returns the devices that could be asked; the others leave one gap."""
    found = list(devices)
    problems = sorted(it.problem for it in found if it.problem)
    if problems:
        gaps.append(Gap(what=what, outcome=problems[-1], count=bucket(len(problems))))  # type: ignore[arg-type]
    return [it for it in found if not it.problem]


def same(instance: str) -> str:
    """Returns an instance as it is compared: Windows takes no notice of case in them."""
    return instance.upper()
