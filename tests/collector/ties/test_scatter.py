"""Whether a value is one thing, told by what stands beside it on the same days."""

from datetime import timedelta

import pytest

from farmwatch_collector.fleet import Fleet
from farmwatch_collector.ties.types import Node, Seen

from .showing import START, TODAY, seen, show

GATEWAY = seen("gateway_mac", "router", "aa")
MONITOR = seen("edid_serial", "monitor", "DEL:1")


def line(network: str, block: str, *, soft: bool = False) -> tuple[Seen, Seen]:
    return (
        seen("egress", f"address {network} {block}", network, soft=soft),
        seen("egress_block", f"block {network} {block}", network, soft=soft),
    )


def node(fleet: Fleet, value: Seen = GATEWAY) -> Node:
    found = fleet.node(value.kind, value.value, TODAY)
    assert found is not None
    return found


def test_one_house_is_one_place_even_when_one_of_it_hides_behind_a_vpn_nobody_knows() -> None:
    fleet = Fleet()
    for device in "abcd":
        show(fleet, device, GATEWAY, *line("64500", "1"))
    assert not node(fleet).scattered
    show(fleet, "e", GATEWAY, *line("64999", "9"))
    assert not node(fleet).scattered


def test_a_default_address_is_in_as_many_places_as_lines_it_is_seen_at() -> None:
    fleet = Fleet()
    for number, device in enumerate("abcd"):
        show(fleet, device, GATEWAY, *line(f"6450{number}", "1"))
    found = node(fleet)
    assert found.scattered
    assert fleet.worth(found).bits == 0
    (tie,) = fleet.ties("a", TODAY)
    assert (tie.scattered, tie.bits, tie.count) == (True, 0, 4)


def test_one_provider_all_over_a_town_is_no_one_place_but_two_blocks_may_be_one_line() -> None:
    """A line with both address families is in two blocks, and so may two neighbours be; five blocks are five lines."""
    pair, town = Fleet(), Fleet()
    for number, device in enumerate("ab"):
        show(pair, device, GATEWAY, *line("64500", str(number)))
    for number, device in enumerate("abcde"):
        show(town, device, GATEWAY, *line("64500", str(number)))
    assert not node(pair).scattered
    assert node(town).scattered


@pytest.mark.parametrize("beside", [(), line("64500", "1", soft=True)], ids=["no exit told", "a carrier's"])
def test_who_shows_no_line_of_a_place_is_not_said_to_stand_elsewhere(beside: tuple[Seen, ...]) -> None:
    fleet = Fleet()
    show(fleet, "a", GATEWAY, *beside)
    show(fleet, "b", GATEWAY, *(line("64501", "2", soft=True) if beside else ()))
    show(fleet, "c", GATEWAY, *line("64502", "3"))
    assert not node(fleet).scattered


def test_lines_of_different_days_say_nothing() -> None:
    """An address that changes by the week: the second came to the house when the line had another."""
    fleet = Fleet()
    show(fleet, "a", GATEWAY, *line("64500", "1"))
    show(fleet, "b", GATEWAY, *line("64501", "2"), at=START + timedelta(days=3))
    assert not node(fleet).scattered


def test_a_monitor_on_two_lines_on_one_day_is_not_one_monitor() -> None:
    fleet = Fleet()
    show(fleet, "a", MONITOR, seen("gateway_mac", "one", "aa"), *line("64500", "1"))
    show(fleet, "b", MONITOR, seen("gateway_mac", "two", "aa"), *line("64501", "2"))
    assert node(fleet, MONITOR).scattered


@pytest.mark.parametrize(("maker", "apart"), [("aa", False), ("bb", True)], ids=["of one make", "of different makes"])
def test_where_no_line_is_told_gateways_of_different_makes_are_different_places(maker: str, apart: bool) -> None:
    """A farm that gives each laptop a mobile router buys several of one; strangers with one monitor in bulk do not."""
    fleet = Fleet()
    show(fleet, "a", MONITOR, seen("gateway_mac", "one", "aa"), *line("64500", "1", soft=True))
    show(fleet, "b", MONITOR, seen("gateway_mac", "two", maker))
    assert node(fleet, MONITOR).scattered == apart


def test_a_monitor_behind_travel_routers_of_one_house_is_one_for_they_leave_by_one_line() -> None:
    fleet = Fleet()
    for name in ("one", "two"):
        show(fleet, name, MONITOR, seen("gateway_mac", name, "aa"), *line("64500", "1"))
    assert not node(fleet, MONITOR).scattered


def test_what_was_answered_before_is_asked_again_when_a_holder_shows_another_line_or_comes_back_from_the_store() -> (
    None
):
    fleet = Fleet()
    show(fleet, "a", GATEWAY, *line("64500", "1"))
    show(fleet, "b", GATEWAY)
    assert not node(fleet).scattered
    show(fleet, "b", *line("64501", "2"))
    assert node(fleet).scattered
    elsewhere = Fleet()
    show(elsewhere, "a", GATEWAY, *line("64500", "1"))
    show(elsewhere, "b", GATEWAY)
    assert not node(elsewhere).scattered
    elsewhere.recall("b", fleet.memory("b"))
    assert node(elsewhere).scattered
