"""ip_kvm_identity: published names, serials, inquiry strings and ids of IP-KVMs."""

from datetime import date, timedelta

import msgspec
import pytest

from farmwatch_detectors.ip_kvm_identity import detect
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.view import Span
from farmwatch_schema.observables.usb import ScsiInquiry, UsbDevice

from .kvm_cases import gadget, hid, huntsman, jetkvm, jetkvm_renamed, k120, pikvm, storage
from .views import ENROLLED, NOW, serial, view


def level_of(*devices: UsbDevice) -> int:
    return max((finding.level for finding in detect(view(usb=devices))), default=0)


def test_hit_a_kvm_as_it_comes_out_of_the_box_is_named_and_put_as_a_question() -> None:
    (finding,) = detect(view(usb=[k120(), pikvm()]))
    assert (finding.level, finding.floor, finding.subject) == (3, True, "1-4")
    assert {item.fact for item in finding.evidence} == {
        'It calls itself "PiKVM Composite Device".',
        'It calls itself "PiKVM".',
        'Its serial is "CAFEBABE", the same on every unit.',
        'Its storage answers as "PiKVM Optical Drive".',
    }
    assert "PiKVM" in finding.sentence
    assert "?" in finding.sentence
    assert "malicious" not in finding.sentence


@pytest.mark.parametrize(
    ("manufacturer", "product", "ids"),
    [
        ("JetKVM", "USB Emulation Device", ("1d6b", "0104")),  # jetkvm/kvm issue 1057
        ("JetKVM", "JetKVM USB Emulation Device", ("1d6b", "0044")),  # pre-release unit, blog of 2024-10-26
        ("Glinet", "Glinet Composite Device", ("38eb", "0002")),  # boot log of a Comet
        ("sipeed", "NanoKVM", ("3346", "1009")),  # sipeed/NanoKVM S03usbdev
        ("tinypilot", "Multifunction USB Device", ("1d6b", "0104")),  # init-usb-gadget
        ("smart-kvm", "Multifunction USB Device", ("1d6b", "0106")),  # enable-gadget.sh
        ("One-KVM", "One-KVM USB Device", ("1d6b", "0104")),  # config/schema/hid.rs
        ("PiKVM", "Composite KVM Device", ("1d6b", "0104")),  # memtest86plus issue 210
        ("PiKVM", "PiKVM HID", ("1209", "eda2")),  # hid/pico/src/ph_usb.c
    ],
)
def test_hit_every_published_product_is_known_by_its_name(
    manufacturer: str, product: str, ids: tuple[str, str]
) -> None:
    device = gadget(
        vendor_id=ids[0],
        product_id=ids[1],
        manufacturer=manufacturer,
        product=product,
        interfaces=(hid(0, "01/01", 8, None),),
    )
    assert level_of(device) == 3


def test_hit_an_inquiry_string_outlives_a_new_name() -> None:
    """gl-inet/glkvm issue 66."""
    renamed = gadget(
        vendor_id="046d",
        product_id="c31c",
        manufacturer="Logitech",
        product="USB Keyboard",
        interfaces=(hid(0, "01/01", 8, None), storage(3)),
        scsi=(ScsiInquiry(vendor="Glinet", product="Flash Drive"),),
    )
    assert level_of(renamed) == 3


def test_a_constant_serial_counts_with_a_hid_interface_at_high_speed_only() -> None:
    plain = {"manufacturer": "Example", "product": "Keyboard", "serial": serial("CAFEBABE"), "vendor_id": "1234"}
    keyboard = (hid(0, "01/01", 8, None),)
    assert level_of(gadget(**plain, interfaces=keyboard)) == 3
    assert level_of(gadget(**plain, interfaces=keyboard, speed_mbps=12.0)) == 2
    assert level_of(gadget(**plain, interfaces=(storage(0),))) == 0


def test_ids_alone_are_part_of_an_identity() -> None:
    keyboard = (hid(0, "01/01", 8, None),)
    assert level_of(gadget(vendor_id="3346", product_id="1009", interfaces=keyboard)) == 2
    assert level_of(gadget(interfaces=keyboard)) == 1
    assert level_of(gadget(interfaces=(storage(0),))) == 0


def test_the_name_decides_between_products_that_share_a_serial() -> None:
    """Both PiKVM and GL.iNet's firmware, which descends from it, write CAFEBABE."""
    (finding,) = detect(view(usb=[pikvm(manufacturer="Glinet", product="Glinet Composite Device", scsi=())]))
    assert "GL.iNet Comet" in finding.sentence


def test_ids_and_a_shared_serial_make_an_identity_together() -> None:
    """sipeed/NanoKVM issue 50: 2024 firmware bears the board's names."""
    keyboard = (hid(0, "00/01", 8, None),)
    early = {"vendor_id": "3346", "product_id": "1009", "manufacturer": "flyingrtx", "product": "licheervnano"}
    assert level_of(gadget(**early, serial=serial("0123456789ABCDEF"), interfaces=keyboard)) == 3
    assert level_of(gadget(**early, serial=serial("0123456789ABCDEF"), interfaces=(storage(0),))) == 2


def test_a_product_that_nobody_verified_never_reaches_level_3() -> None:
    assert level_of(gadget(product="NanoKVMPro", interfaces=(hid(0, "01/01", 8, None),))) == 2


def test_miss_a_renamed_kvm_without_its_storage_has_no_published_identity_left() -> None:
    assert list(detect(view(usb=[jetkvm_renamed()]))) == []


def test_could_not_look_says_nothing() -> None:
    assert list(detect(view(usb=[pikvm()], outcome="broken"))) == []


@pytest.mark.parametrize(
    "device",
    [
        huntsman(),
        k120(),
        # a multimeter cable with the serial chip in custom-HID mode
        gadget(
            vendor_id="1a86",
            product_id="e429",
            product="WCH UART TO KB-MS_V1.6",
            speed_mbps=12.0,
            interfaces=(hid(0, "00/00", 64, None, name=""),),
        ),
        # a flash drive by the maker of a KVM, and a phone as network adapter
        gadget(
            vendor_id="1234",
            product_id="0001",
            interfaces=(storage(0),),
            scsi=(ScsiInquiry(vendor="Linux", product="File-Stor Gadget"),),
        ),
        gadget(product="Multifunction USB Device", interfaces=()),
        gadget(
            vendor_id="1234",
            product_id="0001",
            serial=serial("0123456789ABCDEF"),
            interfaces=(hid(0, "01/01", 8, None),),
        ),
    ],
    ids=["8 kHz keyboard", "K120", "meter cable", "flash drive", "phone", "shared constant"],
)
def test_honest_twin_ordinary_devices_say_nothing_of_the_kind(device: UsbDevice) -> None:
    assert level_of(device) == 0


UNIQUE = "8f3c21d07a5e4b19"
LAB = Sanction(owner="firmware team", reason="test bench 3", asset_serial=UNIQUE, asset_product="jetkvm")


def test_honest_twin_a_registered_kvm_is_shown_and_not_counted() -> None:
    device = view(usb=[jetkvm()], policy=Policy(sanctions=(LAB,)), assets={serial(UNIQUE).digest: 0})
    (finding,) = detect(device)
    assert (finding.level, finding.floor, finding.sanctioned) == (0, False, "firmware team: test bench 3")


def test_a_sanction_ends_with_its_day_and_holds_for_its_devices_only() -> None:
    assets = {serial(UNIQUE).digest: 0}
    for entry in (
        msgspec.structs.replace(LAB, until=date(2026, 11, 19)),
        msgspec.structs.replace(LAB, devices=("laptop-2",)),
        msgspec.structs.replace(LAB, asset_product="pikvm"),
    ):
        (finding,) = detect(view(usb=[jetkvm()], policy=Policy(sanctions=(entry,)), assets=assets))
        assert finding.level == 3, entry


def test_a_constant_serial_is_sanctioned_for_a_named_product_on_a_named_laptop_only() -> None:
    assets = {serial("CAFEBABE").digest: 0}
    shared = Sanction(owner="lab", reason="imaging", asset_serial="CAFEBABE")
    full = msgspec.structs.replace(shared, asset_product="pikvm", devices=("laptop-1",))
    for entry, level in (
        (shared, 3),
        (msgspec.structs.replace(shared, asset_product="pikvm"), 3),
        (msgspec.structs.replace(full, asset_product="glkvm"), 3),
        (full, 0),
    ):
        (finding,) = detect(view(usb=[pikvm()], policy=Policy(sanctions=(entry,)), assets=assets))
        assert finding.level == level, entry
    (finding,) = detect(view(device="laptop-2", usb=[pikvm()], policy=Policy(sanctions=(full,)), assets=assets))
    assert finding.level == 3


def test_a_renamed_kvm_that_kept_a_shared_serial_may_be_either_product() -> None:
    """CAFEBABE is PiKVM's and GL.iNet's; with the names changed nobody can tell which."""
    renamed = pikvm(vendor_id="046d", product_id="c31c", manufacturer="Example", product="Keyboard", scsi=())
    assets = {serial("CAFEBABE").digest: 0}
    for product in ("pikvm", "glkvm"):
        entry = Sanction(owner="lab", reason="x", asset_serial="CAFEBABE", asset_product=product, devices=("laptop-1",))
        (finding,) = detect(view(usb=[renamed], policy=Policy(sanctions=(entry,)), assets=assets))
        assert finding.level == 0


def test_units_that_share_a_serial_may_each_be_registered_for_its_own_laptop() -> None:
    entries = tuple(
        Sanction(owner=owner, reason="lab", asset_serial="CAFEBABE", asset_product="pikvm", devices=(laptop,))
        for owner, laptop in (("ann", "laptop-1"), ("bob", "laptop-2"))
    )
    policy = Policy(sanctions=entries)
    assets = {serial("CAFEBABE").digest: 1}  # one place for a serial, whichever entry it is
    for laptop, level in (("laptop-1", 0), ("laptop-2", 0), ("laptop-3", 3)):
        (finding,) = detect(view(device=laptop, usb=[pikvm()], policy=policy, assets=assets))
        assert finding.level == level, laptop


def test_an_entry_that_ran_out_after_the_kvm_had_left_still_clears_it() -> None:
    def found(until: date, *usb: UsbDevice) -> int:
        entry = Sanction(owner="lab", reason="x", asset_serial="8f3c21d07a5e4b19", until=until)
        history = () if usb else (Span(kind="usb", item=jetkvm(), seen_from=ENROLLED, seen_until=gone),)
        assets = {serial("8f3c21d07a5e4b19").digest: 0}
        policy = Policy(sanctions=(entry,))
        (finding,) = detect(view(usb=usb or [k120()], policy=policy, assets=assets, history={"usb": history}))
        return finding.level

    gone = NOW - timedelta(days=5)
    assert found((NOW - timedelta(days=3)).date()) == 0
    assert found((NOW - timedelta(days=7)).date()) == 3, "it was still there when the entry had run out"
    assert found((NOW - timedelta(days=3)).date(), jetkvm()) == 3, "it is there and nobody answers for it"


def test_a_kvm_without_serial_is_sanctioned_by_product_and_laptop() -> None:
    entry = Sanction(owner="lab", reason="imaging", asset_product="nanokvm", devices=("laptop-1",))
    nano = gadget(manufacturer="sipeed", product="NanoKVM", interfaces=(hid(0, "01/01", 8, None),))
    (finding,) = detect(view(usb=[nano], policy=Policy(sanctions=(entry,))))
    assert finding.level == 0


def test_a_kvm_that_is_gone_says_when_it_was_last_seen() -> None:
    until = NOW - timedelta(days=2)
    span = Span(kind="usb", item=pikvm(), seen_from=ENROLLED, seen_until=until, from_start=False)
    (finding,) = detect(view(usb=[k120()], history={"usb": (span,)}))
    assert (finding.level, finding.seen_from, finding.seen_until) == (3, ENROLLED.isoformat(), until.isoformat())
    moved = pikvm(port_path="2-1")
    (finding,) = detect(view(usb=[moved], history={"usb": (span,)}))
    assert finding.seen_until == ""


def test_what_was_gone_before_the_hand_over_is_not_this_users() -> None:
    span = Span(
        kind="usb", item=pikvm(), seen_from=ENROLLED - timedelta(days=9), seen_until=ENROLLED - timedelta(days=1)
    )
    assert list(detect(view(usb=[k120()], history={"usb": (span,)}))) == []


def test_what_was_there_when_looking_ended_counts_as_there() -> None:
    span = Span(kind="usb", item=pikvm(), seen_from=ENROLLED)
    (finding,) = detect(view(usb=[], outcome="broken", history={"usb": (span,)}))
    assert (finding.level, finding.seen_until) == (3, "")


def test_hostile_strings_stay_short_and_printable() -> None:
    device = jetkvm(product="<script>" + "x" * 500 + "\x1b[2J\x00")
    (finding,) = detect(view(usb=[device]))
    assert len(finding.sentence) < 600
    assert finding.sentence.isprintable()
