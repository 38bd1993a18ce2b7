"""usb_identity_conflict: a device bears the ids of a product that it cannot be. Truth: catalog/usb_truth.yaml."""

from typing import Any

import msgspec
import pytest

from farmwatch_detectors.catalog.usb_truth import catalogue, truths
from farmwatch_detectors.usb_conflicts import conflicts
from farmwatch_detectors.usb_identity_conflict import detect
from farmwatch_schema.observables.usb import RememberedUsb, UsbDevice, UsbEndpoint, UsbInterface

from .kvm_cases import PIKVM_KEYBOARD, PIKVM_RELATIVE, gadget, hid, jetkvm_renamed, k120, pikvm, storage
from .views import serial, view


def level_of(device: UsbDevice) -> int:
    return max((finding.level for finding in detect(view(usb=[device]))), default=0)


def hidden(device: UsbDevice) -> UsbDevice:
    """As Windows shows it: descriptors as features, never as bytes."""
    interfaces = tuple(msgspec.structs.replace(each, report_descriptor=None) for each in device.interfaces)
    return msgspec.structs.replace(device, interfaces=interfaces)


def unifying(**changes: Any) -> UsbDevice:
    """A real Unifying receiver, release 24.00: linux-hardware.org probe b5445d70db."""
    plain: dict[str, Any] = {"name": "", "name_index": 0, "bcd_hid": "0111"}
    fields: dict[str, Any] = {
        "vendor_id": "046d", "product_id": "c52b", "manufacturer": "Logitech", "product": "USB Receiver",
        "bcd_device": "2400", "speed_mbps": 12.0, "max_packet_size0": 32,
        "interfaces": (
            hid(0, "01/01", 8, None, **plain),
            hid(1, "01/02", 8, None, **plain),
            hid(2, "00/00", 32, None, **plain),
        ),
    }  # fmt: skip
    return gadget(**(fields | changes))


def test_hit_jetkvm_s_own_preset_is_no_unifying_receiver() -> None:
    """UsbInfoSetting.tsx @bde0a086: Logitech (x64), at high speed, with a serial in the look of Windows' ids."""
    preset = jetkvm_renamed(serial=serial("7&3f21c0a&0&1"), has_serial=True)
    assert level_of(hidden(preset)) == 3
    (finding,) = detect(view(usb=[preset]))
    assert finding.level == 3
    said = " ".join(evidence.fact for evidence in finding.evidence)
    for words in ("480 Mbit/s", "Logitech (x64)", "Windows"):
        assert words in said
    assert not finding.floor
    assert "?" in finding.sentence


def test_hit_the_dell_preset_calls_itself_what_dell_never_did() -> None:
    """The real one says "Dell" and "Dell Multimedia Pro Keyboard", at low speed."""
    names = {
        "vendor_id": "413c",
        "product_id": "2011",
        "manufacturer": "Dell Inc.",
        "product": "Multimedia Pro Keyboard",
    }
    assert level_of(hidden(jetkvm_renamed(**names))) == 3
    assert level_of(hidden(jetkvm_renamed(**names, speed_mbps=None))) == 3


def test_hit_a_donor_s_whole_identity_with_the_gadget_s_speed_or_drive() -> None:
    donor = {"vendor_id": "046d", "product_id": "c31c", "manufacturer": "Logitech", "product": "USB Keyboard"}
    drive = pikvm(**donor, serial=None, has_serial=False, scsi=())
    assert level_of(hidden(drive)) == 3
    no_drive = pikvm(**donor, serial=None, has_serial=False, scsi=(), interfaces=drive.interfaces[:1])
    assert level_of(hidden(no_drive)) == 2, "high speed alone"


def test_hit_a_keyboard_that_only_types_has_a_pointer_under_every_disguise_at_once() -> None:
    """HID from user space at full speed, relative pointer, no drive, a K120's whole identity: what is left."""
    plain: dict[str, Any] = {"name": "", "name_index": 0, "bcd_hid": "0111"}
    device = gadget(
        vendor_id="046d", product_id="c31c", manufacturer="Logitech", product="USB Keyboard", speed_mbps=12.0,
        interfaces=(hid(0, "01/01", 8, PIKVM_KEYBOARD, **plain), hid(1, "01/02", 8, PIKVM_RELATIVE, **plain)),
    )  # fmt: skip
    assert {each.kind for each in conflicts(device, truths()["046d:c31c"])} == {"pointer", "packets"}
    assert level_of(device) == 3
    assert level_of(hidden(device)) == 3


#: The keyboard's, mouse's and maker's functions of a real one: fruit-bat/pico-zxspectrum issue 145 (usbhid-dump).
UNIFYING_MOUSE = (
    "05010902a10185020901a100050919012910150025019510750181020501160 1f826ff07750c9502093009318106158125 7f75089501"
    "09388106050c0a380295018106c0c0050c0901a101850375109502150126ff0219012aff028100c006bcff0988a1018508190129ff150126ff"
    "00750895018100c0"
).replace(" ", "")
UNIFYING_MAKER = "0600ff0901a1018510750895061500 26ff00090181000901 9100c0".replace(" ", "")


def test_hit_a_cable_under_a_receiver_s_whole_identity_lacks_what_its_maker_s_programs_speak_to() -> None:
    """A CH9329 at full speed with 8-byte packets: keyboard and mouse, and nothing of Logitech's."""
    plain: dict[str, Any] = {"name": "", "name_index": 0, "bcd_hid": "0111"}
    cable = unifying(
        max_packet_size0=8,
        interfaces=(hid(0, "01/01", 8, PIKVM_KEYBOARD, **plain), hid(1, "01/02", 8, PIKVM_RELATIVE, **plain)),
    )
    assert {each.kind for each in conflicts(cable, truths()["046d:c52b"])} == {"maker"}
    assert level_of(cable) == 2
    real = unifying(
        interfaces=(
            hid(0, "01/01", 8, PIKVM_KEYBOARD, **plain),
            hid(1, "01/02", 8, UNIFYING_MOUSE, **plain),
            hid(2, "00/00", 32, UNIFYING_MAKER, **plain),
        )
    )
    assert level_of(real) == 0
    # Where one function was not told it may be the maker's.
    unread = msgspec.structs.replace(cable.interfaces[1], report_descriptor=None)
    assert level_of(msgspec.structs.replace(cable, interfaces=(cable.interfaces[0], unread))) == 0


def test_hit_a_low_speed_keyboard_cannot_have_large_control_packets() -> None:
    """USB 2.0, 5.5.3: 8 bytes. A Dell KB216 is at low speed in eight kernel logs."""
    plain: dict[str, Any] = {"name": "", "name_index": 0, "bcd_hid": "0111"}
    typing = gadget(
        vendor_id="413c", product_id="2113", manufacturer="Dell", product="Dell KB216 Wired Keyboard", speed_mbps=12.0,
        interfaces=(hid(0, "01/01", 8, PIKVM_KEYBOARD, **plain),),
    )  # fmt: skip
    assert {each.kind for each in conflicts(typing, truths()["413c:2113"])} == {"packets"}
    assert level_of(typing) == 0, "one lesser thing"
    assert level_of(msgspec.structs.replace(typing, has_serial=True)) == 1


def test_hit_held_at_full_speed_three_lesser_things_are_left() -> None:
    donor = {"vendor_id": "046d", "product_id": "c52b", "manufacturer": "Logi", "product": "USB Receiver"}
    slow = jetkvm_renamed(**donor, speed_mbps=12.0, serial=serial("8f3c21d07a5e4b19"))
    assert level_of(hidden(slow)) == 2


def test_hit_what_windows_remembers_counts_at_most_level_2() -> None:
    memory = RememberedUsb(
        vendor_id="046d", product_id="c31c", has_serial=True, serial=serial("CAFEBABE"),
        class_triples=("03/01/01", "08/06/50"), installed_on="2026-11-14", last_removal="2026-11-15",
    )  # fmt: skip
    (finding,) = detect(view(usb=[memory]))
    assert (finding.level, finding.seen_until[:10]) == (2, "2026-11-15")
    assert "the system remembers" in finding.sentence


@pytest.mark.parametrize("device", [unifying(), k120()], ids=["Unifying receiver", "K120"])
def test_miss_the_real_ones_contradict_nothing(device: UsbDevice) -> None:
    assert list(detect(view(usb=[device]))) == []


@pytest.mark.parametrize(
    "device",
    [
        unifying(speed_mbps=None, max_packet_size0=None, manufacturer=None, product=None, has_serial=None),
        unifying(interfaces=(UsbInterface(number=0, class_triple="03/01/01"),)),
        unifying(interfaces=()),
    ],
    ids=["only ids and functions", "one function told", "no function told"],
)
def test_miss_what_windows_and_macos_do_not_tell_contradicts_nothing(device: UsbDevice) -> None:
    assert list(detect(view(usb=[device]))) == []


def test_honest_twin_a_revision_or_copy_differs_in_one_thing() -> None:
    for changed in (
        unifying(max_packet_size0=8),  # an older release, tests/cases/machines.py
        unifying(max_packet_size0=64),
        unifying(has_serial=True, serial=serial("A1B2C3")),
        unifying(manufacturer="LOGITECH"),
        unifying(manufacturer="Logitech, Inc."),
    ):
        assert level_of(changed) == 0


def test_honest_twin_keyboards_of_other_makers_under_apple_s_ids() -> None:
    """HFD GS3104T PRO, SONiX and Keychron bear 05ac:024f at full speed; Apple's own is at low speed."""
    keychron = gadget(
        vendor_id="05ac", product_id="024f", manufacturer="HFD", product="GS3104T PRO", speed_mbps=12.0,
        interfaces=(hid(0, "01/01", 8, None, name="", bcd_hid="0111"),),
    )  # fmt: skip
    assert list(detect(view(usb=[keychron]))) == []


def test_honest_twin_a_logitech_keyboard_has_the_bytes_that_pikvm_took_from_one() -> None:
    """kvmd/apps/otg/hid/keyboard.py @f14596e8 names a Logitech as its model: bytes alone are nobody's."""
    real = msgspec.structs.replace(
        k120(), interfaces=(hid(0, "01/01", 8, PIKVM_KEYBOARD, name="USB Keyboard", name_index=2, bcd_hid="0110"),)
    )
    assert level_of(real) == 0


def test_could_not_look_says_nothing() -> None:
    for outcome in ("not_permitted", "broken"):
        assert list(detect(view(usb=[jetkvm_renamed()], outcome=outcome))) == []


def test_rows_without_a_dump_weigh_nothing_and_say_why() -> None:
    notes = [entry for entry in catalogue().entries if not entry.weighs]
    assert {entry.ids for entry in notes} == {"045e:005f", "05ac:024f", "04d9:1503", "1c4f:0002"}
    assert all(entry.note for entry in notes)
    assert not {entry.ids for entry in notes} & set(truths())


def test_the_table_agrees_with_the_limits_of_usb() -> None:
    """USB 2.0, 5.5.3: control packets are 8 bytes at low speed, 64 at high speed."""
    for truth in truths().values():
        if 1.5 in truth.speeds:
            assert set(truth.packet_sizes0) <= {8}, truth.id
        assert max(truth.speeds) < 480, truth.id


def test_every_kind_of_contradiction_is_told_in_a_sentence() -> None:
    truth = truths()["046d:c52b"]
    wrong = jetkvm_renamed(
        manufacturer="Example", serial=serial("12345"), has_serial=True,
        interfaces=(*jetkvm_renamed().interfaces, storage(3),
                    UsbInterface(number=4, class_triple="03/01/07", endpoints=(UsbEndpoint(
                        address=0x82, transfer="interrupt", max_packet_size=8, interval=1),))),
    )  # fmt: skip
    found = conflicts(wrong, truth)
    assert {each.kind for each in found} == {"manufacturer", "serial", "speed", "functions", "interfaces"}
    assert all(each.text.endswith(".") and len(each.text.split()) <= 25 for each in found)
