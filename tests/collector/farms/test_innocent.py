"""People whom one place holds for a good reason, and what nothing tells from a farm: a question that one word answers.

Watch is 1 % or -6.63 bits, review 10 % or -3.17, urgent 50 % or 0, near certain 90 % or 3.17.
"""

import msgspec
import pytest

from farmwatch_collector.farms.odds import odds
from farmwatch_collector.farms.source import Activity
from farmwatch_collector.farms.types import Label
from farmwatch_collector.ties.types import Seen
from farmwatch_detectors.policy import Cohort, Place, Policy
from farmwatch_detectors.view import Rhythm

from .candidates import bar, bars
from .fleets import staff, value
from .worlds import CLAIMS, MONTH, World, ago, network

DESK = {
    "usb": (Seen("usb_serial", value("dock"), "17e9:6000", "Dock"),),
    "displays": (Seen("edid_serial", value("monitor"), "DEL:a0c4", "Dell U2419H"),),
}
LONG = Policy(cohorts=(Cohort(name="remote_new_hire", prior=0.001, days=60),))


def test_a_couple_of_remote_new_hires_with_one_desk_and_a_remote_tool_stays_below_review() -> None:
    world = World()
    for device in staff(2):
        world.stay(device, {**network("flat"), **DESK}, range(20))
    world.people(staff(2), cohort="remote_new_hire", start_on=ago(20))
    world.own = {staff(2)[0]: 4.0}
    found = world.only().odds
    assert found.attention == "watch"
    assert "a couple" in found.sentence


@pytest.mark.parametrize(("claims", "level"), [(None, "watch"), (CLAIMS[:1] * 4, "watch"), (CLAIMS, "review")])
def test_a_flat_of_four_graduates_of_one_cohort_is_asked_about_only_where_records_have_them_far_apart(
    claims: object, level: str
) -> None:
    world = World()
    world.policy = LONG
    for number, device in enumerate(staff(4)):
        world.stay(device, network("flat"), range(28 - 8 * number))
    world.people(staff(4), cohort="remote_new_hire", start_on=[ago(28 - 8 * n) for n in range(4)], claim=claims)
    found = world.only().odds
    assert found.attention == level
    assert ("moved in after their records were made" in found.sentence) is (level == "review")


def test_things_of_one_desk_count_once() -> None:
    world = World()
    for device in staff(3):
        world.stay(device, {**network("house"), **DESK})
    second = [each for each in world.only().odds.bars if each.key == "second_tie" and each.bits]
    assert len(second) == 1
    assert second[0].bits == pytest.approx(1.58, abs=0.01)  # log2(.15/.05), a dock of two to four


def test_new_hires_of_one_house_who_never_left_it_began_there_and_that_is_no_second_tie() -> None:
    world = World()
    for device in staff(6):
        world.stay(device, network("house"))
    assert "second_tie" not in bars(world.only().odds)
    away = World()
    for number, device in enumerate(staff(6)):
        away.stay(device, network("house"), range(15, 28))
        away.stay(device, network(f"elsewhere {number}"), range(9, 15))
        away.stay(device, network("house"), range(9))
    assert bars(away.only().odds)["second_tie"] == pytest.approx(0.58, abs=0.01)  # log2(.60/.40)


def test_a_place_by_itself_is_never_near_certain_and_members_own_evidence_makes_it_so() -> None:
    world = World()
    twelve = staff(12)
    for device in twelve:
        world.stay(device, network("dormitory"))
    world.people(twelve, cohort="trainee", claim=CLAIMS * 3)
    found = world.only().odds
    assert found.attention == "urgent"
    assert found.bits == pytest.approx(sum(each.bits for each in found.bars), abs=1e-9)
    assert bar(found, "alone").bits < 0
    assert "a dormitory" in found.sentence
    world.own = dict.fromkeys(twelve[:4], 4.0)
    assert world.only().odds.attention == "near_certain"


@pytest.mark.parametrize("count", [5, 12])
def test_a_hotel_or_course_of_people_who_came_together_from_their_homes_stays_below_review(count: int) -> None:
    world = World()
    for number, device in enumerate(staff(count)):
        world.stay(device, network(f"own {number}"), range(14, 28))
        world.stay(device, network("hotel"), range(14))
    world.people(staff(count), claim=[CLAIMS[n % 4] for n in range(count)])
    found = world.only().odds
    assert found.attention == "watch"
    assert "a course, a hotel" in found.sentence


def test_laptops_that_are_sent_on_from_a_home_one_by_one_are_no_course() -> None:
    world = World()
    for number, device in enumerate(staff(12)):
        since = 20 - number
        world.stay(device, network(f"own {number}"), range(since, since + 8))
        world.stay(device, network("shelf"), range(since))
    world.people(staff(12), claim=CLAIMS * 3)
    assert world.only().odds.attention == "urgent"


def test_a_bench_whose_laptops_were_tried_for_two_days_is_no_farm() -> None:
    world = World()
    thirty = staff(30)
    days = [ago(n) for n in range(21)]
    for number, device in enumerate(thirty):
        world.stay(device, network("bench"), range(21 - number % 4))
        tried = dict.fromkeys(days[3:5], 0xFFFF) if number < 20 else {}
        world.hours[device] = Activity(slots={**dict.fromkeys(days, 0), **tried}, watched=dict.fromkeys(days, 1440))
    found = world.only().odds
    assert found.attention == "none"
    assert "a staging bench" in found.sentence


def test_a_company_of_fifteen_whose_laptops_are_all_in_one_room_is_that_room() -> None:
    world = World(homes=0)
    for device in staff(15):
        world.stay(device, network("office"))
    found = world.only().odds
    assert bars(found).get("rarity", 0.0) == 0.0  # all laptops are there: 2 x 9 x (1 - 1) bits at most
    assert found.attention in ("none", "watch")
    assert "the company's own rooms" in found.sentence


def test_a_farm_of_six_among_twelve_laptops_looked_at_is_at_review_all_the_same() -> None:
    world = World(homes=6)
    for device in staff(6):
        world.stay(device, network("shelf"))
    assert world.only().odds.attention == "review"  # half of all: 2 x 9 x (1 - 1/2) = 9 bits at most, as anywhere


def test_laptops_that_are_used_in_turns_are_asked_about_as_shared_at_work() -> None:
    six = staff(6)
    world = World(homes=100)
    for device in six:
        world.stay(device, network("ward", exit_class=""))
    facts = world.only().facts
    fits = Rhythm(device=six[0], other=six[1], kind="alternates", p=0.0001, days=20)
    found = odds(msgspec.structs.replace(facts, rhythms=(fits,)))
    assert bar(found, "rhythm").bits > 0
    assert "on a ward or in shifts" in found.sentence
    assert "on a ward" not in odds(facts).sentence


def test_a_default_address_in_homes_behind_a_security_client_is_told_by_their_access_points() -> None:
    apart, together = World(homes=100), World(homes=100)
    for number, device in enumerate(staff(8)):
        apart.stay(device, network(f"own {number}", mac="default", point=f"point {number}", exit_class="sase"))
        together.stay(device, network("house", point=f"point {number % 3}", exit_class="sase"))
    assert apart.found() == []
    assert together.only().devices == staff(8)


def _label(**fields: object) -> Label:
    usual: dict[str, object] = {
        "kind": "gateway_mac",
        "value": value("flat").hex(),
        "place": "household",
        "name": "Company flat",
        "owner": "People team",
        "reason": "relocated",
        "until": ago(-300),
    }
    return Label(**{**usual, **fields})  # type: ignore[arg-type]


def company_flat() -> World:
    """Eight relocated people: one line, one desk, and nothing in the records."""
    world = World()
    for device in staff(8):
        world.stay(device, {**network("flat"), **DESK})
    return world


def test_a_company_flat_that_no_record_tells_is_a_question() -> None:
    found = company_flat().only().odds
    assert found.attention == "review"
    assert "Could it be" in found.sentence
    assert "a company flat" in found.sentence
    assert "register the place" in found.sentence


@pytest.mark.parametrize("devices", [(), staff(8)])
@pytest.mark.parametrize("place", ["office", "household"])
def test_one_label_on_its_gateway_clears_the_flat_with_its_line_and_its_desk(
    place: str, devices: tuple[str, ...]
) -> None:
    world = company_flat()
    world.fleet.set_labels([_label(place=place, devices=devices)])
    assert world.found() == []


def test_one_household_of_the_policy_or_of_the_roster_clears_it() -> None:
    world = company_flat()
    world.policy = Policy(places=(Place(name="flat", kind="household", owner="People team", devices=staff(8)),))
    assert world.found() == []
    roster = company_flat()
    roster.people(staff(8), household="company flat")
    assert roster.found() == []


def test_the_label_says_nothing_of_a_line_that_others_leave_by() -> None:
    world = company_flat()
    world.fleet.set_labels([_label()])
    for number in range(4):
        world.stay(f"next-{number}", {**network("next"), "egress": network("flat")["egress"]}, MONTH)
    (found,) = world.found()
    assert {f"next-{number}" for number in range(4)} <= set(found.devices)


def test_an_office_of_nine_whose_laptops_never_leave_is_told_by_two_who_visit_it() -> None:
    world = World()
    for device in staff(9):
        world.stay(device, network("sales"))
    assert world.only().odds.attention == "review"
    for number in range(2):
        world.stay(f"guest-{number}", network(f"guest home {number}"), range(10, 28))
        world.stay(f"guest-{number}", network("sales"), range(8, 10))
        world.stay(f"guest-{number}", network(f"guest home {number}"), range(8))
    assert world.only().odds.attention == "none"
