"""What the hardware detectors say of devices as Windows tells them, also where it hides part of what they are.

Windows keeps back what Linux shows: a hub that answers nobody (its maker's driver, a policy), a device that sleeps and
gives no string (libusb/libusb issue 390), a collection that cannot be opened, a service without a desktop
(learn.microsoft.com, QueryDisplayConfig). Under each of these a KVM must not look clean, and nothing else like one.
"""

from collections.abc import Sequence

import msgspec
import pytest
from msgspec.structs import replace

from farmwatch_agent import runner
from farmwatch_agent.health import Health
from farmwatch_agent.host.capture import Answer
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.host.windows.devices import WindowsDevice
from farmwatch_agent.host.windows.usb_hubs import UsbPort
from farmwatch_detectors import ip_kvm_display, ip_kvm_identity, ip_kvm_shape
from farmwatch_detectors.view import DeviceView, SectionView
from farmwatch_schema import codec
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.usb import RememberedUsb

from ..cases import builders, machines
from ..cases.builders import Device, Endpoint, Interface
from ..cases.ordinary import ORDINARY
from ..cases.windows_rows import NOW as THEN
from ..cases.windows_rows import Laptop
from .views import KEYER, NOW, view

NO = Answer(error="not_permitted", message="may not be asked")
DETECTORS = (ip_kvm_identity, ip_kvm_shape, ip_kvm_display)

#: tiny-pilot/tinypilot:debian-pkg/opt/tinypilot-privileged/init-usb-gadget@4863981b; strings of the functions and
#: bcdHID as f_hid.c has them.
TINYPILOT = Device(
    ids="1d6b:0104", speed="480", manufacturer="tinypilot", product="Multifunction USB Device",
    serial="6b65796d696d6570690", configuration_index=4,
    interfaces=(
        Interface(
            triple="03/01/01", endpoints=(Endpoint(0x81, "interrupt", 8, 4),), name="HID Interface", name_index=5,
            bcd_hid="0101", report=bytes.fromhex(
                "05010906a1010508190129031500250175019503910209"
                "4b950191029504910105"
                "0719e029e79508810275089501810119002991"
                "26ff0095068100c0"),
        ),
        Interface(
            triple="03/00/00", endpoints=(Endpoint(0x82, "interrupt", 7, 4),), name="HID Interface", name_index=6,
            bcd_hid="0101", report=bytes.fromhex(
                "05010902a10105091901290815002501950875018102"
                "050109300931160000"
                "26ff7f751095028102"
                "09381581257f750895018106"
                "050c0a38021581257f750895018106c0"),
        ),
    ),
)  # fmt: skip
#: The same under ids and strings of a keyboard that is sold (Dell KB216, usb.ids), as its owner may write them there.
RENAMED = replace(TINYPILOT, ids="413c:2113", manufacturer="Dell", product="Dell KB216 Wired Keyboard", serial=None)
#: sipeed/NanoKVM-USB issue 132: ids and strings of its CH9329 changed with a script, then two plain HID devices.
CABLE = replace(machines.CH9329, ids="04ca:007d", manufacturer="LITE-ON Technology", product="USB Multimedia Keyboard")

#: What Windows may keep back, and the interfaces that refuse then.
KEPT_BACK: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "hubs answer nobody": ("windows_usb_port",),
    "collections cannot be opened": ("windows_hid_collection",),
    "neither": ("windows_usb_port", "windows_hid_collection"),
    "strings": (),
}


def device(laptop: Laptop, kinds: Sequence[str] = ("usb",), kept_back: str = "nothing") -> DeviceView:
    """Returns a laptop as the collector would show it to detectors."""
    if kept_back == "strings":
        for key, rows in laptop.rows.items():
            laptop.rows[key] = [
                replace(row, strings=dict.fromkeys(row.strings)) if isinstance(row, UsbPort) else row for row in rows
            ]
    capture = laptop.capture()
    answers = {key: NO if key.startswith(KEPT_BACK[kept_back]) and KEPT_BACK[kept_back] else answer
            for key, answer in capture.rows.items()}  # fmt: skip
    found = runner.run(ReplayingHost(replace(capture, rows=answers)), KEYER, Health(), list(kinds), log=pytest.fail)
    seen = {
        section.kind: SectionView(
            kind=section.kind,
            outcome=section.outcome,
            observed_at=NOW,
            items=() if section.items is msgspec.UNSET else tuple(codec.decode_items(section.kind, section.items)),
        )
        for section in found
    }
    host = SectionView(
        kind="host", outcome="found", observed_at=NOW, items=(HostFacts(chassis="laptop", hypervisor=""),)
    )
    return replace(view(), sections={**seen, "host": host})


def plugged(item: Device) -> Laptop:
    laptop = Laptop()
    laptop.usb(3, item)
    return laptop


def level(of: DeviceView) -> int:
    return max((finding.level for module in DETECTORS for finding in module.DETECTOR.detect(of)), default=0)


@pytest.mark.parametrize("kept_back", KEPT_BACK)
@pytest.mark.parametrize("item", [TINYPILOT, machines.PIKVM, machines.NANOKVM], ids=lambda item: item.product)
def test_hit_a_kvm_as_it_comes_is_confirmed_whatever_windows_keeps_back(item: Device, kept_back: str) -> None:
    assert level(device(plugged(item), kept_back=kept_back)) == 3


@pytest.mark.parametrize(
    ("item", "kept_back", "least"),
    [
        (RENAMED, "nothing", 3),
        (RENAMED, "strings", 3),
        (RENAMED, "collections cannot be opened", 3),
        (RENAMED, "hubs answer nobody", 2),
        (CABLE, "nothing", 2),
        (CABLE, "strings", 2),
        (CABLE, "hubs answer nobody", 2),
    ],
    ids=lambda value: value.product if isinstance(value, Device) else str(value),
)
def test_hit_a_kvm_that_renamed_itself_stays_one(item: Device, kept_back: str, least: int) -> None:
    assert level(device(plugged(item), kept_back=kept_back)) >= least


@pytest.mark.parametrize("kept_back", [name for name in KEPT_BACK if KEPT_BACK[name]])
def test_what_windows_keeps_back_is_a_gap(kept_back: str) -> None:
    items = device(plugged(RENAMED), kept_back=kept_back).sections["usb"].items
    assert [item for item in items if isinstance(item, Gap) and item.outcome == "not_permitted"]


@pytest.mark.parametrize("kept_back", KEPT_BACK)
@pytest.mark.parametrize("name", ORDINARY)
def test_honest_twin_no_ordinary_device_is_at_level_two(name: str, kept_back: str) -> None:
    assert level(device(plugged(ORDINARY[name][1]), kept_back=kept_back)) < 2


def test_a_kvm_that_was_pulled_before_the_agent_came_is_told_with_its_published_serial() -> None:
    laptop = plugged(machines.UNIFYING)
    laptop.gone(
        r"USB\VID_1D6B&PID_0104\6B65796D696D6570690", revision="0100", reported="Multifunction USB Device",
        installed=THEN - 86400 * 9, arrived=THEN - 86400 * 3, removed=THEN - 86400 * 2,
    )  # fmt: skip
    items = device(laptop).sections["usb"].items
    (pulled,) = (item for item in items if isinstance(item, RememberedUsb))
    assert (pulled.vendor_id, pulled.product_id, pulled.product) == ("1d6b", "0104", "Multifunction USB Device")
    assert pulled.serial is not None
    assert pulled.serial.constant == "6b65796d696d6570690"


def desk(laptop: Laptop, *, desktop: bool) -> None:
    """Adds a panel and an office monitor; without a desktop nobody tells how they are connected."""
    laptop.adapter()
    laptop.monitor("BOE0A2D", 8388688, machines.PANEL, technology=0x80000000 if desktop else None)
    laptop.monitor("DELD0A1", 4353, machines.OFFICE_MONITOR, technology=5 if desktop else None)


@pytest.mark.parametrize("desktop", [True, False], ids=["with a desktop", "as a service"])
def test_hit_a_kvms_own_edid_is_known_with_or_without_a_desktop(desktop: bool) -> None:
    laptop = plugged(machines.NANOKVM)
    desk(laptop, desktop=desktop)
    laptop.monitor("SYD6502", 4355, machines.stored_edid("nanokvm_e21"), technology=5 if desktop else None)
    found = list(ip_kvm_display.DETECTOR.detect(device(laptop, ("displays",))))
    assert len(found) == 1
    assert found[0].level >= 2


@pytest.mark.parametrize("desktop", [True, False], ids=["with a desktop", "as a service"])
def test_honest_twin_a_laptop_at_a_displaylink_dock_with_all_on_it(desktop: bool) -> None:
    """Ids and classes of the dock: fwupd/fwupd issue 1152 (Dell D6000); the others as their cases say."""
    laptop = Laptop()
    dock = Device(
        ids="17e9:6006", speed="5000", manufacturer="DisplayLink", product="Dell Universal Dock D6000",
        serial="1806012345", bcd_device="3000", triple="ef/02/01",
        interfaces=tuple(
            Interface(triple=it)
            for it in ("ff/00/03", "ff/00/03", "fe/01/01", "01/01/20", "01/02/20", "02/0d/00", "0a/00/01")
        ),
    )  # fmt: skip
    hub = laptop.usb(2, machines.DOCK_HUB)
    path = "PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(2)"
    for port, item in enumerate((dock, machines.UNIFYING, ORDINARY["YubiKey 5"][1], machines.WEBCAM), 1):
        laptop.usb(port, item, hub=hub, path=path)
    desk(laptop, desktop=desktop)
    usb_display = r"USB\VID_17E9&PID_6006&MI_00\7&0"
    laptop.adapter(usb_display, hardware=r"USB\VID_17E9&PID_6006&REV_3000&MI_00", service="WUDFRd",
                   name="DisplayLink USB Device")  # fmt: skip
    laptop.monitor("HPN3407", 256, builders.edid("HPN", 0x3407, name="HP E24 G4", serial="CN41234567", year=2023),
                   technology=16 if desktop else None, parent=usb_display)  # fmt: skip
    found = device(laptop, ("usb", "displays"))
    assert level(found) == 0
    assert not [item for item in found.sections["usb"].items if isinstance(item, Gap)]


def test_honest_twin_a_surface_with_touch_and_pen() -> None:
    """dwhinham/linux-surface-pro-11 issues 10 and 28: what pnputil and Get-PnpDevice list there."""
    laptop = Laptop()
    for column, usage in ((5, "UP:000D_U:0004"), (6, "UP:FF00_U:0001"), (7, "UP:000D_U:0002")):
        laptop.rows["windows_device HID"].append(
            WindowsDevice(instance=rf"HID\MSHW0485&COL{column:02d}\3&3B13A23&0&{column - 1:04X}", present=True,
                          setup_class="HIDClass", hardware_ids=(f"HID_DEVICE_{usage}",), parent=r"ACPI\MSHW0485\0")
        )  # fmt: skip
    laptop.adapter(r"ACPI\QCOM0C36\0", hardware=r"ACPI\QCOM0C36", service="qcdx", name="Qualcomm(R) Adreno(TM) X1-85")
    laptop.monitor(
        "LGD0823", 0, builders.edid("LGD", 0x0823, name="", year=2024), technology=None, parent=r"ACPI\QCOM0C36\0"
    )
    found = device(laptop, ("usb", "displays"))
    assert level(found) == 0
    assert found.sections["usb"].outcome in ("found", "none")
