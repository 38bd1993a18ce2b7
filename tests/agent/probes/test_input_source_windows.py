r"""Input devices of Windows, from rows of its device list.

Ids and names: public listings (seerge/g-helper issues 3004 and 4360 for a keyboard and a mouse; libusb/hidapi issue
249; yusufklncc/Hackintosh-for-All-Computers pull request 69 for TERMINPUT_BUS and firmware's own names).
"""

from typing import Any

import pytest

from farmwatch_agent.host import HostError, Missing, NotPermitted, NotSupported
from farmwatch_agent.host.windows.devices import WindowsDevice
from farmwatch_agent.probes.input_source import windows
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.input_source import InputDevice

from ..linux_tree import NOW

MOUSE = WindowsDevice(
    instance=r"HID\VID_0B05&PID_1C0C&MI_01\7&E32C6AC&0&0000",
    present=True,
    hardware_ids=(r"HID\VID_0B05&PID_1C0C&REV_0109&MI_01", "HID_DEVICE_SYSTEM_MOUSE", "HID_DEVICE_UP:0001_U:0002"),
    service="mouhid",
    setup_class="{4D36E96F-E325-11CE-BFC1-08002BE10318}",
    description="ROG KERIS II",
    parent=r"USB\VID_0B05&PID_1C0C&MI_01\6&1C2D3E4F&0&0001",
)
PS2 = WindowsDevice(
    instance=r"ACPI\TOS7407\4&1D401FB5&0",
    present=True,
    service="i8042prt",
    setup_class="{4d36e96b-e325-11ce-bfc1-08002be10318}",
    description="Standard PS/2 Keyboard",
    parent=r"ACPI\PNP0A08\0",
)


class Listed:
    """A host that answers by setup class."""

    def __init__(self, answers: dict[str, list[WindowsDevice] | HostError]) -> None:
        self.answers = answers

    def now(self) -> float:
        return NOW

    def rows(self, kind: Any, of: str = "") -> list[WindowsDevice]:
        answer = self.answers.get(of, NotSupported(f"{of}: nothing is known"))
        if isinstance(answer, HostError):
            raise answer
        return answer


def seen(answers: dict[str, list[WindowsDevice] | HostError]) -> list[Observable]:
    return list(windows.collect(Listed(answers)))  # type: ignore[arg-type]


def test_a_mouse_and_the_own_keyboard_are_told() -> None:
    found = seen({windows.MICE: [MOUSE], windows.KEYBOARDS: [PS2], windows.HID: []})
    assert [it for it in found if isinstance(it, InputDevice)] == [
        InputDevice(name="Standard PS/2 Keyboard", bus="builtin", functions=("keyboard",), absolute=False,
                    driver="i8042prt"),
        InputDevice(name="ROG KERIS II", bus="usb", functions=("pointer",), vendor_id="0b05", product_id="1c0c",
                    driver="mouhid"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("instance", "parent", "bus"),
    [
        (r"HID\VID_046D&PID_C534&MI_01&COL02\7&1EBB799E&0&0001", r"USB\VID_046D&PID_C534&MI_01\6&0", "usb"),
        (r"HID\VID_046D&PID_C534&MI_01&COL02\7&1EBB799E&0&0001", "", "usb"),
        (r"HID\SYNA2393&COL01\5&2A6FF2D9&0&0000", r"ACPI\SYNA2393\4&0", "builtin"),
        (r"HID\{00001812-0000-1000-8000-00805F9B34FB}&DEV&VID_02046D&PID_B023\9&0", r"BTHLEDEVICE\{00001812}\8&0",
         "bluetooth"),
        (r"HID\{00001124-0000-1000-8000-00805F9B34FB}_VID&0002046D_PID&B342&COL01\8&0", "", "bluetooth"),
        (r"HID\VID_045E&PID_0000&COL01\1&0", r"ROOT\HIDCLASS\0000", "virtual"),
        (r"ROOT\HIDCLASS\0000", r"HTREE\ROOT\0", "virtual"),
        (r"ROOT\RDP_MOU\0000", r"HTREE\ROOT\0", "remote"),
        (r"TERMINPUT_BUS\UMB\2&22E42FA&0&SESSION1KEYBOARD0", r"TERMINPUT_BUS_SESSION\0", "remote"),
        (r"TS_INPT\TS_KBD\1&2&0", "", "remote"),
        (r"HID\TARGET_KIP&CATEGORY_HID&COL03\4&1BDC739&0&0002",
         r"{21635D77-3D7C-47B9-BE18-26576667BFDC}\TARGET_KIP&CATEGORY_HID\3&0", "builtin"),
        (r"HID\CONVERTEDDEVICE&COL01\5&0", r"HID_OTHER\X\0", "other"),
        ("", "", "other"),
    ],
)  # fmt: skip
def test_the_node_above_a_hid_device_tells_its_bus(instance: str, parent: str, bus: str) -> None:
    assert windows.bus_of(instance, parent) == bus


@pytest.mark.parametrize(
    ("usage", "function"),
    [
        ("HID_DEVICE_UP:000D_U:0005", ("pointer",)),
        ("HID_DEVICE_UP:000D_U:0004", ("touch",)),
        ("HID_DEVICE_UP:000D_U:0002", ("tablet",)),
        ("HID_DEVICE_UP:0001_U:0005", ("gamepad",)),
        ("HID_DEVICE_UP:000C_U:0001", ()),
        ("HID_DEVICE_UP:0001_U:0080", ()),
    ],
)
def test_other_collections_are_told_by_the_usage_in_their_ids(usage: str, function: tuple[str, ...]) -> None:
    row = WindowsDevice(instance="HID", setup_class=windows.HID, hardware_ids=(r"HID\VID_06CB&UP:000D_U:0005", usage))
    assert windows.functions_of(row) == function


def test_devices_that_were_there_once_are_left_out() -> None:
    gone = WindowsDevice(instance=MOUSE.instance, present=False, setup_class=windows.MICE)
    assert windows.device_of(gone) is None


def test_what_may_not_be_asked_is_a_gap_beside_the_rest() -> None:
    found = seen({windows.MICE: [MOUSE], windows.KEYBOARDS: NotPermitted("no"), windows.HID: []})
    assert Gap(what="keyboards", outcome="not_permitted") in found
    assert any(isinstance(it, InputDevice) for it in found)


def test_hundreds_of_devices_and_hostile_words_are_bounded() -> None:
    many = [
        WindowsDevice(instance=rf"HID\VID_{number:04X}&PID_0001\{number}", present=True, setup_class=windows.MICE,
                      name="y" * 9000, service="z" * 900)
        for number in range(300)
    ]  # fmt: skip
    found = seen({windows.MICE: many, windows.KEYBOARDS: [], windows.HID: []})
    told = [it for it in found if isinstance(it, InputDevice)]
    assert len(told) == windows.MAX_TOLD
    assert max(len(it.name) + len(it.driver) for it in told) <= 80 + 64


def test_a_machine_that_never_had_a_hid_device_is_not_broken() -> None:
    found = seen({windows.MICE: [MOUSE], windows.KEYBOARDS: [PS2], windows.HID: Missing("no such enumerator")})
    assert not [it for it in found if isinstance(it, Gap) and it.what == "other input devices"]
