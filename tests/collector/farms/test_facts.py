"""What a candidate is judged by, from days and holders: expected values are counted by hand in each test."""

import random
from collections.abc import Collection, Mapping
from datetime import date, timedelta

import pytest

from farmwatch_collector.farms.facts import STRANGERS, Fellows
from farmwatch_collector.farms.source import Activity
from farmwatch_collector.farms.types import FarmFacts, Member
from farmwatch_collector.farms.watch import find
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.ties.types import Seen
from farmwatch_detectors.policy import Cohort, Policy, RosterEntry

from .fleets import AT, EvenFleet, Known, records, staff, stand, value

TODAY = AT.date()


def only(fleet: Fleet, source: Known | None = None, policy: Policy | None = None) -> FarmFacts:
    (found,) = find(fleet, source or Known(), policy or Policy(), AT)
    return found.facts


def member(facts: FarmFacts, device: str) -> Member:
    return next(each for each in facts.members if each.device == device)


def test_stay_is_the_share_of_days_known_since_it_came() -> None:
    fleet = EvenFleet()
    stand(fleet, ["a", "b"], "house", days=10)
    stand(fleet, ["b"], "hotel", days=4, ago=3)  # four of b's ten days it shows the hotel as well
    stand(fleet, ["a"], "before", days=5, ago=12)  # a was elsewhere before it came: that counts not
    facts = only(fleet)
    assert (member(facts, "a").stay, member(facts, "a").days) == (1.0, 10)
    assert member(facts, "a").joined_at == AT - timedelta(days=9)
    assert (member(facts, "b").stay, member(facts, "b").days) == (1.0, 10)


def test_days_elsewhere_and_not_there_lower_it_and_days_without_a_report_do_not() -> None:
    fleet = EvenFleet()
    stand(fleet, ["a", "b"], "house", days=4, ago=16)
    stand(fleet, ["b"], "office", days=3, ago=8)
    stand(fleet, ["a", "b"], "house", days=1)
    facts = only(fleet)
    assert member(facts, "a").stay == 1.0  # five days known, all there
    assert member(facts, "b").stay == pytest.approx(5 / 8)


def test_two_routers_of_one_house_are_one_house() -> None:
    fleet = EvenFleet()
    stand(fleet, ["a", "b"], "upstairs", days=6, ago=6)
    stand(fleet, ["a", "b"], "upstairs", days=1)
    stand(fleet, ["a", "b"], "downstairs", days=6)
    facts = only(fleet)
    assert len(facts.shared) >= 2
    assert member(facts, "a").stay == 1.0


def test_visitors_are_those_who_do_not_stay_and_those_who_left() -> None:
    fleet = EvenFleet()
    stand(fleet, ["a", "b", "c"], "house", days=10)
    stand(fleet, ["guest"], "home", days=10, ago=1)
    stand(fleet, ["guest"], "house", days=1)  # first seen there today: it stays as far as is known
    stand(fleet, ["seldom"], "house", days=1, ago=9)
    stand(fleet, ["seldom"], "home of seldom", days=8, ago=1)
    stand(fleet, ["seldom"], "house", days=1)  # two of ten days
    stand(fleet, ["left"], "house", days=3, ago=12)
    stand(fleet, ["left"], "elsewhere", days=5)
    facts = only(fleet)
    assert [each.device for each in facts.members] == ["a", "b", "c", "guest", "seldom"]
    assert facts.visitors == 2


def test_the_anchor_is_what_weighs_most_for_so_many_and_not_the_rarest_thing_of_two() -> None:
    fleet = EvenFleet()
    fleet.bits = {"gateway_mac": 7.0, "usb_serial": 9.0}
    stand(fleet, staff(8), "house")
    stand(fleet, staff(2), "stick", "usb_serial")
    facts = only(fleet)
    assert [each.node.seen.kind for each in facts.shared][:2] == ["gateway_mac", "usb_serial"]
    assert facts.shared[0].unrelated == 8


def test_a_thing_that_went_from_one_member_to_another_is_handed_over() -> None:
    fleet = EvenFleet()
    stand(fleet, ["a", "b"], "house", days=10)
    stand(fleet, ["a"], "stick", "usb_serial", days=4, ago=5)
    stand(fleet, ["a"], "own a", "usb_serial")
    stand(fleet, ["b"], "stick", "usb_serial", days=4)
    (stick,) = [each for each in only(fleet).shared if each.node.seen.kind == "usb_serial"]
    assert stick.hand_over
    assert stick.members == ("a", "b")


def test_a_thing_that_two_had_on_the_same_days_is_not_handed_over() -> None:
    fleet = EvenFleet()
    stand(fleet, ["a", "b"], "house", days=10)
    stand(fleet, ["a"], "stick", "usb_serial", days=6, ago=2)
    stand(fleet, ["a"], "own a", "usb_serial", days=1)
    stand(fleet, ["b"], "stick", "usb_serial", days=6)
    assert [each.node.seen.kind for each in only(fleet).shared if each.hand_over] == []


def test_exits_are_counted_by_the_class_of_the_latest_network() -> None:
    fleet = EvenFleet()
    stand(fleet, ["a", "b", "c"], "house")
    for device, kind in (("a", "residential"), ("b", "residential"), ("c", "hosting")):
        fleet.take(device, {"egress": (Seen("egress_network", value(f"as {kind}"), kind),)}, AT)
    assert only(fleet).egress == {"hosting": 1, "residential": 2}


def test_what_members_are_alike_in_stands_beside_the_fleets_share() -> None:
    fleet = EvenFleet()
    for device in staff(20):
        stand(fleet, [device], device)
        fleet.take(
            device,
            {"network": (Seen("gateway_mac", value(device)), Seen("gateway_maker", value("usual")))},
            AT,
        )
    for device in ("a", "b"):
        fleet.take(device, {"egress": (Seen("egress", value("line")),)}, AT)
        seen = (Seen("gateway_mac", value(f"router {device}")), Seen("gateway_maker", value("travel"), "", "GL.iNet"))
        fleet.take(device, {"network": seen}, AT)
    (maker,) = [each for each in only(fleet).traits if each.kind == "gateway_maker"]
    assert (maker.words, maker.having, maker.known) == ("GL.iNet", 2, 2)
    assert maker.share == pytest.approx(2 / 22)


def test_a_cohort_stands_beside_its_share_of_the_roster() -> None:
    fleet = EvenFleet()
    fleet.set_roster(
        {each: RosterEntry(person=each, cohort="remote") for each in staff(9)}
        | {each: RosterEntry(person=each, cohort="new") for each in ("a", "b", "c")}
    )
    for device in staff(9):
        stand(fleet, [device], device)
    stand(fleet, ["a", "b", "c"], "house")
    (cohort,) = [each for each in only(fleet).traits if each.kind == "cohort"]
    assert (cohort.words, cohort.having, cohort.known, cohort.share) == ("new", 3, 3, 0.25)


def test_the_base_rate_is_the_cohorts_in_a_laptops_first_days_and_the_companys_then() -> None:
    policy = Policy(prior=0.0002, cohorts=(Cohort(name="new", prior=0.001, days=30),))
    fleet = EvenFleet()
    fleet.set_roster(
        {
            "a": RosterEntry(person="a", cohort="new", start_on=TODAY - timedelta(days=29)),
            "b": RosterEntry(person="b", cohort="new", start_on=TODAY - timedelta(days=30)),
        }
    )
    stand(fleet, ["a", "b"], "house")
    assert [each.prior for each in only(fleet, policy=policy).members] == [0.001, 0.0002]


class Hours(Known):
    """A source that knows hours: eight hours of input on each of so many days for each device."""

    def __init__(self, used: Mapping[str, int], watched: int = 14) -> None:
        super().__init__()
        self.used = used
        self.watched = watched
        self.wanted: set[str] = set()

    def activity(self, devices: Collection[str], since: date) -> Mapping[str, Activity]:
        self.wanted |= set(devices)
        days = [TODAY - timedelta(days=back) for back in range(self.watched)]
        busy = (1 << 32) - 1
        return {
            each: Activity(slots=dict.fromkeys(days[: self.used[each]], busy), watched=dict.fromkeys(days, 1440))
            for each in devices
            if each in self.used
        }


def test_days_of_use_are_told_where_hours_are_known() -> None:
    fleet = EvenFleet()
    fleet.set_roster(records(staff(12)))
    stand(fleet, staff(12), "house")
    used = dict.fromkeys(staff(10), 5) | {staff(12)[10]: 0}
    facts = only(fleet, Hours(used))
    assert [each.used_days for each in facts.members] == [5] * 10 + [0, None]


def test_a_laptop_watched_for_two_days_may_only_be_new() -> None:
    fleet = EvenFleet()
    stand(fleet, staff(12), "house")
    assert {each.used_days for each in only(fleet, Hours(dict.fromkeys(staff(12), 0), watched=2)).members} == {None}


def test_hours_are_not_looked_up_where_nothing_can_come_of_it() -> None:
    fleet = EvenFleet()
    stand(fleet, ["a", "b"], "home")
    source = Hours({})
    find(fleet, source, Policy(), AT)
    assert source.wanted == set()


def test_the_sample_of_strangers_is_the_same_in_any_order_of_coming() -> None:
    devices = staff(900)
    samples = []
    for seed in range(3):
        fellows = Fellows(Fleet())
        for device in random.Random(seed).sample(devices, len(devices)):
            fellows.add(device)
            fellows.add(device)
        samples.append(fellows.strangers())
    assert samples[0] == samples[1] == samples[2]
    assert len(set(samples[0])) == STRANGERS
