"""Which laptops are gathered: by what they share now, never by what one of them has left."""

import random
from datetime import date, timedelta

import pytest

from farmwatch_collector.farms.gathering import LARGEST, Group, Links
from farmwatch_collector.farms.types import Label
from farmwatch_detectors.policy import RosterEntry

from .fleets import AT, EvenFleet, staff, stand, value

TODAY = AT.date()


def gathered(fleet: EvenFleet, today: date = TODAY) -> list[tuple[str, ...]]:
    """What the whole search finds; a search around each device must find the same."""
    links = Links(fleet, today)
    found = links.groups()
    apart = Links(fleet, today)
    near = {group for device in fleet.known() if (group := apart.group_of(device)) is not None}
    assert sorted(near, key=lambda each: each.devices) == found
    return [group.devices for group in found]


def test_hit_laptops_at_one_gateway_are_one_group_and_those_at_another_are_another() -> None:
    fleet = EvenFleet()
    stand(fleet, ["a", "b", "c"], "one")
    stand(fleet, ["d", "e"], "two")
    stand(fleet, ["f"], "three")
    assert gathered(fleet) == [("a", "b", "c"), ("d", "e")]


def test_hit_networks_of_one_house_are_one_group_by_the_address_they_are_seen_from() -> None:
    fleet = EvenFleet()
    stand(fleet, ["a", "b"], "vlan one")
    stand(fleet, ["c", "d"], "vlan two")
    stand(fleet, ["a", "c"], "line", "egress")
    assert gathered(fleet) == [("a", "b", "c", "d")]


def test_miss_a_repaired_laptop_ties_two_farms_by_nothing_that_it_has_left() -> None:
    fleet = EvenFleet()
    stand(fleet, ["a", "b", "c"], "one")
    stand(fleet, ["d", "e"], "two")
    stand(fleet, ["c"], "two", days=1, ago=5)
    stand(fleet, ["c"], "one")
    assert gathered(fleet) == [("a", "b", "c"), ("d", "e")]


def test_miss_a_couple_of_whom_one_was_in_an_office_does_not_bring_the_office() -> None:
    fleet = EvenFleet()
    office = staff(40)
    stand(fleet, office, "office")
    stand(fleet, ["mine"], "office", days=3, ago=2)
    stand(fleet, ["mine", "partners"], "home")
    assert gathered(fleet) == [office, ("mine", "partners")]


def test_honest_twin_a_household_of_the_roster_is_no_group() -> None:
    fleet = EvenFleet()
    fleet.set_roster({each: RosterEntry(person=each, household="same") for each in "ab"})
    stand(fleet, ["a", "b"], "home")
    assert gathered(fleet) == []


def test_honest_twin_a_labelled_place_ties_nobody_until_the_label_ends() -> None:
    fleet = EvenFleet()
    stand(fleet, ["a", "b", "c"], "room")
    label = Label(
        kind="gateway_mac",
        value=value("room").hex(),
        place="co_working",
        name="Room",
        owner="Facilities",
        reason="rented",
        until=TODAY,
    )
    fleet.set_labels([label])
    assert gathered(fleet) == []
    assert gathered(fleet, TODAY + timedelta(days=1)) == [("a", "b", "c")]


@pytest.mark.parametrize(
    ("kind", "bits", "groups"),
    [("edid_serial", 0.9, 0), ("edid_serial", 1.0, 1), ("gateway_mac", -2.1, 0), ("gateway_mac", -2.0, 1)],
)
def test_a_value_that_is_worth_too_little_here_ties_nobody(kind: str, bits: float, groups: int) -> None:
    fleet = EvenFleet()
    fleet.bits = {kind: bits}
    stand(fleet, ["a", "b"], "common", kind)
    assert len(gathered(fleet)) == groups


def test_neighbours_in_one_block_of_addresses_are_a_group_only_where_that_is_rare() -> None:
    fleet = EvenFleet()
    stand(fleet, ["a", "b"], "street", "egress_block")
    fleet.bits = {"egress_block": 5.9}
    assert gathered(fleet) == []
    fleet.bits = {"egress_block": 6.0}
    assert gathered(fleet) == [("a", "b")]


@pytest.mark.parametrize(
    ("makers", "bits", "groups"),
    [(("98dac4", "a040a0", "3ca62f"), 3.9, 0), (("98dac4", "a040a0", "3ca62f"), 4.0, 1), (("9483c4",) * 3, 3.9, 1)],
    ids=["a carrier's customers", "a network that translates for nobody else", "routers of one make"],
)
def test_an_address_of_many_homes_ties_nobody_unless_it_is_rare_or_its_routers_are_of_one_make(
    makers: tuple[str, ...], bits: float, groups: int
) -> None:
    fleet = EvenFleet()
    for device, maker in zip("abc", makers, strict=True):
        stand(fleet, [device], f"home of {device}", stratum=maker)
    stand(fleet, ["a", "b", "c"], "line", "egress")
    fleet.bits = {"egress": bits}
    assert len(gathered(fleet)) == groups


def test_a_crowd_ties_nobody() -> None:
    fleet = EvenFleet()
    stand(fleet, staff(257), "stadium")
    assert gathered(fleet) == []


def test_a_bench_that_set_up_two_hundred_does_not_tie_them_when_they_have_gone_home() -> None:
    fleet = EvenFleet()
    everybody = staff(60)
    stand(fleet, everybody, "bench", days=1, ago=20)
    for number, device in enumerate(everybody):
        stand(fleet, [device], f"home {number // 2}")
    assert gathered(fleet) == [everybody[place : place + 2] for place in range(0, 60, 2)]


def test_a_chain_of_weak_links_through_the_fleet_is_cut_where_only_strong_ones_hold() -> None:
    fleet = EvenFleet()
    devices = tuple(f"laptop-{number:04}" for number in range(LARGEST + 200))
    fleet.bits = {"edid_serial": 2.0}
    for place in range(0, len(devices), 4):
        stand(fleet, devices[place : place + 4], f"home {place}", days=1)
        stand(fleet, devices[place + 3 : place + 5], f"monitor {place}", "edid_serial", days=1)
    assert gathered(fleet) == sorted(devices[place : place + 4] for place in range(0, len(devices), 4))


def test_a_chain_of_equally_heavy_links_is_cut_by_each_laptops_heaviest() -> None:
    fleet = EvenFleet()
    devices = staff(LARGEST + 100)
    for place in range(len(devices) - 1):
        stand(fleet, devices[place : place + 2], f"cable {place:04}", "usb_serial", days=1)
    found = gathered(fleet)
    members = [each for group in found for each in group]
    assert len(members) == len(set(members))  # no device in two groups
    assert max(len(group) for group in found) == 2


def test_the_order_of_coming_makes_no_difference() -> None:
    seen = [(f"d{number}", f"place {random.Random(number).randrange(12)}") for number in range(60)]
    found = []
    for seed in range(3):
        fleet = EvenFleet()
        for device, where in random.Random(seed).sample(seen, len(seen)):
            stand(fleet, [device], where, days=1)
        found.append(Links(fleet, TODAY).groups())
    assert found[0] == found[1] == found[2]
    assert isinstance(found[0][0], Group)
