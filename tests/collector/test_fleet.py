"""Ties depend on what was observed, never on its order, and what the company explains is no tie of strangers."""

import random
from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.fleet import QUIET_ABOVE, REMEMBERED, Fleet
from farmwatch_detectors.policy import Place, Policy, RosterEntry
from farmwatch_detectors.view import SectionView, Tie
from farmwatch_schema.observables.network import Gateway, NetworkInterface

from .reports import KEYER, NOW

TODAY = NOW.date()
HOME = "a0:40:a0:00:00:42"


def network(*hops: tuple[str, int], at: datetime = NOW, interface: str = "wlp1s0") -> dict[str, SectionView]:
    items = tuple(
        Gateway(family="ipv4", interface=interface, mac=KEYER.key("mac", mac), metric=metric) for mac, metric in hops
    )
    interfaces = (
        NetworkInterface(name="wlp1s0", kind="wifi"),
        NetworkInterface(name="tun0", kind="tunnel"),
    )
    return {"network": SectionView(kind="network", outcome="found", observed_at=at, items=(*interfaces, *items))}


def fleet_of(*devices: str, mac: str = HOME) -> Fleet:
    fleet = Fleet(KEYER)
    for device in devices:
        fleet.observe(device, network((mac, 600)))
    return fleet


def test_two_devices_behind_one_gateway_are_tied_and_both_are_touched() -> None:
    fleet = fleet_of("a")
    assert fleet.ties("a", TODAY) == ()
    assert fleet.observe("b", network((HOME, 600))) == {"a", "b"}
    (tie,) = fleet.ties("a", TODAY)
    assert (tie.kind, tie.holders, tie.unrelated, tie.fleet) == ("gateway_mac", ("a", "b"), ("b",), 2)
    assert tie.value == KEYER.key("mac", HOME).digest


def test_the_same_again_touches_nobody() -> None:
    assert fleet_of("a", "b").observe("b", network((HOME, 600), at=NOW + timedelta(hours=1))) == set()


def test_moving_away_unties_and_touches_those_who_stay() -> None:
    fleet = fleet_of("a", "b")
    assert fleet.observe("b", network(("3c:a6:2f:00:00:01", 600), at=NOW + timedelta(hours=1))) == {"a", "b"}
    assert [tie.kind for tie in fleet.ties("a", TODAY)] == ["first_network"]
    assert [tie.holders for tie in fleet.ties("b", TODAY)] == [("a", "b")]


def _two_readings(routes: str | None, netifaces: str) -> dict[str, SectionView]:
    """A section in which the route table and netifaces name different gateways (probes/gateways.py)."""
    table = Gateway(
        family="ipv4", interface="wlp1s0", mac=KEYER.key("mac", routes) if routes else None, metric=600,
        sources=("routes",),
    )  # fmt: skip
    second = Gateway(
        family="ipv4", interface="eth0", mac=KEYER.key("mac", netifaces), metric=0xFFFFFFFF, sources=("netifaces",)
    )
    return {"network": SectionView(kind="network", outcome="found", observed_at=NOW, items=(second, table))}


def test_where_two_readings_of_the_gateway_disagree_the_route_table_is_believed() -> None:
    fleet = fleet_of("a", "c", mac=HOME)
    other = "3c:a6:2f:00:00:01"
    fleet.observe("b", _two_readings(HOME, other))
    fleet.observe("d", network((other, 600)))
    assert [tie.holders for tie in fleet.ties("b", TODAY)] == [("a", "b", "c")]
    assert fleet.ties("d", TODAY) == ()


def test_a_gateway_that_only_the_second_reading_names_serves_where_the_first_told_no_address() -> None:
    fleet = fleet_of("a")
    fleet.observe("b", _two_readings(None, HOME))
    assert [tie.holders for tie in fleet.ties("b", TODAY)] == [("a", "b")]


def test_only_the_route_with_the_lowest_metric_counts() -> None:
    fleet = fleet_of("a")
    fleet.observe("b", network((HOME, 700), ("3c:a6:2f:00:00:01", 100)))
    assert fleet.ties("a", TODAY) == ()


def test_a_tunnel_is_no_gateway() -> None:
    fleet = fleet_of("a")
    fleet.observe("b", network((HOME, 1), interface="tun0"))
    assert fleet.sizes["gateway_mac"] == 1


def test_addresses_that_software_gives_to_every_gateway_tie_nobody() -> None:
    for mac in ("52:55:0a:00:02:02", "00:00:5e:00:01:17", "00:00:0c:07:ac:05", "02:42:ac:11:00:01"):
        assert fleet_of("a", "b", mac=mac).ties("a", TODAY) == ()


def test_a_section_that_could_not_look_changes_nothing() -> None:
    fleet = fleet_of("a", "b")
    blind = {"network": SectionView(kind="network", outcome="broken", observed_at=NOW + timedelta(hours=1))}
    assert fleet.observe("b", blind) == set()
    assert fleet.ties("b", TODAY)


def test_people_of_one_household_site_or_person_are_no_strangers() -> None:
    fleet = fleet_of("a", "b", "c", "d", "e")
    fleet.set_roster(
        {
            "a": RosterEntry(person="p1", household="h1", site="berlin"),
            "b": RosterEntry(person="p2", household="h1"),
            "c": RosterEntry(person="p3", site="berlin"),
            "d": RosterEntry(person="p1"),
            "e": RosterEntry(person="p5"),
        }
    )
    assert fleet.ties("a", TODAY)[0].unrelated == ("e",)


def test_working_from_home_is_no_common_site() -> None:
    fleet = fleet_of("a", "b")
    fleet.set_roster({each: RosterEntry(person=each, site="Remote") for each in "ab"})
    assert fleet.ties("a", TODAY)[0].unrelated == ("b",)


def test_a_place_of_the_policy_explains_a_gateway_until_its_last_day() -> None:
    fleet = fleet_of("a", "b")
    place = Place(name="hq", kind="office", owner="o", gateway_macs=("A0-40-A0-00-00-42",), until=date(2026, 11, 30))
    assert fleet.set_policy(Policy(places=(place,))) == {"a", "b"}
    (tie,) = fleet.ties("a", TODAY)
    assert (tie.place, tie.unrelated) == ("hq", ())
    assert fleet.ties("a", date(2026, 12, 1))[0].unrelated == ("b",)


def test_a_household_of_the_policy_ties_only_its_members() -> None:
    fleet = fleet_of("a", "b", "c")
    fleet.set_policy(Policy(places=(Place(name="flat", kind="household", owner="o", devices=("a", "b")),)))
    assert fleet.ties("a", TODAY)[0].unrelated == ("c",)


def test_one_more_in_a_crowd_touches_the_crowd_only_when_it_doubles() -> None:
    fleet = fleet_of(*(f"d{number:03}" for number in range(QUIET_ABOVE + 1)))
    assert fleet.observe("new", network((HOME, 600))) == {"new"}


def test_a_young_fleet_that_doubled_is_looked_at_again_as_a_whole() -> None:
    fleet = Fleet(KEYER)
    touched = [fleet.observe(f"d{number}", network((f"a0:40:a0:00:00:{number:02x}", 600))) for number in range(16)]
    assert [len(each) for each in touched] == [1, 2, 1, 4, 1, 1, 1, 8, *([1] * 7), 16]


def test_a_forgotten_device_holds_nothing() -> None:
    fleet = fleet_of("a", "b")
    assert fleet.forget("b") == {"a"}
    assert fleet.ties("a", TODAY) == ()
    assert fleet.sizes["gateway_mac"] == 1


MACS = [f"a0:40:a0:00:00:0{number}" for number in range(4)]
# One device makes one observation at a time, so the times of one device differ.
SEEN = st.lists(
    st.tuples(st.sampled_from("abcde"), st.integers(0, 40), st.lists(st.sampled_from(MACS), max_size=2, unique=True)),
    max_size=25,
    unique_by=lambda each: each[:2],
)


def known(fleet: Fleet) -> list[tuple[Tie, ...]]:
    return [fleet.ties(device, TODAY) for device in "abcde"]


@given(SEEN, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_ties_kept_step_by_step_equal_those_built_anew_from_shuffled_input(
    seen: list[tuple[str, int, list[str]]], rng: random.Random
) -> None:
    step_by_step, anew = Fleet(KEYER), Fleet(KEYER)
    ordered = sorted(seen, key=lambda each: each[1])
    shuffled = seen[:]
    rng.shuffle(shuffled)
    for fleet, observations in ((step_by_step, ordered), (anew, shuffled)):
        for device, hour, macs in observations:
            hops = [(mac, 600 + place) for place, mac in enumerate(macs)]
            fleet.observe(device, network(*hops, at=NOW + timedelta(hours=hour)))
    assert known(step_by_step) == known(anew)
    assert step_by_step.sizes == anew.sizes


def test_a_device_that_makes_up_gateways_cannot_grow_the_memory_nor_lose_since_when_it_is_tied() -> None:
    fleet = fleet_of("a", "b")
    for number in range(REMEMBERED + 200):
        at = NOW + timedelta(minutes=number + 1)
        fleet.observe("a", network((f"02:00:00:00:{number // 256:02x}:{number % 256:02x}", 600), at=at))
    assert len(fleet.held("a")) <= REMEMBERED
    fleet.observe("a", network((HOME, 600), at=NOW + timedelta(days=9)))
    (tie,) = fleet.ties("a", TODAY)
    assert (tie.since, tie.first) == (NOW, True)
