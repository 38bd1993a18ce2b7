"""Ordinary devices and monitors, from file tree to score: none of them is taken for an IP-KVM."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from farmwatch_agent.cli import main as agent
from farmwatch_collector.cli import main as collector
from tests.cases import builders, machines
from tests.cases.ordinary import ORDINARY, RELAYS

#: Level 1 of ip_kvm_shape is "one weak trait": a tuner states HID 1.01 at high speed. Level 1 of hid_emulator is a
#: board that its owner programmed to type.
WEAK = {"Tuner with remote control", "Arduino Leonardo", "Raspberry Pi Pico as macro pad", "Teensy LC"}


def laptop(root: Path) -> None:
    machines.laptop(str(root))
    builders.put(str(root), "sys/class/dmi/id/chassis_type", "10")
    builders.put(str(root), "sys/class/dmi/id/sys_vendor", "Example")
    builders.put(str(root), "proc/cpuinfo", "flags\t\t: fpu vme de")


def findings(root: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Returns the findings of hardware control that collect and score make of a tree."""
    reports = root.with_suffix(".jsonl")
    assert agent(["collect", "--root", str(root), "--json"]) == 0
    reports.write_text(capsys.readouterr().out, encoding="utf-8")
    assert collector(["score", str(reports), "--json"]) == 0
    (item,) = json.loads(capsys.readouterr().out)["items"]
    found: list[dict[str, Any]] = [each for each in item["findings"] if each["group"] == "H"]
    return found


def levels(devices: dict[str, tuple[str, builders.Device]], root: Path, capsys: Any) -> dict[str, int]:
    """Returns the highest level by device's name, with all of them on one laptop."""
    laptop(root)
    ports = {f"2-{place}": name for place, name in enumerate(devices, 1)}
    for port, name in ports.items():
        builders.usb_device(str(root), port, devices[name][1])
    highest = dict.fromkeys(devices, 0)
    for finding in findings(root, capsys):
        name = ports[finding["subject"]]
        highest[name] = max(highest[name], finding["level"])
    return highest


def test_no_ordinary_device_is_taken_for_a_kvm_even_with_all_of_them_plugged_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(ORDINARY) >= 60
    assert all(source for source, _ in ORDINARY.values())
    found = levels(ORDINARY, tmp_path / "all", capsys)
    assert {name: level for name, level in found.items() if level} == dict.fromkeys(WEAK, 1)


def test_what_relays_keyboard_and_mouse_is_asked_about_but_never_confirmed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = levels(RELAYS, tmp_path / "relays", capsys)
    assert set(found.values()) == {2}


#: Manufacturer, product, name: linuxhw/EDID folders of real makers; LNX 0000 is the kernel's own built-in EDID
#: (drivers/gpu/drm/drm_edid_load.c), TSB 0108 a Toshiba television.
MONITORS = {
    "office": ("DEL", 0xD0A1, "DELL P2419H"),
    "same model as a donor": ("DEL", 0x2013, "DELL D2721H"),
    "television": ("SAM", 0x0F9C, "SAMSUNG"),
    "Toshiba television": ("TSB", 0x0108, "TOSHIBA-TV"),
    "monitor with a switch": ("LEN", 0x65E0, "P27h-20"),
    "docked ultrawide": ("GSM", 0x76F9, "LG ULTRAWIDE"),
    "projector": ("EPS", 0x1B01, "EPSON PJ"),
    "kernel's own": ("LNX", 0x0000, "Linux FHD"),
    "receiver": ("ONK", 0x0001, "AV Receiver"),
}


def test_no_ordinary_monitor_is_taken_for_a_kvm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "monitors"
    laptop(root)
    for place, (maker, product, name) in enumerate(MONITORS.values(), 1):
        data = builders.edid(maker, product, name=name, serial=f"SN{place}", serial_number=place, size_cm=(60, 34))
        builders.display(str(root), f"DP-{place}", data)
    assert findings(root, capsys) == []


@pytest.mark.parametrize("name", ["Elgato", "dummy plug"])
def test_capture_boxes_and_dummy_plugs_are_told_and_weigh_little(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "box"
    laptop(root)
    maker, product, said = {"Elgato": ("EGA", 1, "Elgato"), "dummy plug": ("ZLX", 0x0301, "Dummy display")}[name]
    builders.display(str(root), "HDMI-A-1", builders.edid(maker, product, name=said))
    told = {finding["detector"]: finding["level"] for finding in findings(root, capsys)}
    assert told == {"ip_kvm_display": 1, "phantom_display": 1}


#: PiKVM with a donor's ids and names (override.yaml, kvmd-otgconf --import-usb-ids), storage off.
DONOR = msgspec.structs.replace(
    machines.PIKVM,
    ids="046d:c31c",
    manufacturer="Logitech",
    product="USB Keyboard",
    serial=None,
    interfaces=machines.PIKVM.interfaces[:3],
)
_KEYBOARD, _ABSOLUTE, _RELATIVE = DONOR.interfaces
_PEN = builders.Interface(triple="03/00/00", report=machines.PEN, name="HID Interface", name_index=12, bcd_hid="0101")
_DEBUGGING = builders.Interface(triple="ff/42/01", name="ADB Interface", name_index=12)


def _with(*interfaces: builders.Interface, **more: Any) -> builders.Device:
    return msgspec.structs.replace(DONOR, interfaces=interfaces, **more)


DISGUISED: dict[str, dict[str, builders.Device]] = {
    "donor": {"1-3": DONOR},
    "relative pointer": {"1-3": _with(_KEYBOARD, _RELATIVE)},
    "two devices behind a hub": {"1-3": machines.DOCK_HUB, "1-3.1": _with(_KEYBOARD), "1-3.2": _with(_RELATIVE)},
    "full speed": {"1-3": msgspec.structs.replace(DONOR, speed="12")},
    "no strings": {
        "1-3": _with(
            *(msgspec.structs.replace(item, name=None, name_index=0) for item in DONOR.interfaces),
            manufacturer=None,
            product=None,
        )
    },
    "changed kernel": {"1-3": _with(*(msgspec.structs.replace(item, name="Keyboard") for item in DONOR.interfaces))},
    "pen added": {"1-3": _with(_KEYBOARD, _ABSOLUTE, _PEN)},
    "phone's functions added": {"1-3": _with(_KEYBOARD, _RELATIVE, _DEBUGGING)},
}


@pytest.mark.parametrize("name", DISGUISED)
def test_a_disguised_kvm_with_its_owners_own_monitor_data_is_put_to_review(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "disguised"
    laptop(root)
    for port, device in DISGUISED[name].items():
        builders.usb_device(str(root), port, device)
    builders.display(str(root), "HDMI-A-1", machines.OFFICE_MONITOR)
    found = findings(root, capsys)
    told = {each["detector"]: each["level"] for each in found}
    # The identity that hides it contradicts the build, too.
    assert set(told) <= {"ip_kvm_shape", "usb_identity_conflict"}
    assert told["ip_kvm_shape"] == 3
    assert all("?" in each["sentence"] for each in found)
