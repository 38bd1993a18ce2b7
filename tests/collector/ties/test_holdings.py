"""What a report changes in a device's memory and in who holds what."""

from datetime import timedelta

import pytest

from farmwatch_collector.fleet import Fleet
from farmwatch_collector.ties.kinds import SECTIONS
from farmwatch_detectors.view import SectionView

from .showing import START, seen, show

DOCK = seen("usb_serial", "dock", "17ef:30b4")


def _held(fleet: Fleet, device: str, kind: str) -> list[tuple[int, int, int, bool]]:
    start = int(START.timestamp())
    return [
        (each.first_at - start, each.last_at - start, each.days, each.now)
        for each in fleet.held(device)
        if each.seen.kind == kind
    ]


def test_the_same_look_again_moves_the_hour_and_is_no_change_to_keep() -> None:
    fleet = Fleet()
    show(fleet, "a", DOCK)
    assert fleet.changed("a")
    fleet.memory("a")
    assert show(fleet, "a", DOCK, at=START + timedelta(hours=3)) == set()
    assert not fleet.changed("a")
    assert _held(fleet, "a", "usb_serial") == [(0, 3 * 3600, 1, True)]
    show(fleet, "a", DOCK, at=START + timedelta(days=1))
    assert fleet.changed("a")
    assert _held(fleet, "a", "usb_serial") == [(0, 86_400, 0b11, True)]


def test_a_look_that_shows_something_else_ends_what_the_last_one_showed() -> None:
    fleet = Fleet()
    show(fleet, "a", DOCK)
    show(fleet, "a", DOCK, at=START + timedelta(hours=3))
    assert show(fleet, "a", seen("usb_serial", "stick"), at=START + timedelta(hours=4)) == {"a"}
    assert _held(fleet, "a", "usb_serial") == [(0, 3 * 3600, 1, False), (4 * 3600, 4 * 3600, 1, True)]
    assert fleet.sizes["usb_serial"] == 1


@pytest.mark.parametrize("kind", SECTIONS)
def test_when_each_section_was_looked_at_is_known_also_where_it_was_empty(kind: str) -> None:
    fleet = Fleet()
    assert fleet.looked("a", kind) == 0
    for hours in (1, 0):
        at = START + timedelta(hours=hours)
        fleet.observe("a", {kind: SectionView(kind=kind, outcome="none", observed_at=at, items=())})
        assert fleet.looked("a", kind) == int((START + timedelta(hours=1)).timestamp())


def test_an_old_look_says_since_when_and_nothing_of_now() -> None:
    fleet = Fleet()
    show(fleet, "a", DOCK)
    show(fleet, "a", seen("usb_serial", "stick"), at=START - timedelta(days=2))
    show(fleet, "a", DOCK, at=START - timedelta(days=3))
    assert _held(fleet, "a", "usb_serial") == [(-3 * 86_400, 0, 0b1001, True), (-2 * 86_400, -2 * 86_400, 1, False)]


def test_an_exit_of_the_same_day_is_held_beside_the_latest_and_one_of_two_days_ago_is_not() -> None:
    fleet = Fleet()
    for name, hours in (("old", 0), ("home", 36), ("phone", 48)):
        show(fleet, "a", seen("egress", name), at=START + timedelta(hours=hours))
    assert [(each.seen.value[:4], each.now) for each in fleet.held("a")] == [
        (b"home", True), (b"old.", False), (b"phon", True),
    ]  # fmt: skip


def test_a_source_that_nobody_knows_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="telepathy"):
        Fleet().take("a", {"telepathy": (DOCK,)}, START)
