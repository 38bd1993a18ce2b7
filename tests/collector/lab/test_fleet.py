"""The simulated fleet: what the demo relies on."""

import hashlib
from collections import Counter
from datetime import UTC, date, datetime

import msgspec
import pytest

from farmwatch_collector.assessment import GroupLevel
from farmwatch_collector.evaluate import Company
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.lab import equipment, fleet, monitors
from farmwatch_collector.lab.laptop import SimulatedLaptop
from farmwatch_collector.offline import Located, judge_reports
from farmwatch_schema import codec
from farmwatch_schema.formats import edid, hid
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables import KINDS
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.network import Gateway
from farmwatch_schema.observables.usb import UsbDevice

TODAY = date(2026, 11, 22)


def encoded(people: list[fleet.Person]) -> bytes:
    keyer = Keyer(b"k" * 32, "test")
    return msgspec.json.encode([person.looks for person in people], enc_hook=keyer.hook)


def test_the_same_seed_gives_the_same_fleet() -> None:
    assert encoded(fleet.people(TODAY, seed=7)) == encoded(fleet.people(TODAY, seed=7))
    assert encoded(fleet.people(TODAY, seed=7)) != encoded(fleet.people(TODAY, seed=8))


def test_five_of_sixty_stand_behind_one_gateway_and_share_it_with_nobody_else() -> None:
    people = fleet.people(TODAY)
    behind = {
        person.name
        for person in people
        for item in person.looks["network"]
        if isinstance(item, Gateway) and item.mac is not None and getattr(item.mac, "text", "") == fleet.FARM_GATEWAY
    }
    assert len(people) == fleet.FLEET_SIZE
    assert behind == {person.name for person in people if person.farm}
    assert len(behind) == fleet.FARM_SIZE


def test_the_fleet_looks_like_a_companys_mostly_windows_and_macs() -> None:
    systems = Counter(person.platform for person in fleet.people(TODAY))
    assert systems["windows"] > systems["macos"] > systems["linux"] > 0
    farm = {person.platform for person in fleet.people(TODAY) if person.farm}
    assert farm >= {"windows", "macos"}


def test_each_laptop_reports_the_kinds_that_its_probes_would() -> None:
    opt_in = {"arp", "input_timing"}
    for person in fleet.people(TODAY):
        held = person.looks.keys() | person.outcomes.keys()
        assert KINDS.keys() - held <= opt_in | {"usb", "browsers"}, person.name


def test_each_system_tells_of_devices_in_its_own_way() -> None:
    for person in fleet.people(TODAY):
        parts = [
            part for item in person.looks.get("usb", []) if isinstance(item, UsbDevice) for part in item.interfaces
        ]
        linux = {"usbhid", "usb-storage", "uvcvideo"}
        assert person.platform == "linux" or not linux & {part.driver for part in parts}
        if person.platform == "windows":
            assert not any(part.report_descriptor for part in parts), "Windows hides report descriptors"
        for display in person.looks["displays"]:
            if isinstance(display, Display) and person.platform != "linux":
                assert not display.connector.startswith("HDMI-A"), person.name


def test_without_the_farm_nobody_stands_there() -> None:
    assert not any(person.farm for person in fleet.people(TODAY, farm=False))


def test_every_observable_can_be_read_back_as_its_kind() -> None:
    keyer = Keyer(b"k" * 32, "test")
    for person in fleet.people(TODAY):
        for kind, items in person.looks.items():
            decoded = codec.decode_items(kind, msgspec.json.encode(items, enc_hook=keyer.hook))
            assert [type(item) for item in decoded] == [type(item) for item in items]


def test_the_published_edids_are_those_of_the_firmware() -> None:
    # Digests from pikvm/kvmd configs/kvmd/edid/v4plus.hex and jetkvm/kvm devices.$id.settings.video.tsx.
    assert hashlib.sha256(monitors.PIKVM_V4_PLUS).hexdigest().startswith("fabc74ade7935df7")
    assert hashlib.sha256(monitors.JETKVM_DELL_PRESET).hexdigest().startswith("26793db06e2f5389")


def test_a_built_edid_is_sound() -> None:
    facts = edid.parse(monitors.built("DEL", 0xA0C4, "DELL U2419H", "M0001", 53, 30, 2021))
    assert (facts.manufacturer, facts.product, facts.name, facts.serial) == ("DEL", "a0c4", "DELL U2419H", "M0001")
    assert (facts.year, facts.size_cm, facts.fault) == (2021, (53, 30), "")


def test_report_descriptors_have_the_length_that_the_firmware_gives_them() -> None:
    # Lengths from the firmware sources named in equipment.py.
    lengths = {name: len(bytes.fromhex(getattr(equipment, name))) for name in ("PIKVM_KEYBOARD", "PIKVM_MOUSE")}
    assert lengths == {"PIKVM_KEYBOARD": 65, "PIKVM_MOUSE": 73}
    assert len(bytes.fromhex(equipment.JETKVM_KEYBOARD)) == 63
    assert len(bytes.fromhex(equipment.JETKVM_MOUSE)) == 78
    assert len(bytes.fromhex(equipment.RELATIVE_MOUSE)) == 46
    assert hid.features_of(bytes.fromhex(equipment.PEN)).digitizer


def test_a_laptop_leaves_out_states_that_did_not_change() -> None:
    person = fleet.people(TODAY)[0]
    laptop = person.laptop(seed=1)
    _give_identity(laptop)
    first, second = (codec.decode_report(laptop.report(_at(minute))) for minute in (0, 15))
    found = [section.kind for section in first.sections if section.items is not msgspec.UNSET]
    assert found == [kind for kind in laptop.looks if kind != "latency"], "nothing was measured: nobody claims a place"
    assert all(section.items is msgspec.UNSET for section in second.sections)
    assert [section.digest for section in first.sections] == [section.digest for section in second.sections]
    assert (second.sequence, len(second.previous)) == (2, 64)


def _give_identity(laptop: SimulatedLaptop) -> None:
    laptop.device = "laptop-under-test"
    laptop._keyer = Keyer(b"k" * 32, "test")


def _at(minute: int) -> datetime:
    return datetime(2026, 11, 22, 9, minute, tzinfo=UTC)


def judged(person: fleet.Person) -> dict[str, GroupLevel]:
    """Levels by group, from what the laptop sends at noon."""
    laptop = person.laptop(seed=1)
    _give_identity(laptop)
    sent = person.reports(laptop, datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    found = [codec.decode_report(data) for data in sent]
    lines = [
        Located(each, "demo", place, datetime.fromisoformat(each.created_at), codec.digest_of(data))
        for place, (each, data) in enumerate(zip(found, sent, strict=True), start=1)
    ]
    (result,) = judge_reports(lines, Company(), Fleet(Keyer(b"k" * 32, "test")))
    return {level.group: level for level in result.assessment.groups}


@pytest.mark.parametrize(("platform", "told"), [("linux", 0), ("windows", 0), ("macos", None)])
def test_two_weeks_of_an_ordinary_laptop_are_silence_where_its_system_tells_devices_apart(
    platform: str, told: int | None
) -> None:
    people = [each for each in fleet.people(TODAY, farm=False) if not each.oddity and each.cohort == "remote"]
    person = next(each for each in people if each.platform == platform)
    groups = judged(person)
    assert (groups["I"].level, groups["P"].level) == (told, 0)


def test_a_report_is_of_the_boot_of_its_day_and_up_since_before_midnight() -> None:
    person = fleet.people(TODAY)[0]
    laptop = person.laptop(seed=1)
    _give_identity(laptop)
    sent = [codec.decode_report(data) for data in person.reports(laptop, datetime(2026, 11, 22, 12, 0, tzinfo=UTC))]
    boots = {each.created_at[:10]: each.boot for each in sent}
    assert len(set(boots.values())) == len(boots) == 10 + 1  # ten working days, and today
    assert [each.uptime_seconds for each in sent[-2:]] == [13 * 3600 - 60, 13 * 3600]
