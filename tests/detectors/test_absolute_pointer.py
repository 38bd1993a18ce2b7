"""A pointer that is told where to be: that it is plugged in is group H's, how much it is used is said here."""

import msgspec

from farmwatch_detectors.absolute_pointer import detect
from farmwatch_detectors.groups import silence_table, why_grey
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.view import SectionView
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.input_source import InputDevice
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.usb import UsbDevice

from .input_days import BUILT_IN, OWN, only, remembering, share, workdays
from .views import NOW, serial, view

#: The HID pointer of PiKVM as evdev names it; ids of the Linux gadget (pikvm/kvmd, kvmd/apps/otg/__init__.py).
KVM_POINTER = InputDevice(
    name="PiKVM PiKVM Composite Device", bus="usb", functions=("pointer",), absolute=True,
    vendor_id="1d6b", product_id="0104", driver="hid-generic",
)  # fmt: skip
KVM = UsbDevice(
    vendor_id="1d6b",
    product_id="0104",
    manufacturer="PiKVM",
    product="PiKVM Composite Device",
    serial=serial("LAB-7"),
    port_path="1-4",
)
BY_KVM = (share("usb", "keyboard", 30), share("usb", "pointer", 85, absolute=True))
BY_SOFTWARE = (share("virtual", "keyboard", 30), share("virtual", "pointer", 70, absolute=True))


def test_hit_a_kvms_pointer_that_does_the_work_is_level_one_whatever_its_share() -> None:
    found = only(detect(remembering(workdays(10, BY_KVM), (*OWN, KVM_POINTER), usb=[KVM])))
    assert found.level == 1, "that it is there counts in group H; only its use is new"
    assert "at least 85 % of the input on 10 of 10 days" in found.sentence


def test_hit_absolute_pointing_from_no_usb_device_is_level_two() -> None:
    assert only(detect(remembering(workdays(6, BY_SOFTWARE), usb=[]))).level == 2


def test_miss_two_days_or_a_tenth_of_the_day() -> None:
    assert list(detect(remembering(workdays(2, BY_KVM)))) == []
    assert list(detect(remembering(workdays(9, (*BUILT_IN, share("usb", "pointer", 10, absolute=True)))))) == []


def test_miss_a_remote_desktops_pointer_always_is_absolute() -> None:
    assert list(detect(remembering(workdays(9, (share("remote", "pointer", 90, absolute=True),))))) == []


def test_honest_twin_a_virtual_machine_is_no_finding() -> None:
    assert list(detect(remembering(workdays(9, BY_KVM), host=HostFacts(hypervisor="vmware")))) == []


def test_honest_twin_a_registered_kvm_is_sanctioned() -> None:
    laptop = remembering(workdays(9, BY_KVM), (*OWN, KVM_POINTER), usb=[KVM])
    entry = Sanction(owner="lab@example.com", reason="test bench", asset_serial="LAB-7")
    allowed = msgspec.structs.replace(laptop, policy=Policy(sanctions=(entry,)), assets={serial("LAB-7").digest: 0})
    found = only(detect(allowed))
    assert (found.level, found.sanctioned) == (0, "lab@example.com: test bench")
    assert only(detect(laptop)).level == 1


def test_honest_twin_one_keyboard_for_two_computers_is_level_one() -> None:
    shared = remembering(workdays(9, BY_SOFTWARE), usb=[], processes=[Process(name="barrierc")])
    assert only(detect(shared)).level == 1


def test_could_not_look_a_usb_that_was_not_seen_may_hold_the_device() -> None:
    laptop = remembering(workdays(6, BY_SOFTWARE))
    assert only(detect(laptop)).level == 1


def test_could_not_look_is_no_finding_and_no_silence() -> None:
    blind = SectionView(kind="input_source", outcome="not_supported", observed_at=NOW)
    device = msgspec.structs.replace(view(), sections={"input_source": blind})
    assert list(detect(device)) == []
    assert why_grey(device, silence_table()["I"]) == "input_source: this system has no such thing to look at"
