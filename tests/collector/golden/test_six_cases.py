"""The six worked cases of the score, as golden tests: real observables, real detectors, shipped tables.

Each case stands in a fleet of ordinary laptops with everything looked at, goes through the agent's report
format, and is judged as `farmwatch score` judges it. The weights' sums are worked out in the comments: with
a base rate of 1 in 10,000 a device starts at -13.3 bits, a remote new hire at -10.0; watch begins at -6.6,
review at -3.2, urgent at 0.
"""

import zlib
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

import pytest

from farmwatch_collector.assessment import Assessment, Bar
from farmwatch_collector.evaluate import Company, keyed_assets
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.lab import equipment, fleet, monitors, programs
from farmwatch_collector.offline import judge_reports
from farmwatch_collector.policy_file import parse_policy
from farmwatch_detectors.policy import Policy, RosterEntry, Sanction
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.input_source import InputDay, InputDevice, InputShare
from farmwatch_schema.observables.network import Gateway, NetworkInterface
from farmwatch_schema.observables.usb import UsbDevice, UsbInterface

from ..reports import KEYER, NOW, located, report

TODAY = NOW.date()
FLAT = "50:c7:bf:00:00:99"
POLICY = parse_policy(fleet.POLICY, "policy.yaml", TODAY)[0]
#: On systems where everything that a group needs could be looked at.
PLATFORM = "linux"


def plain(cohort: str = "remote", name: str = "case") -> fleet.Person:
    """An ordinary laptop of somebody who works from home, with no oddity at all."""
    ordinary = [each for each in fleet.people(TODAY, farm=False) if not each.oddity and each.cohort == "remote"]
    person = next(each for each in ordinary if each.platform == PLATFORM)
    new = cohort == "remote_new_hire"
    person.name, person.cohort = name, cohort
    person.start_on = TODAY - timedelta(days=5 if new else 400)
    behind(person, f"fc:ec:da:{zlib.crc32(name.encode()) & 0xFF:02x}:00:01")
    return person


def behind(person: fleet.Person, mac: str) -> None:
    others = [item for item in person.looks["network"] if not isinstance(item, Gateway)]
    hop: Observable = Gateway(family="ipv4", interface="wlp1s0", mac=unkeyed("mac", mac), metric=600)
    person.looks["network"] = [*others, hop]


@cache
def crowd_of() -> tuple[fleet.Person, ...]:
    """Fourteen ordinary laptops: enough for ties to mean something."""
    return tuple(each for each in fleet.people(TODAY, farm=False) if not each.oddity)[:14]


def judged(*cases: fleet.Person, policy: Policy = POLICY) -> Assessment:
    """The first case, judged among ordinary laptops and the other cases."""
    crowd = crowd_of()
    people = [*crowd, *cases]
    roster = {
        each.name: RosterEntry(
            person=each.name, cohort=each.cohort, start_on=each.start_on, household=each.household, site=each.site
        )
        for each in people
    }
    reports = [
        report(each.name, {kind: [i for i in items if not isinstance(i, Gap)] for kind, items in each.looks.items()})
        for each in people
    ]
    company = Company(policy=policy, roster=roster, assets=keyed_assets(policy, KEYER))
    results = judge_reports(located(reports), company, Fleet(KEYER))
    return next(each.assessment for each in results if each.assessment.device == cases[0].name)


def bar(result: Assessment, key: str) -> Bar:
    return next(each for each in result.bars if each.key == key)


def check(result: Assessment) -> None:
    """What holds of every assessment: bars add up, and all that detectors exist for was measured."""
    assert sum(each.points for each in result.bars) == result.points
    grey = {level.group for level in result.groups if level.level is None}
    assert grey == {"I", "P", "HR"}


def test_an_ordinary_laptop_is_clear() -> None:
    result = judged(plain())
    check(result)
    assert (result.attention, result.points, result.findings) == ("none", 0, ())


def test_case_1_a_spoofed_jetkvm_alone_is_review() -> None:
    person = plain()
    person.add("usb", equipment.renamed_jetkvm("1-4"))
    result = judged(person)
    check(result)
    # Shape confirmed by two independent facts, 12 bits; silence of N and F takes 0.8: -2.1 bits.
    assert result.attention == "review"
    assert bar(result, "H").bits == 12
    assert bar(result, "hardware_or_software").bits > 0
    assert "?" in result.sentence


def test_case_1_holds_when_the_monitor_is_renamed_too() -> None:
    person = plain()
    person.add("usb", equipment.renamed_jetkvm("1-4"))
    person.add("displays", monitors.display("HDMI-A-2", monitors.JETKVM_DELL_PRESET))
    assert judged(person).attention in ("review", "urgent")


def rust_desk(person: fleet.Person) -> None:
    person.add("processes", programs.renamed_rust_desk(person.platform))
    person.add("sockets", *programs.rust_desk_sockets(person.platform))
    person.add("services", *programs.rust_desk_services(person.platform))


@pytest.mark.parametrize(("cohort", "attention"), [("remote_new_hire", "watch"), ("remote", "none")])
def test_case_2_rustdesk_and_a_gateway_shared_by_two(cohort: str, attention: str) -> None:
    person, other = plain(cohort), plain(name="neighbour")
    rust_desk(person)
    behind(person, FLAT)
    behind(other, FLAT)
    result = judged(person, other)
    check(result)
    # 4.9 + 2 - 0.3: -3.4 bits for a new hire, -6.7 otherwise.
    assert result.attention == attention
    assert 4 < bar(result, "R").bits < 5
    assert 0 < bar(result, "F").bits <= 4
    assert judged(other, person).attention == "none"


#: The chip as it types and points (catalog/hid_emulators.yaml), its ids and strings rewritten to a Dell keyboard's.
CABLE = UsbDevice(
    vendor_id="413c", product_id="2113", manufacturer="", product="Dell KB216 Wired Keyboard", has_serial=False,
    speed_mbps=12.0, max_packet_size0=8, port_path="1-2",
    interfaces=(
        UsbInterface(number=0, class_triple="03/01/01", name="", bcd_hid="0110"),
        UsbInterface(number=1, class_triple="03/01/02", name="", bcd_hid="0110"),
    ),
)  # fmt: skip
#: A capture stick whose names were edited to a monitor's; it names no size, as most of them.
STICK = monitors.display("HDMI-A-2", monitors.built("DEL", 0x4136, "DELL U2720Q", "F8TK2X3", 0, 0, 2020))


def watched_from_afar(person: fleet.Person) -> None:
    """The capture stick in place of the desk's monitor."""
    panels = [item for item in person.looks["displays"] if isinstance(item, Display) and item.internal]
    person.looks["displays"] = [*panels, STICK]


def untouched(person: fleet.Person, days: int) -> None:
    """Working days until yesterday on which all input came over USB."""
    own = [
        InputDevice(name="keyboard", bus="builtin", functions=("keyboard",)),
        InputDevice(name="touchpad", bus="builtin", functions=("pointer", "touch")),
    ]
    told = [
        InputDay(
            day=(TODAY - timedelta(days=back)).isoformat(), method="evdev", active=420, watched=1425,
            shares=(InputShare(bus="usb", function="keyboard", percent=70),
                    InputShare(bus="usb", function="pointer", percent=60)),
        )
        for back in range(1, days + 1)
    ]  # fmt: skip
    person.looks["input_source"] = [*own, *told]


@pytest.mark.parametrize(("cohort", "attention"), [("remote_new_hire", "review"), ("remote", "watch")])
def test_case_3_ch9329_cable_with_phantom_display_and_unused_keyboard(cohort: str, attention: str) -> None:
    person = plain(cohort)
    person.add("usb", CABLE)
    watched_from_afar(person)
    untouched(person, 5)
    result = judged(person)
    # 7.8 - 0.3 - 0.5: -3.0 bits for a new hire, -6.3 otherwise; the unused keyboard counts in H and nowhere else.
    assert bar(result, "H").bits == pytest.approx(7.8, abs=0.05)
    assert bar(result, "I").bits == 0
    assert result.attention == attention


def test_case_3_the_phantom_display_alone_is_nothing() -> None:
    person = plain("remote_new_hire")
    watched_from_afar(person)
    result = judged(person)
    assert 0 < bar(result, "H").bits <= 3
    assert result.attention == "none"


@pytest.mark.parametrize("cohort", ["remote", "remote_new_hire"])
def test_case_4_a_gamer_is_at_most_watch(cohort: str) -> None:
    person = plain(cohort)
    person.add("usb", *equipment.dock("2-1", "0000DOCK01"), equipment.fast_gaming_keyboard("1-3", "8KHZ0000001"))
    person.add("processes", programs.parsec(person.platform), *programs.proton_vpn(person.platform))
    person.add("network", NetworkInterface(name="proton0", kind="tunnel", driver="tun", mtu=1420, up=True))
    result = judged(person)
    check(result)
    # 4 (judged) + 2.5 - 0.5: -7.3 bits, or -4.0 for a new hire.
    assert result.attention in ("none", "watch")
    assert bar(result, "H").bits <= 0
    assert bar(result, "N").bits > 0


@pytest.mark.parametrize("cohort", ["help_desk", "remote_new_hire"])
def test_case_5_a_help_desk_laptop_is_below_review(cohort: str) -> None:
    person = plain(cohort)
    person.add("processes", *programs.team_viewer(person.platform), programs.remmina(person.platform))
    person.add("processes", *programs.any_desk(person.platform), *programs.global_protect(person.platform))
    person.add("network", NetworkInterface(name="gpd0", kind="tunnel", driver="tun", mtu=1400, up=True))
    result = judged(person)
    check(result)
    assert result.attention in ("none", "watch")
    sanctioned = [each.subject for each in result.findings if each.sanctioned]
    assert sanctioned


def test_case_5_sanctioned_tools_alone_are_nothing() -> None:
    person = plain("help_desk")
    person.add("processes", *programs.team_viewer(person.platform))
    result = judged(person)
    check(result)
    assert (result.attention, result.points) == ("none", 0)
    assert bar(result, "R").bits == 0


def pikvm(person: fleet.Person) -> None:
    person.add("usb", equipment.pikvm("1-4", fleet.LAB_PIKVM_SERIAL))
    person.add("displays", monitors.display("HDMI-A-2", monitors.PIKVM_V4_PLUS))


def test_case_6_an_engineers_registered_pikvm_is_nothing() -> None:
    person = plain()
    pikvm(person)
    result = judged(person)
    check(result)
    assert (result.attention, result.points) == ("none", 0)
    assert any(each.sanctioned for each in result.findings)
    assert not [each for each in result.bars if each.kind == "floor"]


def test_case_6_the_same_pikvm_that_nobody_registered_is_review_as_a_question() -> None:
    person = plain()
    pikvm(person)
    result = judged(person, policy=Policy())
    check(result)
    assert result.attention in ("review", "urgent")
    assert "Does this IP-KVM belong to the company, and who uses it?" in result.sentence
    assert all("?" in each.sentence for each in result.findings if each.floor)


def test_case_6_a_registration_ends_with_its_day() -> None:
    person = plain()
    pikvm(person)
    ended = Sanction(
        owner="lab@example.com",
        reason="test bench",
        asset_serial=fleet.LAB_PIKVM_SERIAL,
        until=date(2026, 11, 21),
    )
    assert judged(person, policy=Policy(sanctions=(ended,))).attention in ("review", "urgent")


FARM: list[Callable[[fleet.Person], None]] = [pikvm, pikvm, rust_desk, rust_desk, rust_desk]


def test_a_farm_of_five_new_hires_behind_one_gateway_is_review_each() -> None:
    people = [plain("remote_new_hire", f"farm-{number}") for number in range(len(FARM))]
    for person, dress in zip(people, FARM, strict=True):
        dress(person)
        behind(person, FLAT)
    for person in people:
        others = [each for each in people if each is not person]
        assert judged(person, *others, policy=Policy()).probability >= 0.10
