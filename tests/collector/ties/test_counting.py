"""Counts for rarity follow what devices hold, whoever asks when."""

from datetime import timedelta

from farmwatch_collector.fleet import Fleet
from farmwatch_collector.ties.index import CROWD
from farmwatch_collector.ties.rarity import ALONE, CROWDED, EXPLAINED, bucket
from farmwatch_collector.ties.types import Seen
from farmwatch_detectors.policy import Place, Policy, RosterEntry

from ..reports import KEYER
from .showing import START, seen, show

HOME = seen("gateway_mac", "home", "aa")


def count(fleet: Fleet, place: int, stratum: str = "aa") -> int:
    return fleet.counts.get(("gateway_mac", stratum, False), (0,) * 12)[place]


def test_who_moves_is_counted_where_it_went_and_leaves_the_others_fewer() -> None:
    fleet = Fleet()
    for device in "abc":
        show(fleet, device, HOME)
    assert count(fleet, bucket(3)) == 3
    show(fleet, "c", seen("gateway_mac", "away", "aa"), at=START + timedelta(hours=1))
    assert (count(fleet, bucket(3)), count(fleet, bucket(2)), count(fleet, ALONE)) == (0, 2, 1)
    fleet.forget("a")
    assert (count(fleet, bucket(2)), count(fleet, ALONE)) == (0, 2)


def test_one_more_than_a_house_holds_makes_a_crowd_of_all_and_one_less_a_house_again() -> None:
    fleet = Fleet()
    for number in range(CROWD + 1):
        show(fleet, f"d{number}", HOME)
    assert (count(fleet, CROWDED), count(fleet, bucket(CROWD))) == (CROWD + 1, 0)
    fleet.forget("d0")
    assert (count(fleet, CROWDED), count(fleet, bucket(CROWD))) == (0, CROWD)


def test_a_change_of_the_records_counts_a_house_anew() -> None:
    fleet = Fleet()
    for device in "abc":
        show(fleet, device, HOME)
    assert count(fleet, bucket(3)) == 3
    fleet.set_roster({device: RosterEntry(person=device, household="h") for device in "ab"})
    assert (count(fleet, bucket(3)), count(fleet, bucket(2))) == (0, 3)


def test_a_place_that_is_known_counts_for_itself() -> None:
    fleet, mac = Fleet(KEYER), "a0:40:a0:00:00:42"
    value = Seen("gateway_mac", bytes.fromhex(KEYER.key("mac", mac).digest), "a040a0")
    for device in "abc":
        show(fleet, device, value)
    fleet.set_policy(Policy(places=(Place(name="hq", kind="office", owner="o", gateway_macs=(mac,)),)))
    assert (count(fleet, EXPLAINED, "a040a0"), count(fleet, bucket(3), "a040a0")) == (3, 0)
    fleet.set_policy(Policy())
    assert (count(fleet, EXPLAINED, "a040a0"), count(fleet, bucket(3), "a040a0")) == (0, 3)
