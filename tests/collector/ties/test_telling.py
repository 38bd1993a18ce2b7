"""What nodes and ties say of a value."""

from datetime import date, timedelta

import pytest

from farmwatch_collector.farms.types import Label
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.ties.index import CROWD
from farmwatch_collector.ties.types import Node, Seen
from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import Tie

from .showing import START, TODAY, seen, show

HOME, AWAY = seen("gateway_mac", "home", "aa"), seen("gateway_mac", "away", "aa")
KVM = seen("usb_serial", "kvm", "1d6b:0104")
AFTER = (START + timedelta(days=20)).date()


def node(fleet: Fleet, value: Seen, today: date = TODAY) -> Node:
    found = fleet.node(value.kind, value.value, today)
    assert found is not None
    return found


def tie(fleet: Fleet, device: str, kind: str, today: date = TODAY) -> Tie:
    (found,) = [each for each in fleet.ties(device, today) if each.kind == kind]
    return found


def test_a_node_tells_who_has_a_value_and_who_had_it_in_the_last_30_days() -> None:
    fleet = Fleet()
    for device in "abc":
        show(fleet, device, HOME)
    show(fleet, "c", AWAY, at=START + timedelta(days=5))
    found = node(fleet, HOME, AFTER)
    assert (found.holders, found.count, found.former, found.gone) == (("a", "b"), 2, ("c",), 1)
    assert node(fleet, HOME, TODAY + timedelta(days=30)).former == ("c",)
    assert node(fleet, HOME, TODAY + timedelta(days=31)).former == ()
    assert fleet.node("gateway_mac", b"never seen there", TODAY) is None


def test_residents_are_there_on_four_of_five_days() -> None:
    fleet = Fleet()
    show(fleet, "stays", HOME, days=9)
    show(fleet, "away for two days", HOME, days=7)
    show(fleet, "away for two days", AWAY, at=START + timedelta(days=8), days=1)
    show(fleet, "away for two days", HOME, at=START + timedelta(days=10))
    show(fleet, "comes once a week", HOME)
    show(fleet, "comes once a week", AWAY, at=START + timedelta(days=1), days=5)
    show(fleet, "comes once a week", HOME, at=START + timedelta(days=7))
    show(fleet, "came today", HOME, at=START + timedelta(days=10))
    # 9 of 11 days are more than 80 %; 2 of 8 are not.
    assert node(fleet, HOME, AFTER).residents == ("away for two days", "came today", "stays")


def test_a_thing_that_went_on_from_one_to_the_next_ties_them() -> None:
    fleet = Fleet()
    show(fleet, "a", KVM, days=3)
    fleet.take("a", {"usb": ()}, START + timedelta(days=4))
    assert show(fleet, "b", KVM, at=START + timedelta(days=5)) == {"a", "b"}
    found = tie(fleet, "b", "usb_serial", AFTER)
    assert (found.handed_over, found.holders, found.unrelated, found.count) == (True, ("a", "b"), ("a",), 2)
    assert fleet.ties("a", AFTER) == ()


def test_a_thing_that_came_before_it_had_left_is_no_hand_over() -> None:
    """Two units with one serial: the second was there while the first was, and the first is gone since."""
    fleet = Fleet()
    show(fleet, "a", KVM, days=3)
    show(fleet, "b", KVM, at=START + timedelta(days=2), days=4)
    fleet.take("a", {"usb": ()}, START + timedelta(days=4))
    assert fleet.ties("b", AFTER) == ()


def test_what_the_system_remembers_hands_on_but_is_not_held() -> None:
    fleet = Fleet()
    fleet.take("a", {"usb": ()}, START)
    fleet.take("a", {"usb_remembered": (KVM,)}, START - timedelta(days=9), START - timedelta(days=5))
    show(fleet, "b", KVM)
    assert (node(fleet, KVM).holders, node(fleet, KVM).former) == (("b",), ("a",))
    assert tie(fleet, "b", "usb_serial").handed_over


def test_a_first_network_is_told_of_where_it_says_more_than_the_gateway() -> None:
    fleet = Fleet()
    for device in "abc":
        show(fleet, device, HOME)
    assert [(each.kind, each.first) for each in fleet.ties("a", TODAY)] == [("gateway_mac", True)]
    show(fleet, "c", AWAY, at=START + timedelta(days=1))
    show(fleet, "late", AWAY, at=START - timedelta(days=1))
    show(fleet, "late", HOME, at=START + timedelta(days=1))
    assert tie(fleet, "c", "first_network").holders == ("a", "b", "c")
    assert tie(fleet, "a", "gateway_mac").holders == ("a", "b", "late")
    assert (tie(fleet, "a", "gateway_mac").first, tie(fleet, "late", "gateway_mac").first) == (True, False)


def test_an_earlier_report_that_comes_late_moves_the_first_network() -> None:
    fleet = Fleet()
    show(fleet, "a", HOME)
    show(fleet, "a", AWAY, at=START - timedelta(days=1))
    assert node(fleet, Seen("first_network", AWAY.value)).holders == ("a",)
    assert fleet.node("first_network", HOME.value, TODAY) is None


def test_traits_are_no_ties_but_told_as_shares() -> None:
    fleet = Fleet()
    traits = [seen(kind, "t") for kind in ("kvm_model", "gateway_maker", "egress_network")]
    for device in "ab":
        show(fleet, device, *traits)
    show(fleet, "c", seen("kvm_model", "other"))
    assert fleet.ties("a", TODAY) == ()
    share, known = fleet.share("kvm_model", traits[0].value)
    assert share == pytest.approx(2 / 3)
    assert known == 3
    assert fleet.share("kvm_model", b"nobody's") == (0.0, 3)
    assert fleet.share("neighbours", b"nobody's") == (0.0, 0)


def test_of_a_crowd_nobody_is_named_and_its_strangers_are_those_of_a_part_of_it() -> None:
    fleet, size = Fleet(), CROWD + 44
    names = [f"d{number:03}" for number in range(size)]
    for name in names:
        show(fleet, name, HOME)
    found = tie(fleet, "d000", "gateway_mac")
    assert (found.holders, found.unrelated, found.count, found.strangers) == ((), (), size, size - 1)
    assert found.bits is not None
    assert found.bits < 0
    assert (node(fleet, HOME).holders, node(fleet, HOME).count) == ((), size)
    fleet.set_roster({name: RosterEntry(person=name, site="headquarters") for name in names})
    assert tie(fleet, "d000", "gateway_mac").strangers == 0


def _label(value: Seen, place: str, *devices: str) -> Label:
    return Label(
        id=7, kind=value.kind, value=value.value.hex(), place=place, name="Quay 5", owner="o", reason="r",  # type: ignore[arg-type]
        until=AFTER, devices=devices,
    )  # fmt: skip


def test_an_analysts_word_explains_a_gateway_until_its_last_day_and_gives_it_a_place() -> None:
    fleet = Fleet()
    for device in "abc":
        show(fleet, device, HOME)
    assert fleet.set_labels([_label(HOME, "office")]) == {"a", "b", "c"}
    found = tie(fleet, "a", "gateway_mac", AFTER)
    assert (found.place, found.unrelated, found.strangers, found.others) == ("Quay 5", (), 0, 0)
    assert node(fleet, HOME, AFTER).place == "Quay 5"
    assert [(each.name, each.kind) for each in fleet.places("a", AFTER)] == [("Quay 5", "office")]
    assert tie(fleet, "a", "gateway_mac", AFTER + timedelta(days=1)).others == 2
    assert fleet.set_labels([]) == {"a", "b", "c"}
    assert tie(fleet, "a", "gateway_mac").others == 2


def test_a_household_that_names_its_devices_relates_these_alone() -> None:
    fleet = Fleet()
    for device in "abc":
        show(fleet, device, HOME)
    fleet.set_labels([_label(HOME, "household", "a", "b")])
    assert tie(fleet, "a", "gateway_mac", AFTER).unrelated == ("c",)
    assert fleet.unrelated("abc", AFTER) == 2
    assert fleet.related("a", "b", AFTER)
    assert not fleet.related("a", "b", AFTER + timedelta(days=1))


def test_silent_devices_hold_nothing_and_come_back_with_their_first_network() -> None:
    fleet = Fleet()
    for device in "ab":
        show(fleet, device, HOME, KVM)
    show(fleet, "b", AWAY, at=START + timedelta(days=40))
    assert fleet.expire(START + timedelta(days=10)) == {"a", "b"}
    later = TODAY + timedelta(days=40)
    assert fleet.ties("b", later) == ()
    assert {each.seen.kind for each in fleet.held("a")} == {"first_network"}
    assert {each.seen.kind for each in fleet.held("b") if not each.now} == set()
    show(fleet, "a", AWAY, at=START + timedelta(days=41))
    assert tie(fleet, "a", "first_network", later).holders == ("a", "b")
