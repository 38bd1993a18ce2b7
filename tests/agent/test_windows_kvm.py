"""From Windows's answers to the detectors: a KVM is seen there under any name, and a docked laptop fires nothing."""

from pathlib import Path

import msgspec
import pytest

from farmwatch_agent import runner
from farmwatch_agent.health import Health
from farmwatch_agent.host.capture import Answer
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_detectors import ip_kvm_display, ip_kvm_identity, ip_kvm_shape
from farmwatch_detectors.view import DeviceView
from farmwatch_schema import codec
from farmwatch_schema.finding import Finding
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables import Observable

from ..cases import machines, recorded
from ..cases.builders import Device
from ..cases.windows_rows import Laptop
from ..detectors.views import view

DETECTORS = (ip_kvm_identity, ip_kvm_shape, ip_kvm_display)
WINDOWS = recorded.HOSTS / "windows"


def items(host: ReplayingHost, kinds: tuple[str, ...] = ("usb", "displays")) -> dict[str, list[Observable]]:
    """Returns what a collector has of the probes' sections."""
    sections = runner.run(host, Keyer(b"a key for tests only", "test"), Health(), kinds, log=pytest.fail)
    return {
        it.kind: [] if it.items is msgspec.UNSET else list(codec.decode_items(it.kind, it.items)) for it in sections
    }  # fmt: skip


def findings(device: DeviceView) -> dict[str, list[Finding]]:
    return {module.DETECTOR.id: list(module.DETECTOR.detect(device)) for module in DETECTORS}


def of_folder(folder: Path) -> dict[str, list[Finding]]:
    return findings(view(**items(ReplayingHost(recorded.load(folder)))))  # type: ignore[arg-type]


def test_hit_a_jetkvm_renamed_to_logitech_is_seen_on_windows_by_its_build() -> None:
    found = of_folder(WINDOWS / "ip_kvm")
    renamed = [it for it in found["ip_kvm_shape"] if "Logitech" in it.sentence]
    assert [(it.level, it.subject, it.floor) for it in renamed] == [(3, "1400-3", True)]
    told = " ".join(evidence.fact for it in renamed for evidence in it.evidence)
    assert "HID Interface" in told
    assert "absolute positions" in told
    assert "HID version 1.01 at high speed" in told


def test_hit_a_pikvm_as_it_comes_is_seen_on_windows_by_name_and_picture() -> None:
    found = of_folder(WINDOWS / "ip_kvm")
    assert [it.level for it in found["ip_kvm_identity"] if it.subject == "1400-4"] == [3]
    # What Windows remembers of a monitor that is gone is level 2 at most.
    remembered = {"a connector it remembers": 2}
    assert {it.subject: it.level for it in found["ip_kvm_display"]} == {"HDMI-1": 2, "HDMI-2": 3, **remembered}


@pytest.mark.parametrize("told", [True, False], ids=["name taken over", "no name"])
def test_hit_where_hubs_refuse_the_build_is_still_strong(told: bool) -> None:
    """Windows is said to take an interface's name over into the device list; nobody has verified it.

    With neither speed nor HID version the name alone does not confirm: an STM32Cube keyboard bears the same one.
    """
    laptop = Laptop()
    laptop.usb(3, machines.JETKVM_AS_LOGITECH)
    if not told:
        nodes = laptop.rows["windows_device USB"]
        nodes[:] = [msgspec.structs.replace(node, reported="Logitech USB Input Device") for node in nodes]
    capture = laptop.capture()
    refused = Answer(error="not_permitted", message="Windows error 5")
    rows = {key: refused if key.startswith("windows_usb_port") else answer for key, answer in capture.rows.items()}
    host = ReplayingHost(msgspec.structs.replace(capture, rows=rows))
    found = findings(view(**items(host, ("usb",))))  # type: ignore[arg-type]
    assert [it.level for it in found["ip_kvm_shape"]] == [2]


def test_hit_a_real_pikvm_on_a_windows_pc_is_seen_by_name() -> None:
    host = ReplayingHost(recorded.load(WINDOWS / "real_pikvm_descriptor_dump"))
    found = findings(view(**items(host, ("usb",))))  # type: ignore[arg-type]
    assert [it.level for it in found["ip_kvm_identity"]] == [3]


@pytest.mark.parametrize("name", ["real_razer_blade_16_keyboard", "real_ducky_keyboard_windows_7"])
def test_honest_twin_real_keyboards_on_windows_fire_nothing(name: str) -> None:
    host = ReplayingHost(recorded.load(WINDOWS / name))
    found = findings(view(**items(host, ("usb",))))  # type: ignore[arg-type]
    assert found == {module.DETECTOR.id: [] for module in DETECTORS}


@pytest.mark.parametrize("name", ["docked", "undocked"])
def test_honest_twin_a_laptop_with_dock_keyboard_receiver_and_monitors_fires_nothing(name: str) -> None:
    assert of_folder(WINDOWS / name) == {module.DETECTOR.id: [] for module in DETECTORS}


@pytest.mark.parametrize("device", [machines.HUNTSMAN_8KHZ, machines.PEN_TABLET, machines.K120], ids=lambda it: it.ids)
def test_honest_twin_keyboards_and_tablets_look_on_windows_as_on_linux(device: Device) -> None:
    laptop = Laptop()
    laptop.usb(3, device)
    found = findings(view(**items(ReplayingHost(laptop.capture()), ("usb",))))  # type: ignore[arg-type]
    assert max((it.level for it in found["ip_kvm_shape"]), default=0) <= 1
    assert found["ip_kvm_identity"] == []
