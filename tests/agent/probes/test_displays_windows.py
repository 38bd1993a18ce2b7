"""Displays on Windows: monitors there and gone, how each is connected, what makes pictures by software."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from farmwatch_agent.host.capture import Answer
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.host.windows.devices import WindowsDevice
from farmwatch_agent.host.windows.displays import DisplayTarget, MonitorEdid, instance_of
from farmwatch_agent.probes.displays import windows
from farmwatch_schema.formats import edid
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.displays import Display, DisplayAdapter, RememberedDisplay

from ...cases import builders, machines
from ...cases.windows_rows import ADAPTER, DISPLAY_CLASS, NOW, Laptop

HDMI, DISPLAY_PORT, INTERNAL = 5, 10, 0x80000000
NO = Answer(error="not_permitted", message="Windows error 5")
DELL = machines.OFFICE_MONITOR


def seen(laptop: Laptop, **refused: Answer) -> list[Observable]:
    capture = laptop.capture()
    rows = {key: next((no for start, no in refused.items() if key.startswith(start.replace("__", " "))), answer)
            for key, answer in capture.rows.items()}  # fmt: skip
    return list(windows.collect(ReplayingHost(replace(capture, rows=rows))))


def of(kind: type[Any], laptop: Laptop, **refused: Answer) -> list[Any]:
    return [item for item in seen(laptop, **refused) if isinstance(item, kind)]


def office() -> Laptop:
    laptop = Laptop()
    laptop.adapter()
    laptop.monitor("BOE0A2D", 8388688, machines.PANEL, technology=INTERNAL)
    laptop.monitor("DELD0A1", 4353, DELL, technology=HDMI)
    return laptop


def test_a_monitor_and_the_laptops_own_panel_are_told_apart() -> None:
    panel, monitor = of(Display, office())
    assert (panel.connector, panel.internal, panel.virtual, panel.manufacturer) == ("eDP-1", True, False, "BOE")
    assert (monitor.connector, monitor.internal, monitor.active_mode) == ("HDMI-1", False, "1920x1080")
    assert (monitor.manufacturer, monitor.product, monitor.name, monitor.size_cm) == (
        "DEL", "d0a1", "DELL P2419H", (53, 30)
    )  # fmt: skip
    assert monitor.serial == unkeyed("edid_serial", "7XQ1W13ABCDE")
    assert bytes.fromhex(monitor.edid) == edid.zeroed(DELL)
    assert (monitor.virtual, monitor.ddc, monitor.fault) == (False, None, "")


def test_a_service_without_a_desktop_sees_monitors_and_says_what_it_does_not_see() -> None:
    found = seen(office(), windows_display_target=NO)
    assert Gap(what="connector and mode of displays", outcome="not_permitted") in found
    panel, monitor = (it for it in found if isinstance(it, Display))
    assert (monitor.connector, monitor.active_mode, monitor.name) == ("output-4353", "", "DELL P2419H")
    assert (panel.connector, panel.internal, monitor.virtual) == ("output-8388688", False, False)


def test_a_blank_list_of_displays_in_use_beside_connected_monitors_is_no_news_of_none() -> None:
    laptop = office()
    laptop.rows["windows_display_target"] = []
    assert Gap(what="connector and mode of displays", outcome="not_permitted") in seen(laptop)


def test_monitors_that_are_gone_have_days_and_are_told_once() -> None:
    laptop = office()
    pikvm = machines.stored_edid("pikvm_v4plus")
    for output, arrived in ((4353, NOW - 86400), (4355, NOW - 2 * 86400)):
        laptop.monitor("LNX7773", output, pikvm, technology=None, present=False,
                       dates=(arrived - 1000, arrived, arrived + 500))  # fmt: skip
    (found,) = of(RememberedDisplay, laptop)
    assert (found.manufacturer, found.name) == ("LNX", "PiKVM V4 Plus")
    assert (found.installed_on, found.last_arrival, found.last_removal) == ("2026-09-19", "2026-09-20", "2026-09-20")
    assert len(of(Display, laptop)) == 2


@pytest.mark.parametrize(
    ("instance", "hardware", "told", "virtual"),
    [
        (ADAPTER, r"PCI\VEN_8086&DEV_9A49&SUBSYS_0A1B1028&REV_01", "pci/8086/9a49", False),
        (r"PCI\VEN_15AD&DEV_0405\3&2", r"PCI\VEN_15AD&DEV_0405&SUBSYS_040515AD", "pci/15ad/0405", True),
        # VirtualDrivers/Virtual-Display-Driver, nomi-san/parsec-vdd: hardware ids of their INF files.
        (r"ROOT\DISPLAY\0000", r"Root\MttVDD", "root/mttvdd", True),
        (r"ROOT\DISPLAY\0001", r"Root\Parsec\VDA", "root/parsec/vda", True),
        (r"ROOT\DISPLAY\0002", "usbmmIdd", "root/usbmmidd", True),
        (r"ROOT\DISPLAY\0003", "RustDeskIddDriver", "root/rustdeskidddriver", True),
        (r"SWD\REMOTEDISPLAYENUM\RDPIDD_INDIRECTDISPLAY", "RdpIdd_IndirectDisplay", "swd/rdpidd_indirectdisplay", True),
        (r"VMBUS\{DA0A7802-E377-4AAC-8E77-0558EB1073F8}\{1}", r"VMBUS\{da0a7802-e377-4aac-8e77-0558eb1073f8}",
         "vmbus/{da0a7802-e377-4aac-8e77-0558eb1073f8}", True),
        (r"USB\VID_17E9&PID_6006&MI_00\7&1", r"USB\VID_17E9&PID_6006&REV_3104&MI_00", "usb/17e9/6006", None),
        (r"ROOT\BASICDISPLAY\0000", r"ROOT\BasicDisplay", "root/basicdisplay", None),
    ],
)  # fmt: skip
def test_an_adapter_is_known_by_its_hardware(instance: str, hardware: str, told: str, virtual: bool | None) -> None:
    laptop = Laptop()
    laptop.adapter(instance, hardware=hardware, service="driver", name="Adapter")
    assert of(DisplayAdapter, laptop) == [
        DisplayAdapter(name="Adapter", driver="driver", hardware_id=told, virtual=virtual)
    ]


def test_a_monitor_made_by_software_is_virtual_with_and_without_a_desktop() -> None:
    laptop = Laptop()
    laptop.adapter(r"ROOT\DISPLAY\0000", hardware=r"Root\MttVDD", service="WUDFRd", name="Virtual Display Driver")
    laptop.monitor("MTT1337", 256, b"", technology=16, parent=r"ROOT\DISPLAY\0000")
    (display,) = of(Display, laptop)
    assert (display.connector, display.virtual) == ("Indirect-1", True)
    (display,) = of(Display, laptop, windows_display_target=NO)
    assert (display.connector, display.virtual) == ("output-256", True)
    assert not of(Gap, laptop)


def test_a_displaylink_dock_is_neither_virtual_nor_not() -> None:
    laptop = Laptop()
    dock = r"USB\VID_17E9&PID_6006&MI_00\7&1"
    laptop.adapter(dock, hardware=r"USB\VID_17E9&PID_6006&MI_00", service="WUDFRd", name="DisplayLink USB Device")
    laptop.monitor("DELD0A1", 256, DELL, technology=16, parent=dock)
    assert [(it.connector, it.virtual) for it in of(Display, laptop)] == [("Indirect-1", None)]


def test_a_wireless_display_without_a_node_is_told() -> None:
    laptop = office()
    laptop.rows["windows_display_target"].append(DisplayTarget(technology=15, adapter=ADAPTER, width=1280, height=720))
    assert ("Miracast-1", "1280x720") in [(it.connector, it.active_mode) for it in of(Display, laptop)]


def test_a_monitor_whose_edid_may_not_be_read_is_a_gap_and_still_told() -> None:
    found = seen(office(), windows_monitor_edid=NO)
    assert [it.connector for it in found if isinstance(it, Display)] == ["eDP-1", "HDMI-1"]
    gaps = [it for it in found if isinstance(it, Gap)]
    assert gaps == [
        Gap(what="EDID of BOE0A2D", outcome="not_permitted"),
        Gap(what="EDID of DELD0A1", outcome="not_permitted"),
    ]


def test_a_monitor_without_an_edid_is_a_gap_because_it_may_be_anything() -> None:
    laptop = Laptop()
    laptop.adapter()
    laptop.monitor("DEFAULT_MONITOR", 1, b"", technology=HDMI)
    assert of(Gap, laptop) == [Gap(what="EDID on HDMI-1", outcome="not_supported")]
    laptop = Laptop()
    laptop.adapter()
    laptop.monitor("DELD0A1", 1, b"\0" * 128, technology=HDMI)
    assert of(Gap, laptop) == [Gap(what="EDID on HDMI-1", outcome="broken")]


def test_what_may_not_be_listed_is_a_gap_and_nothing_at_all_is_none() -> None:
    assert seen(Laptop()) == []
    found = seen(office(), windows_device=NO)
    assert [it.what for it in found if isinstance(it, Gap)] == ["display adapters", "monitors"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(max_size=30), data=st.binary(max_size=300), number=st.integers(0, 1 << 32), there=st.booleans())
def test_no_answer_of_windows_breaks_the_probe(text: str, data: bytes, number: int, there: bool) -> None:
    laptop = Laptop()
    instance = f"DISPLAY\\{text}"
    laptop.rows["windows_device DISPLAY"] = [WindowsDevice(instance=instance, present=there, parent=text)]
    laptop.rows[f"windows_monitor_edid {instance}"] = [MonitorEdid(edid=data)]
    laptop.rows["windows_display_target"] = [
        DisplayTarget(technology=number, monitor=instance.upper(), connector=number)
    ]
    laptop.rows[f"windows_device {DISPLAY_CLASS}"] = [
        WindowsDevice(instance=text, present=there, hardware_ids=(text,), last_arrival=float(number) * 1e6)
    ]
    assert all(isinstance(it, Observable) for it in seen(laptop))


def test_a_device_path_becomes_an_instance() -> None:
    # MartinGC94/DisplayConfig issue 22.
    path = r"\\?\DISPLAY#DELA0E7#5&e94bc63&0&UID4352#{e6f07b5f-ee97-4a90-b076-33f57bf4eaa7}"
    assert instance_of(path) == r"DISPLAY\DELA0E7\5&E94BC63&0&UID4352"
    assert instance_of("nonsense") == ""


def test_an_edid_in_a_capture_tells_no_unit_and_still_parses() -> None:
    row = MonitorEdid(
        edid=builders.edid("DEL", 0xD0A1, name="DELL P2419H", serial="7XQ1W13ABCDE", serial_number=0x42304C53)
    )
    words = set(row.identifying())
    assert words == {"7XQ1W13ABCDE", "534c3042"}
    facts = edid.parse(row.rewritten(lambda text: {"7XQ1W13ABCDE": "1AB2C34DEFGH", "534c3042": "aabbccdd"}[text]).edid)
    assert (facts.serial, facts.serial_number, facts.name, facts.fault) == (
        "1AB2C34DEFGH",
        0xDDCCBBAA,
        "DELL P2419H",
        "",
    )
    constant = MonitorEdid(edid=builders.edid("LNX", 0x7773, serial="CAFEBABE"))
    assert list(constant.identifying()) == []
