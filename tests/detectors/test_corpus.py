"""The hardware detectors on public dumps of real devices: measured rates, printed as level: count.

Run with FARMWATCH_CORPUS=<folder>; docs/catalogues.md tells what lies in it. The figures in the level tables'
`sources` are those printed here.
"""

from collections import Counter

import pytest

from farmwatch_collector.lab import corpus
from farmwatch_detectors import (
    hardware_jiggler,
    hid_emulator,
    ip_kvm_display,
    ip_kvm_identity,
    ip_kvm_shape,
    usb_identity_conflict,
)
from farmwatch_detectors.detector import Detector
from farmwatch_detectors.hardware import hid_interfaces
from farmwatch_schema.formats import edid as edid_format
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.usb import UsbDevice

from .corpus import FOLDER, needs_corpus
from .views import view

pytestmark = needs_corpus

LAPTOP = HostFacts(chassis="laptop", hypervisor="")


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Prints a measured rate past pytest's capture."""
    with capsys.disabled():
        print(f"\n{text}", end="")  # noqa: T201


def level(detector: Detector, *, usb: tuple[UsbDevice, ...] = (), displays: tuple[Display, ...] = ()) -> int:
    device = view(usb=usb, displays=displays, host=[LAPTOP])
    return max((finding.level for finding in detector.detect(device)), default=0)


@pytest.mark.parametrize(
    "detector",
    [
        ip_kvm_identity.DETECTOR,
        ip_kvm_shape.DETECTOR,
        usb_identity_conflict.DETECTOR,
        hid_emulator.DETECTOR,
        hardware_jiggler.DETECTOR,
    ],
    ids=lambda detector: detector.id,
)
def test_no_ordinary_usb_device_is_taken_for_a_kvm(detector: Detector, capsys: pytest.CaptureFixture[str]) -> None:
    devices = [seen for seen in corpus.benign_usb(FOLDER) if hid_interfaces(seen.device)]
    counts = Counter(level(detector, usb=(seen.device,)) for seen in devices)
    say(capsys, f"{detector.id}: levels of {len(devices)} ordinary HID devices: {dict(counts)}")
    assert devices
    assert counts[3] == 0
    assert counts[2] <= len(devices) // 100
    assert counts[1] <= len(devices) // 50


def test_every_kvm_dump_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    dumps = corpus.labelled(FOLDER, "kvm")
    levels = {seen.file: level(ip_kvm_identity.DETECTOR, usb=(seen.device,)) for seen in dumps}
    say(capsys, f"ip_kvm_identity: {sum(n == 3 for n in levels.values())} of {len(dumps)} KVM dumps at level 3")
    assert dumps
    assert set(levels.values()) == {3}, levels


def test_controllers_gadgets_and_cables_are_not_confirmed() -> None:
    others = [seen for label in ("bmc", "gadget", "benign") for seen in corpus.labelled(FOLDER, label)]
    assert others
    for seen in others:
        assert level(ip_kvm_identity.DETECTOR, usb=(seen.device,)) < 3, seen.file
        assert level(ip_kvm_shape.DETECTOR, usb=(seen.device,)) < 3, seen.file


def test_no_real_monitor_is_taken_for_a_kvm(capsys: pytest.CaptureFixture[str]) -> None:
    counts = Counter(
        level(ip_kvm_display.DETECTOR, displays=(corpus.display_of(data),)) for _, data in corpus.benign_edids(FOLDER)
    )
    say(capsys, f"ip_kvm_display: levels of {counts.total()} real monitors: {dict(counts)}")
    assert counts
    assert counts[3] == 0
    assert counts[2] == 0
    assert counts[1] <= counts.total() // 200


#: Levels that the kinds of the EDID index may reach.
EXPECTED = {
    "firmware_default": {2, 3},  # BliKVM's are those of the capture board it is built on
    "firmware_preset_in_repo": {3},
    "ip_kvm_documented": {3},
    "ip_kvm_seen_in_the_wild": {2, 3},
    "vendor_spoof_preset": {2},
    "vendor_spoof_example": {2},
    "enterprise_kvm_over_ip": {0, 2},
    "hdmi_capture_chip": {0, 1},
    "hdmi_dummy_plug": {0, 1},
    "tc358743_derived_other": {1},
    "kvm_switch": {0},
    "kvm_switch_or_extender_vendor": {0},
}


def test_every_kind_of_edid_reaches_its_level(capsys: pytest.CaptureFixture[str]) -> None:
    rows: dict[str, Counter[int]] = {}
    for _, kind, data in corpus.kvm_edids(FOLDER):
        found = level(ip_kvm_display.DETECTOR, displays=(corpus.display_of(data),))
        rows.setdefault(kind, Counter())[found] += 1
    for kind, counts in sorted(rows.items()):
        say(capsys, f"ip_kvm_display: levels of {counts.total()} EDIDs of kind {kind}: {dict(counts)}")
    for kind, counts in rows.items():
        assert set(counts) <= EXPECTED.get(kind, {0, 1, 2, 3}), kind


def test_a_kvm_s_monitor_data_is_known_after_its_names_and_serials_were_edited() -> None:
    """As kvmd-edidconf and Openterface's program edit them: manufacturer, product, serials, name."""
    edited = 0
    for _, kind, data in corpus.kvm_edids(FOLDER):
        if kind != "firmware_default":
            continue
        block = bytearray(data)
        block[8:18] = bytes.fromhex("10ac1320392a394520 1e".replace(" ", ""))
        for at in (54, 72, 90, 108):
            if block[at : at + 3] == b"\0\0\0" and block[at + 3] in (0xFC, 0xFF):
                block[at + 5 : at + 18] = b"OFFICE 27\n   "
        block[127] = -sum(block[:127]) & 0xFF
        assert edid_format.parse(bytes(block)).manufacturer == "DEL"
        assert level(ip_kvm_display.DETECTOR, displays=(corpus.display_of(bytes(block)),)) == 2
        edited += 1
    assert edited
