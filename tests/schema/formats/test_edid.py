"""Expected values: VESA E-EDID 1.4 by hand, and what firmware sources say of the EDIDs they ship."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_schema.formats import FormatError
from farmwatch_schema.formats.edid import EdidFacts, Timing, parse, rewritten, zeroed

from ...cases import builders
from ...cases.machines import OFFICE_MONITOR, PANEL, stored_edid

PIKVM = stored_edid("pikvm_v4plus")


def test_the_default_of_a_pikvm_is_read_as_its_source_states_it() -> None:
    # pikvm/kvmd configs/kvmd/edid/v4plus.hex: LNX 0x7773, CAFEBABE, 1920x1080 at 60 Hz, 53x30 cm.
    assert parse(PIKVM) == EdidFacts(
        manufacturer="LNX",
        product="7773",
        serial_number=0x01010101,
        serial="CAFEBABE",
        name="PiKVM V4 Plus",
        week=35,
        year=2016,
        size_cm=(53, 30),
        preferred=Timing(width=1920, height=1080, refresh=60.0),
        digest="fabc74ade7935df7a0214b5bd0ff76631967e9b5911ca34ab57b752de67bee91",
        base_digest="2339d798a2dff354e002dd70dc28e58efdc160f9d0534632d25179c527ae475f",
        checksums=(True, True),
    )


def test_a_preset_and_a_default_without_serial_are_told_apart() -> None:
    preset = parse(stored_edid("jetkvm_preset_dell_d2721h"))
    assert (preset.manufacturer, preset.name, preset.serial) == ("DEL", "DELL D2721H", "3S5GQ23")
    default = parse(stored_edid("jetkvm_default"))
    assert (default.manufacturer, default.product, default.serial_number) == ("TSB", "8801", 0x88888800)
    assert default.serial == ""


def test_absent_facts_are_absent() -> None:
    facts = parse(PANEL)
    assert (facts.serial_number, facts.serial) == (0, "")
    bare = parse(builders.edid("ABC", 1, week=0xFF, size_cm=(0, 30)))
    assert (bare.week, bare.size_cm, bare.name) == (0, (0, 0), "")


def changed(data: bytes, position: int, value: int, *, repaired: bool = False) -> bytes:
    block = bytearray(data)
    block[position] = value
    if repaired:
        block[127] = -sum(block[:127]) & 255
    return bytes(block)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (changed(PIKVM, 127, 0), "base block"),
        (changed(PIKVM, 255, 0), "extension block 1"),
        (changed(PIKVM, 8, 0xFF, repaired=True), "three letters"),
        (PIKVM[:128], "says it has 1 extension blocks, 0"),
        (PIKVM[:200], "whole blocks"),
    ],
)
def test_damage_is_a_fault_beside_the_facts(data: bytes, fault: str) -> None:
    facts = parse(data)
    assert fault in facts.fault
    assert facts.product == "7773"


@pytest.mark.parametrize("data", [b"", PIKVM[:127], bytes(128), b"\xff" * 128, bytes(257 * 128)])
def test_what_is_no_edid_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse(data)


@pytest.mark.parametrize("data", [PIKVM, OFFICE_MONITOR, stored_edid("jetkvm_preset_dell_d2721h")])
def test_zeroing_takes_the_serials_and_nothing_else(data: bytes) -> None:
    before, after = parse(data), parse(zeroed(data))
    assert (after.serial_number, after.serial) == (0, "")
    assert (after.manufacturer, after.product, after.name, after.size_cm) == (
        before.manufacturer,
        before.product,
        before.name,
        before.size_cm,
    )
    assert after.checksums == before.checksums
    differing = {at for at, pair in enumerate(zip(data, zeroed(data), strict=True)) if pair[0] != pair[1]}
    serial_descriptors = [at for at in (54, 72, 90, 108) if data[at : at + 4] == b"\0\0\0\xff"]
    allowed = {12, 13, 14, 15, 127} | {at + 5 + step for at in serial_descriptors for step in range(13)}
    assert differing <= allowed


def test_two_units_of_one_model_are_equal_when_zeroed() -> None:
    one, other = (
        builders.edid("DEL", 0xD0A1, name="DELL P2419H", serial=serial, serial_number=number)
        for serial, number in (("7XQ1W13ABCDE", 0x42304C53), ("AAAAAAAAAAAA", 7))
    )
    assert zeroed(one) == zeroed(other)


def test_a_wrong_checksum_stays_wrong_by_the_same_amount() -> None:
    broken = changed(OFFICE_MONITOR, 127, OFFICE_MONITOR[127] ^ 0x55)
    assert sum(zeroed(broken)) & 255 == sum(broken) & 255 != 0


def test_serials_in_extension_blocks_are_zeroed_too() -> None:
    # A display descriptor among a CTA block's timings, and DisplayID's product identification (serial at 5..8).
    cta = bytearray(128)
    cta[:4] = (0x02, 3, 4, 0)
    cta[4:22] = b"\0\0\0\xff\0SECRET-SERIAL"
    display_id = bytearray(128)
    display_id[:5] = (0x70, 0x12, 60, 0, 0)
    display_id[5:20] = bytes((0x00, 0, 12)) + b"DEL" + b"\x01\x02" + b"\xde\xad\xbe\xef" + b"\x0a\x20\x00"
    display_id[20:28] = bytes((0x0A, 0, 5)) + b"S3CR3"
    result = zeroed(OFFICE_MONITOR + bytes(cta) + bytes(display_id))
    assert b"SECRET" not in result
    assert b"\xde\xad\xbe\xef" not in result
    assert b"S3CR3" not in result
    assert b"DEL\x01\x02" in result


@given(st.binary(max_size=384))
def test_any_bytes_raise_nothing_but_format_error(data: bytes) -> None:
    zeroed(data)
    try:
        parse(data)
    except FormatError:
        return
    assert data[:8] == bytes.fromhex("00ffffffffffff00")


@given(st.binary(min_size=120, max_size=376))
def test_any_bytes_after_the_header_are_survived(tail: bytes) -> None:
    data = bytes.fromhex("00ffffffffffff00") + tail
    facts = parse(data)
    assert facts.digest == hashlib.sha256(data).hexdigest()
    cleaned = zeroed(data)
    assert parse(cleaned).serial_number == 0
    assert zeroed(cleaned) == cleaned
    assert len(rewritten(data, lambda unique: unique)) == len(data) // 128 * 128
