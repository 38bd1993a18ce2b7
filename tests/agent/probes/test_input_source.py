"""Input devices of Linux in sysfs, and how a day's counts are told."""

from pathlib import Path
from typing import Any

import pytest

from farmwatch_agent import probes
from farmwatch_agent.host import Host, NotPermitted
from farmwatch_agent.host.input_counts import InputDayCounts, InputSource, SourceCount
from farmwatch_agent.host.linux import input_devices
from farmwatch_agent.probes import input_days
from farmwatch_agent.probes.input_source import linux
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.input_source import InputDay, InputDevice, InputShare

from ..input_tree import FORMS, add_input
from ..linux_tree import NOW, Tree, look, section

KBD = "platform/i8042/serio0"
USB = "pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.0/0003:1D6B:0104.0004"


def devices(tree: Tree) -> list[InputDevice]:
    return [it for it in look(tree.host(), "input_source") if isinstance(it, InputDevice)]


def test_a_laptop_with_a_kvm_shows_its_own_keyboard_and_the_absolute_pointer(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    add_input(tree, 0, "Power Button", "power", "LNXSYSTM:00/LNXPWRBN:00", "0019", "0000:0001")
    add_input(tree, 3, "AT Translated Set 2 keyboard", "keyboard", KBD, "0011", "0001:0001", "atkbd")
    add_input(tree, 8, "PiKVM PiKVM Composite Device", "absolute", USB, "0003", "1d6b:0104", "hid-generic")
    assert devices(tree) == [
        InputDevice(
            name="AT Translated Set 2 keyboard", bus="builtin", functions=("keyboard",), absolute=False,
            vendor_id="0001", product_id="0001", driver="atkbd",
        ),
        InputDevice(
            name="PiKVM PiKVM Composite Device", bus="usb", functions=("pointer",), absolute=True,
            vendor_id="1d6b", product_id="0104", driver="hid-generic",
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "functions", "absolute"),
    [
        ("keyboard", ("keyboard",), False),
        ("mouse", ("pointer",), False),
        ("touchpad", ("pointer",), False),
        ("absolute", ("pointer",), True),
        ("touch", ("touch",), False),
        ("tablet", ("tablet",), False),
        ("gamepad", ("gamepad",), False),
        ("power", (), False),
        ("buttons", (), False),
    ],
)
def test_functions_are_told_by_capabilities(form: str, functions: tuple[str, ...], absolute: bool) -> None:
    maps = [input_devices.bits(text) for text in FORMS[form]]
    assert input_devices.functions_of(*maps) == (functions, absolute)


def test_an_accelerometer_is_nothing_a_person_gives_input_with() -> None:
    assert input_devices.functions_of(0b1000, 0, 0, 0b111, 1 << 6) == ((), False)


@pytest.mark.parametrize(
    ("place", "bustype", "fixed", "adapter", "bus"),
    [
        ("/sys/devices/platform/i8042/serio1/input/input7", 0x11, False, False, "builtin"),
        ("/sys/devices/pci0000:00/0000:00:15.0/i2c_designware.0/i2c-1/i2c-SYNA8004:00/0018:06CB:CD8B.0001/input/input9",
         0x18, False, False, "builtin"),
        ("/sys/devices/pci0000:00/0000:00:1e.3/pxa2xx-spi.6/spi_master/spi0/spi-APP000D:00/input/input4",
         0x1C, False, False, "builtin"),
        (f"/sys/devices/{USB}/input/input8", 0x03, False, False, "usb"),
        (f"/sys/devices/{USB}/input/input8", 0x03, True, False, "builtin"),
        # A device behind a hub, and one that says it were Bluetooth: the cable does not lie.
        ("/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2.4/1-2.4:1.1/0003:046D:C52B.0006/input/input12",
         0x05, False, True, "usb"),
        ("/sys/devices/virtual/input/input30", 0x03, False, True, "virtual"),
        ("/sys/devices/virtual/misc/uhid/0005:046D:B342.0009/input/input33", 0x05, False, True, "bluetooth"),
        ("/sys/devices/virtual/misc/uhid/0005:046D:B342.0009/input/input33", 0x05, False, False, "virtual"),
        ("/sys/devices/virtual/misc/uhid/0003:046D:C077.0009/input/input34", 0x03, False, True, "virtual"),
        ("/sys/devices/pci0000:00/0000:00:14.0/usb1/1-14/1-14:1.0/bluetooth/hci0/hci0:256/0005:004C:0267.000A/input/input40",
         0x05, False, True, "bluetooth"),
        ("/sys/devices/platform/vhci_hcd.0/usb3/3-1/3-1:1.0/0003:1D6B:0104.0002/input/input19", 0x03, True, False,
         "virtual"),
        ("/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/d34b2567-b9b6/0006:045E:0621.0001/input/input5",
         0x06, False, False, "virtual"),
        ("", 0, False, False, "other"),
    ],
)  # fmt: skip
def test_the_bus_is_told_by_where_a_device_hangs(
    place: str, bustype: int, fixed: bool, adapter: bool, bus: str
) -> None:
    assert input_devices.bus_of(place, bustype, fixed=fixed, adapter=adapter) == bus


def test_a_keyboard_wired_by_usb_inside_is_the_laptops_own(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    add_input(tree, 8, "Apple Internal Keyboard", "keyboard", USB, "0003", "05ac:0259")
    tree.file("/sys/bus/usb/devices/1-4/removable", "fixed\n")
    assert [device.bus for device in devices(tree)] == ["builtin"]


def test_a_virtual_machines_tablet_is_absolute_and_says_so_by_name(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    add_input(tree, 4, "QEMU QEMU USB Tablet", "absolute", USB, "0003", "0627:0001")
    (device,) = devices(tree)
    assert (device.name, device.absolute) == ("QEMU QEMU USB Tablet", True)


def test_a_32_bit_kernels_words_are_read_as_such(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    for number, name, form, key in (
        (1, "keyboard", "keyboard", "4 2000000 3803078 f800d001 feffffdf ffefffff ffffffff fffffffe"),
        (2, "mouse", "mouse", "1f0000 0 0 0 0 0 0 0 0"),
    ):
        add_input(tree, number, name, form, f"platform/i8042/serio{number}", "0011", "0001:0001")
        tree.file(f"/sys/devices/platform/i8042/serio{number}/input/input{number}/capabilities/key", key)
    assert [device.functions for device in devices(tree)] == [("keyboard",), ("pointer",)]


def test_no_owner_and_no_address_is_in_what_is_told(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    place = "virtual/misc/uhid/0005:004C:0269.0003"
    add_input(tree, 5, "Anna's Magic Mouse", "mouse", place, "0005", "004c:0269")
    tree.file(f"/sys/devices/{place}/input/input5/uniq", "c0:ff:ee:00:00:01\n")
    tree.file(f"/sys/devices/{place}/input/input5/phys", "d0:00:00:00:00:01\n")
    tree.folder("/sys/class/bluetooth/hci0")
    made = section(tree.host(), "input_source")
    assert "Anna" not in str(made.items)
    assert "c0:ff" not in str(made.items)
    assert [(device.name, device.bus) for device in devices(tree)] == [("Magic Mouse", "bluetooth")]


def test_hostile_capabilities_and_names_break_nothing(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    add_input(tree, 1, "x" * 4000, "keyboard", KBD, "0011", "0001:0001")
    add_input(tree, 2, "\N{SNOWMAN}\0\x1b[31m", "mouse", "virtual/input2", "zz", "nothex:!")
    add_input(tree, 3, "none", "mouse", "virtual/input3", "0003", "0000:0000")
    base = "/sys/devices/platform/i8042/serio0/input/input1/capabilities"
    tree.file(f"{base}/abs", "g" * 100)
    found = {device.name: device for device in devices(tree)}
    assert "x" * 80 in found
    assert [(it.vendor_id, it.product_id) for name, it in found.items() if name[0] != "x"] == [("", ""), ("", "")]


def test_two_hundred_devices_are_told_in_part_and_the_rest_is_a_gap(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    for number in range(200):
        add_input(tree, number, f"device {number}", "mouse", f"virtual/misc/uhid/{number}", "0003", "046d:c077")
    found = look(tree.host(), "input_source")
    assert len([it for it in found if isinstance(it, InputDevice)]) == linux.MAX_TOLD
    assert any(isinstance(it, Gap) and it.what == "further input devices" and it.count == "50+" for it in found)


def test_without_a_kernel_with_input_it_is_not_supported(tmp_path: Path) -> None:
    assert section(Tree(tmp_path).host(), "input_source").outcome == "not_supported"


def test_a_single_look_has_no_days_and_says_so(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.folder("/sys/class/input")
    (gap,) = look(tree.host(), "input_source")
    assert isinstance(gap, Gap)
    assert (gap.what.partition(":")[0], gap.outcome) == ("a day's activity", "not_supported")


def test_what_may_not_be_looked_at_is_a_gap_beside_the_rest(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    add_input(tree, 1, "keyboard", "keyboard", KBD, "0011", "0001:0001")
    add_input(tree, 2, "mouse", "mouse", "virtual/x", "0003", "046d:c077")
    tree.file("/sys/devices/virtual/x/input/input2/capabilities/key", "1f0000 0 0 0 0", 0o600)
    found = look(tree.host(euid=1000), "input_source")
    assert [it.name for it in found if isinstance(it, InputDevice)] == ["keyboard"]
    assert Gap(what="input devices that could not be looked at", outcome="not_permitted", count="1") in found


KEYBOARD = InputSource(bus="builtin", function="keyboard", absolute=False, vendor_id="0001", product_id="0001")
KVM = InputSource(bus="usb", function="pointer", absolute=True, vendor_id="1d6b", product_id="0104")
OTHER_KVM = InputSource(bus="usb", function="pointer", absolute=True, vendor_id="3346", product_id="1009")


class Counted:
    """A host that answers with counts."""

    def __init__(self, *rows: InputDayCounts, error: Exception | None = None) -> None:
        self.rows_, self.error = list(rows), error

    def now(self) -> float:
        return NOW

    def rows(self, kind: Any, of: str = "") -> list[InputDayCounts]:
        if self.error is not None:
            raise self.error
        return self.rows_


def told(host: Counted) -> list[Observable]:
    view: Host = host  # type: ignore[assignment]
    return list(input_days.days(view))


def test_a_day_is_told_in_steps_of_a_quarter_of_an_hour_and_five_per_cent() -> None:
    row = InputDayCounts(
        day="2026-11-22", method="evdev", watched=29 * 60, active=16 * 60, slots="0" * 12 + "f" + "0" * 11,
        sources=(SourceCount(source=KVM, seconds=500), SourceCount(source=OTHER_KVM, seconds=440),
                 SourceCount(source=KEYBOARD, seconds=30)),
    )  # fmt: skip
    assert told(Counted(row)) == [
        InputDay(
            day="2026-11-22", method="evdev", watched=15, active=30, slots=row.slots,
            shares=(InputShare(bus="builtin", function="keyboard", percent=5, absolute=False),
                    InputShare(bus="usb", function="pointer", percent=100, absolute=True)),
        )
    ]  # fmt: skip


def test_idle_clocks_tell_time_and_no_kinds() -> None:
    row = InputDayCounts(day="2026-11-22", method="idle_time", watched=3600, active=600,
                         sources=(SourceCount(source=InputSource(bus="other"), seconds=600),))  # fmt: skip
    (day,) = told(Counted(row))
    assert isinstance(day, InputDay)
    assert (day.active, day.shares) == (15, ())


def test_counters_leave_a_gap_for_what_they_cannot_tell() -> None:
    found = told(Counted(InputDayCounts(day="2026-11-22", method="interrupts", watched=3600)))
    assert [type(it) for it in found] == [InputDay, Gap]


def test_only_yesterday_and_today_are_believed() -> None:
    rows = [InputDayCounts(day=day, method="evdev") for day in ("2026-11-20", "2026-11-21", "2026-11-22", "2027-01-01")]
    assert [it.day for it in told(Counted(*rows)) if isinstance(it, InputDay)] == ["2026-11-21", "2026-11-22"]


def test_counts_that_may_not_be_had_are_a_gap_with_the_outcome() -> None:
    (gap,) = told(Counted(error=NotPermitted("a folder: may not be read")))
    assert isinstance(gap, Gap)
    assert gap.outcome == "not_permitted"


def test_both_kinds_are_looked_at_only_where_they_are_named_but_for_the_first_month() -> None:
    assert (probes.load("input_source").opt_in, probes.load("input_source").first_days) == (True, 30)
    assert (probes.load("input_timing").opt_in, probes.load("input_timing").first_days) == (True, 0)
