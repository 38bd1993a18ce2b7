"""All that can be seen of a fleet is the same in whatever order its reports came, how often, and after a restart."""

import random
from datetime import date, datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.fleet import Fleet
from farmwatch_collector.ties.types import Seen
from farmwatch_detectors.policy import Place, Policy, RosterEntry

from .showing import SOURCE, START, outside, seen

LATER = START + timedelta(days=12)
DEVICES = "abcdef"
ROSTER = {
    "a": RosterEntry(person="p1", household="h"),
    "b": RosterEntry(person="p2", household="h"),
    "c": RosterEntry(person="p3", site="oslo"),
    "d": RosterEntry(person="p4", site="oslo"),
}
POLICY = Policy(places=(Place(name="flat", kind="household", owner="o", devices=("e", "f")),))


class Look(msgspec.Struct, frozen=True):
    """One look of one source of a device."""

    device: str
    source: str
    values: tuple[Seen, ...]
    hours: int
    lasted: int

    def take(self, fleet: Fleet) -> set[str]:
        at, until = START + timedelta(hours=self.hours), START + timedelta(hours=self.hours + self.lasted)
        days = [at.date() + timedelta(days=each) for each in range((until.date() - at.date()).days + 1)]
        return fleet.take(self.device, {self.source: self.values}, at, until, days)


def _values(source: str) -> st.SearchStrategy[tuple[Seen, ...]]:
    kinds = [kind for kind, of in SOURCE.items() if of == source]
    one = st.builds(
        seen, st.sampled_from(kinds), st.sampled_from("xyz"), st.sampled_from(["", "s"]), soft=st.booleans()
    )
    return st.lists(one, max_size=3, unique_by=lambda each: (each.kind, each.value)).map(tuple)


_SOURCES = st.sampled_from(["network", "usb", "displays", "egress", "peers", "usb_remembered"])
LOOK = _SOURCES.flatmap(
    lambda source: st.builds(
        Look,
        device=st.sampled_from(DEVICES),
        source=st.just(source),
        values=_values("usb" if source == "usb_remembered" else source),
        hours=st.integers(0, 240),
        lasted=st.sampled_from([0, 0, 1, 30, 60]),
    )
)
LOOKS = st.lists(LOOK, max_size=40)


def _fleet(looks: list[Look], *, late: bool = False) -> Fleet:
    """`late`: what the company says comes after the reports."""
    fleet = Fleet()
    for turn in range(2):
        if late == bool(turn):
            fleet.set_roster(ROSTER)
            fleet.set_policy(POLICY)
        if turn == 0:
            for number, look in enumerate(looks):
                look.take(fleet)
                if number % 5 == 0:  # asking on the way changes nothing
                    fleet.ties(look.device, LATER.date())
    return fleet


@given(LOOKS, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_reports_shuffled_and_doubled_make_the_same_fleet(looks: list[Look], rng: random.Random) -> None:
    again = [*looks, *rng.sample(looks, len(looks) // 2)]
    rng.shuffle(again)
    assert outside(_fleet(looks), LATER) == outside(_fleet(again, late=True), LATER)


@given(LOOKS, st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_a_fleet_recalled_in_any_order_is_the_one_that_was_saved_and_goes_on_the_same(
    looks: list[Look], rng: random.Random
) -> None:
    fleet = _fleet(looks)
    saved = [(device, fleet.memory(device)) for device in fleet.known()]
    rng.shuffle(saved)
    again = _fleet([])
    for device, body in saved:
        again.recall(device, body)
    assert not any(again.changed(device) for device in again.known())
    assert outside(fleet, LATER) == outside(again, LATER)
    for look in looks[::3]:
        later = msgspec.structs.replace(look, hours=look.hours + 24)
        assert later.take(fleet) == later.take(again)
    assert outside(fleet, LATER) == outside(again, LATER)


@given(LOOKS, st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_two_halves_of_a_memory_make_the_whole(looks: list[Look], rng: random.Random) -> None:
    """A device whose reports came to two collectors: what both remember is what one would."""
    halves = [look for look in looks if rng.random() < 0.5]
    rest = [look for look in looks if look not in halves]
    one, other = _fleet(halves), _fleet(rest)
    for device in list(other.known()):
        one.recall(device, other.memory(device))
    assert outside(one, LATER) == outside(_fleet(looks), LATER)


@given(LOOKS, st.integers(0, 240))
@settings(max_examples=20, deadline=None)
def test_who_is_forgotten_leaves_a_fleet_that_never_knew_him(looks: list[Look], hours: int) -> None:
    fleet = _fleet(looks)
    fleet.forget("a")
    assert outside(fleet, LATER) == outside(_fleet([look for look in looks if look.device != "a"]), LATER)
    fleet.expire(START + timedelta(hours=hours))
    for device in list(fleet.known()):
        fleet.forget(device)
    assert outside(fleet, LATER) == outside(Fleet(), LATER)


@given(LOOKS, st.integers(0, 400), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_what_expires_is_the_same_after_a_restart(looks: list[Look], hours: int, rng: random.Random) -> None:
    before = START + timedelta(hours=hours)
    fleet, again = _fleet(looks), _fleet([])
    saved = [(device, fleet.memory(device)) for device in fleet.known()]
    rng.shuffle(saved)
    for device, body in saved:
        again.recall(device, body)
    assert fleet.expire(before) == again.expire(before)
    assert outside(fleet, LATER) == outside(again, LATER)


def _days(fleet: Fleet, device: str, kind: str) -> list[date]:
    (held,) = [each for each in fleet.held(device) if each.seen.kind == kind]
    last = datetime.fromtimestamp(held.last_at, tz=START.tzinfo).date()
    return [last - timedelta(days=back) for back in range(32) if held.days >> back & 1]


def test_the_days_of_a_value_are_kept_one_by_one_for_32_days() -> None:
    fleet, home = Fleet(), (seen("usb_serial", "x"),)
    for day in (0, 3, 9, 34):
        Look("a", "usb", home, 24 * day, 0).take(fleet)
    # Day 0 lies 34 days before the last, out of the 32; 3 lies 31 before it, the last that fits.
    assert _days(fleet, "a", "usb_serial") == [TODAY_PLUS[34], TODAY_PLUS[9], TODAY_PLUS[3]]


TODAY_PLUS = {day: (START + timedelta(days=day)).date() for day in range(40)}


def test_a_look_that_comes_again_takes_nothing_from_what_the_system_remembers_since() -> None:
    plugged = Look(device="a", source="usb", values=(seen("usb_serial", "x"),), hours=0, lasted=0)
    remembered = Look(device="a", source="usb_remembered", values=plugged.values, hours=1, lasted=0)
    assert outside(_fleet([plugged, remembered, plugged]), LATER) == outside(_fleet([plugged, remembered]), LATER)
    (held,) = _fleet([plugged, remembered, plugged]).held("a")
    assert held.last_at == int((START + timedelta(hours=1)).timestamp())
