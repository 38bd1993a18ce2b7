r"""Input devices of Windows from its device list, and the days that the helpers in users' sessions counted.

The classes are those of learn.microsoft.com, "System-defined device setup classes available to vendors"; hardware ids
of a HID collection name its usage (HID_DEVICE_UP:000D_U:0004), see "Hardware IDs for HIDClass Devices".
"""

import re
from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.input_source import InputDevice

from ...host import Host, HostError, Missing
from ...host.input_counts import plain_name
from ...host.windows.devices import WindowsDevice
from .. import input_days
from ..asking import outcome_of
from ..bounds import at_most
from ..windows_devices import asked

KEYBOARDS = "{4d36e96b-e325-11ce-bfc1-08002be10318}"
MICE = "{4d36e96f-e325-11ce-bfc1-08002be10318}"
HID = "HID"
MAX_TOLD = 64
#: Usage page and usage of the collections that are neither keyboard nor mouse, and give a person's input.
_USAGES = {
    "UP:000D_U:0005": "pointer",
    "UP:000D_U:0004": "touch",
    "UP:000D_U:0002": "tablet",
    "UP:000D_U:0001": "tablet",
    "UP:0001_U:0004": "gamepad",
    "UP:0001_U:0005": "gamepad",
}
_IDS = re.compile(r"VID_([0-9A-F]{4})&PID_([0-9A-F]{4})", re.IGNORECASE)
#: Bluetooth: VID& then who gave out the id in two or four digits, and the id; likewise PID&.
_BLUETOOTH_IDS = re.compile(r"VID&(?:[0-9A-F]{2}|[0-9A-F]{4})([0-9A-F]{4})_PID&([0-9A-F]{4})", re.IGNORECASE)
#: Remote desktop's own keyboards and mice, of Windows 10 and of those before.
_REMOTE = ("TERMINPUT_BUS\\", "TS_INPT\\")
_BLUETOOTH = ("BTHENUM", "BTHLEDEVICE", "BTHLE", "BTH")
_BLUETOOTH_HID = re.compile(r"\{0000(?:1124|1812)-0000-1000-8000-00805F9B34FB\}", re.IGNORECASE)


#: Surface's own keyboards and touchpads, which hang on its controller and not on a bus of the system's
#: (linux-surface/surface-aggregator-module issue 42 names these parents).
_SURFACE = re.compile(r"\{(?:21635D77|2DEDC554|B2C18583)-[0-9A-F-]{27}\}\\", re.IGNORECASE)


def collect(host: Host) -> Iterator[Observable]:
    """Yields an InputDevice for each device that is there and can give input, an InputDay for each day, and gaps."""
    told: dict[InputDevice, None] = {}
    for what, setup_class in (("keyboards", KEYBOARDS), ("mice", MICE), ("other input devices", HID)):
        try:
            gaps: list[Gap] = []
            rows = asked(host.rows(WindowsDevice, setup_class), what, gaps)
            yield from gaps
        except Missing:
            continue  # a machine that never had one
        except HostError as error:
            yield Gap(what=what, outcome=outcome_of(error))
            continue
        told.update((device, None) for device in map(device_of, rows) if device is not None)
    yield from at_most(told, MAX_TOLD, "input devices")
    yield from input_days.days(host)


def device_of(row: WindowsDevice) -> InputDevice | None:
    """Returns a device; None for one that is gone or gives no input of a person."""
    functions = functions_of(row)
    if row.present is False or not functions:
        return None
    vendor, product = ids_of(row)
    return InputDevice(
        name=plain_name(row.reported or row.name or row.description),
        bus=bus_of(row.instance, row.parent),
        functions=functions,
        absolute=None if functions == ("pointer",) else False,
        vendor_id=vendor,
        product_id=product,
        driver=row.service[:64],
    )


def functions_of(row: WindowsDevice) -> tuple[str, ...]:
    """Returns a device's functions by its setup class, else by the usage that its hardware ids name."""
    setup_class = row.setup_class.lower()
    if setup_class == KEYBOARDS:
        return ("keyboard",)
    if setup_class == MICE:
        return ("pointer",)
    for identifier in row.hardware_ids:
        usage = _USAGES.get(identifier.upper().rpartition("HID_DEVICE_")[2])
        if usage is not None:
            return (usage,)
    return ()


def bus_of(instance: str, parent: str) -> str:
    """Returns the bus of a device by where it hangs: the node above a HID collection says what carries it."""
    own, above = instance.upper(), parent.upper()
    if "\\RDP_" in own or own.startswith(_REMOTE) or above.startswith(_REMOTE):
        return "remote"
    if own.startswith("HID\\VID_") and not above:
        return "usb"  # where nothing is known of the node above, an id of USB's form is what is left
    if _SURFACE.match(above):
        return "builtin"
    carrier = (above if own.startswith("HID\\") and above else own).partition("\\")[0]
    if carrier in _BLUETOOTH or _BLUETOOTH_HID.search(own):
        return "bluetooth"
    if carrier in ("ROOT", "SWD", "VMBUS", "HID_DEVICE_SYSTEM_VHF"):
        return "virtual"
    return {"USB": "usb", "ACPI": "builtin"}.get(carrier, "other")


def ids_of(row: WindowsDevice) -> tuple[str, str]:
    """Returns vendor and product id, lower hex; ("", "") when nothing names them."""
    for text in (row.instance, *row.hardware_ids):
        match = _IDS.search(text) or _BLUETOOTH_IDS.search(text)
        if match is not None:
            return match[1].lower(), match[2].lower()
    return "", ""
