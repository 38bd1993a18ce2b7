"""Farms kept up as reports come: the same as a search through the whole fleet, for a part of its work."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farmwatch_collector.farms.identity import present
from farmwatch_collector.farms.source import MemberScore
from farmwatch_collector.farms.types import Label
from farmwatch_collector.farms.watch import Candidate, FarmWatch, find
from farmwatch_collector.fleet import Fleet
from farmwatch_detectors.policy import Policy, RosterEntry

from .fleets import AT, EvenFleet, Known, records, staff, stand, value

POLICY = Policy()


def watched(fleet: Fleet) -> FarmWatch:
    watch = FarmWatch(fleet, Known(), POLICY)
    watch.refresh(AT)
    return watch


def told(candidates: list[Candidate]) -> list[tuple[object, ...]]:
    """What two searches must agree on: members, shared values, odds."""
    return [
        (each.devices, [(one.node.seen.kind, one.node.seen.value, one.members) for one in each.facts.shared])
        for each in candidates
    ]


def test_a_farm_of_twenty_clean_laptops_is_found_with_the_report_that_makes_it_one() -> None:
    fleet = EvenFleet()
    fleet.set_roster(records(staff(20)))
    watch = watched(fleet)
    for device in staff(20):
        watch.touch(stand(fleet, [device], "house"))
    (change,) = watch.update(AT)
    assert len(change.farm.members) == 20
    assert change.farm.odds.attention in ("review", "urgent")  # its exits are not known here
    watch.named({change.farm.id: 5})
    farm = watch.farm_of("laptop-007")
    assert farm is not None
    assert farm.id == 5
    assert watch.update(AT) == []


def test_two_farms_found_at_once_have_two_numbers_and_later_ones_a_third() -> None:
    fleet = EvenFleet()
    watch = watched(fleet)
    for house in "ab":
        watch.touch(stand(fleet, staff(12, house), f"house {house}"))
    numbers = [each.farm.id for each in watch.update(AT)]
    watch.named({numbers[0]: 1, numbers[1]: 2})
    watch.touch(stand(fleet, staff(12, "c"), "house c"))
    (third,) = watch.update(AT)
    assert sorted(numbers) == [-2, -1]
    assert third.farm.id < 0
    assert set(watch.farms) == {1, 2, third.farm.id}


def test_a_couple_is_no_farm() -> None:
    fleet = EvenFleet()
    watch = watched(fleet)
    watch.touch(stand(fleet, ["a", "b"], "home"))
    assert watch.update(AT) == []
    assert [each.devices for each in find(fleet, Known(), POLICY, AT)] == [("a", "b")]


def test_an_analysts_word_explains_a_farm_and_its_end_brings_it_back() -> None:
    fleet = EvenFleet()
    watch = watched(fleet)
    watch.touch(stand(fleet, staff(12), "room"))
    watch.update(AT)
    label = Label(
        kind="gateway_mac",
        value=value("room").hex(),
        place="co_working",
        name="Room 5",
        owner="Facilities",
        reason="rented",
        until=AT.date() + timedelta(days=3),
    )
    watch.touch(fleet.set_labels([label]))
    (explained,) = watch.update(AT)
    assert explained.farm.state == "explained"
    assert "Room 5" in explained.events[0].words
    assert watch.farm_of("laptop-000") is None
    (back,) = watch.refresh(AT + timedelta(days=4))
    assert [each.action for each in back.events] == ["returned"]
    assert back.farm.id == explained.farm.id


def test_records_that_tie_the_people_explain_a_farm() -> None:
    fleet = EvenFleet()
    watch = watched(fleet)
    watch.touch(stand(fleet, staff(12), "house"))
    watch.update(AT)
    watch.touch(fleet.set_roster({each: RosterEntry(person=each, site="Mill Road") for each in staff(12)}))
    (change,) = watch.update(AT)
    assert change.farm.state == "explained"


def test_a_farm_that_moves_apart_ends() -> None:
    fleet = EvenFleet()
    watch = watched(fleet)
    watch.touch(stand(fleet, staff(12), "house", days=5, ago=5))
    watch.update(AT)
    for number, device in enumerate(staff(12)):
        watch.touch(stand(fleet, [device], f"home {number}", days=3))
    (change,) = watch.update(AT)
    assert (change.farm.state, change.events[0].words) == ("ended", "Nothing ties its members any more.")


def test_a_members_own_evidence_reaches_the_farm_when_it_is_touched() -> None:
    fleet = EvenFleet()
    source = Known()
    watch = FarmWatch(fleet, source, POLICY)
    watch.refresh(AT)
    watch.touch(stand(fleet, staff(6), "house"))
    (before,) = watch.update(AT)
    for device in staff(6):
        source.known[device] = MemberScore(
            device=device, bits=6.0, probability=0.006, points=30, attention="none", name=device.upper()
        )
    watch.touch(["laptop-002"])
    (after,) = watch.update(AT)
    assert after.farm.odds.bits == pytest.approx(before.farm.odds.bits + 6.0)
    assert after.farm.odds.at_least_one == pytest.approx(1 - (1 - 0.006) ** 6)
    assert after.farm.members[0].member.name == "LAPTOP-000"


def test_what_a_store_kept_goes_on_under_its_ids() -> None:
    fleet = EvenFleet()
    first = watched(fleet)
    first.touch(stand(fleet, staff(12), "house"))
    first.update(AT)
    first.named({-1: 41})
    second = FarmWatch(fleet, Known(), POLICY)
    second.load(first.farms.values())
    assert second.refresh(AT) == []
    second.touch(stand(fleet, ["newcomer"], "house"))
    (change,) = second.update(AT)
    assert change.farm.id == 41
    assert [each.action for each in change.events] == ["joined"]


def test_what_hangs_on_a_farm_by_a_thread_is_no_member_of_it() -> None:
    fleet = EvenFleet()
    fleet.bits = {"stick": 1.5, "home": 2.0}
    stand(fleet, staff(12), "house")
    stand(fleet, ["a", "b"], "home")
    stand(fleet, ["a", "laptop-000"], "stick", "usb_serial")
    clean = {
        each: MemberScore(device=each, bits=3.0, probability=0.001, points=0, attention="none") for each in staff(12)
    }
    found = find(fleet, Known(clean), POLICY, AT)
    assert [each.devices for each in found] == [("a", "b"), staff(12)]


def test_members_of_one_gateway_that_share_no_access_point_are_no_thread() -> None:
    fleet = EvenFleet()
    fleet.bits = {"gateway_mac": 2.0, "bssid": 7.0}
    stand(fleet, staff(12), "house")
    stand(fleet, staff(6), "access point", "bssid")
    (found,) = find(fleet, Known(), POLICY, AT)
    assert found.devices == staff(12)


def test_several_networks_of_one_house_are_one_farm() -> None:
    fleet = EvenFleet()
    fleet.bits = {"gateway_mac": 9.0, "egress": 6.0}
    for room in range(4):
        stand(fleet, staff(3, f"room {room}"), f"router {room}")
        stand(fleet, staff(3, f"room {room}"), "line", "egress")
    (found,) = find(fleet, Known(), POLICY, AT)
    assert len(found.devices) == 12
    assert found.facts.shared[0].node.seen.kind == "egress"  # 6 bits of twelve; of three laptops no more than 4 count


def test_a_value_that_thousands_have_costs_an_update_nothing() -> None:
    fleet = EvenFleet()
    stand(fleet, staff(3000), "bad address", days=1)
    source = Known()
    watch = FarmWatch(fleet, source, POLICY)
    watch.refresh(AT)
    asked = source.asked
    watch.touch(["laptop-000"])
    assert watch.update(AT) == []
    assert source.asked == asked  # nobody was looked up
    assert find(fleet, source, POLICY, AT) == []


observations = st.lists(
    st.tuples(
        st.integers(0, 13),  # device
        st.sampled_from(["gateway_mac", "gateway_mac", "egress", "usb_serial"]),
        st.integers(0, 4),  # value
        st.integers(0, 6),  # days ago
    ),
    min_size=1,
    max_size=50,
)


@given(observations, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_order_with_updates_in_between_ends_where_a_whole_search_does(
    seen: list[tuple[int, str, int, int]], rng: random.Random
) -> None:
    roster = {f"d{n}": RosterEntry(person=f"p{n // 2}") for n in range(0, 14, 3)}
    whole = Fleet()
    whole.set_roster(roster)
    for device, kind, where, ago in seen:
        stand(whole, [f"d{device}"], f"v{where}", kind, days=2, ago=ago)
    expected = find(whole, Known(), POLICY, AT)

    fleet = Fleet()
    fleet.set_roster(roster)
    watch = watched(fleet)
    for device, kind, where, ago in rng.sample(seen, len(seen)):
        watch.touch(stand(fleet, [f"d{device}"], f"v{where}", kind, days=2, ago=ago))
        if rng.random() < 0.3:
            watch.update(AT)
            for each in find(fleet, Known(), POLICY, AT):
                farm = watch.farm_of(f"d{device}") if f"d{device}" in each.devices else None
                if farm is not None and each.odds.probability >= 0.01:
                    assert present(farm) == each.devices
                    assert farm.odds.bits == pytest.approx(each.odds.bits, abs=1e-9)
    again = find(fleet, Known(), POLICY, AT)
    assert told(again) == told(expected)
    assert [each.odds.bits for each in again] == pytest.approx([each.odds.bits for each in expected], abs=1e-9)

    watch.refresh(AT)
    kept = {frozenset(e.devices): e.odds.bits for e in expected if e.odds.probability >= 0.01}
    open_farms = [each for each in watch.farms.values() if each.state == "open"]
    listed = {frozenset(m.device for m in each.facts.members): each.odds for each in open_farms}
    assert kept.keys() <= listed.keys()
    assert all(odds.probability >= 0.005 for odds in listed.values())
    assert [listed[each].bits for each in kept] == pytest.approx(list(kept.values()), abs=1e-9)
