"""What one laptop that makes up its reports can do to others' farms: neither clear, nor accuse, nor fill histories."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from farmwatch_collector.farms.source import FarmChange
from farmwatch_collector.farms.watch import FarmWatch
from farmwatch_collector.ties.types import Seen

from .fleets import staff, value
from .worlds import AT, MONTH, World, network

HOSTILE = "hostile"
QUARTER = timedelta(minutes=15)


def shelf(count: int, exit_class: str = "residential") -> World:
    world = World()
    for device in staff(count):
        world.stay(device, network("shelf", exit_class=exit_class))
    return world


def shows(world: World, device: str, at: datetime, **sources: Sequence[Seen]) -> set[str]:
    return world.fleet.take(device, {key: tuple(each) for key, each in sources.items()}, at, at)


@pytest.mark.parametrize("count", [6, 20])
def test_one_that_comes_and_goes_makes_no_office_of_a_farm(count: int) -> None:
    world = shelf(count)
    before = world.only().odds
    for day in reversed(MONTH):
        where = network("shelf") if day % 3 == 0 else network("elsewhere")
        shows(world, HOSTILE, AT - timedelta(days=day), **where)
    (found,) = (each for each in world.found() if staff(1)[0] in each.devices)
    assert found.odds.attention == before.attention
    assert found.odds.bits > before.bits - 0.7


@pytest.mark.parametrize("count", [6, 20])
def test_a_member_that_leaves_does_not_clear_the_others(count: int) -> None:
    world = shelf(count)
    before = world.only().odds.attention
    shows(world, staff(1)[0], AT, **network("far away"))
    (found,) = (each for each in world.found() if staff(2)[1] in each.devices)
    assert found.odds.attention == before


def test_three_visitors_of_six_are_an_office_still() -> None:
    world = shelf(6)
    for number in range(3):
        for day in reversed(MONTH):
            where = network("shelf") if day % 3 == 0 else network(f"elsewhere {number}")
            shows(world, f"guest-{number}", AT - timedelta(days=day), **where)
    assert all(each.odds.attention == "none" for each in world.found())


@pytest.mark.parametrize("ahead", [0, 2, 40, 20_000])
def test_a_clock_that_is_ahead_does_not_make_one_place_of_a_default_address(ahead: int) -> None:
    world = World()
    for number, device in enumerate(staff(8)):
        world.stay(device, network(f"own {number}", mac="default") | {"egress": _line(number)})
    shows(world, HOSTILE, AT + timedelta(days=ahead), **network("hostile", mac="default"))
    assert world.found() == []


def _line(number: int) -> tuple[Seen, ...]:
    return (Seen("egress_block", value(f"line {number}"), str(64500 + number)),)


def test_one_that_shows_things_of_many_homes_does_not_bring_them_into_its_farm() -> None:
    world = shelf(20)
    homes = [f"other-{number:03}" for number in range(100, 164)]
    things = [Seen("usb_serial", value(f"thing {each}"), "17e9:6000") for each in homes]
    points = [Seen("bssid", value(f"point {each}"), "0050f1") for each in homes]
    for device, thing, point in zip(homes, things, points, strict=True):
        shows(world, device, AT, usb=[thing], wifi=[point])
    shows(world, staff(1)[0], AT, usb=things, wifi=points)
    farms = [each for each in world.found() if each.odds.attention not in ("none", "watch")]
    assert [each.devices for each in farms] == [staff(20)]


def test_two_farms_are_no_one_farm_by_what_one_device_alone_shows() -> None:
    world = shelf(20, exit_class="")
    others = staff(6, "second")
    for device in others:
        world.stay(device, network("other shelf", point="point", exit_class=""))
    watch = FarmWatch(world.fleet, world, world.policy)
    changes = _named(watch, watch.refresh(AT))
    ids = {each.farm.id for each in changes}
    told = 0
    for turn in range(40):
        at = AT + QUARTER * (turn + 1)
        point = () if turn % 2 else (Seen("bssid", value("point"), "0050f1"),)
        watch.touch(shows(world, staff(1)[0], at, wifi=point))
        for change in _named(watch, watch.update(at)):
            told += len(change.events)
            ids.add(change.farm.id)
    assert told == 0
    assert len(ids) == len(watch.farms) == 2


def _named(watch: FarmWatch, changes: list[FarmChange]) -> list[FarmChange]:
    new = sorted({each.farm.id for each in changes if each.farm.id < 0}, reverse=True)
    watch.named({number: 100 - number for number in new})
    return changes


@pytest.mark.parametrize("count", [5, 6, 20])
def test_one_that_flips_every_quarter_of_an_hour_is_told_of_a_few_times_a_day_and_keeps_one_line(count: int) -> None:
    world = shelf(count, exit_class="")
    watch = FarmWatch(world.fleet, world, world.policy)
    (first,) = _named(watch, watch.refresh(AT))
    told, ids = 0, set[int]()
    for turn in range(96):
        at = AT + QUARTER * (turn + 1)
        where = network("shelf" if turn % 2 else f"made up {turn}", exit_class="")
        watch.touch(shows(world, staff(1)[0], at, **where))
        for change in _named(watch, watch.update(at)):
            told += len(change.events)
            ids.add(change.farm.id)
    assert told <= 4  # at most once a day each: left, joined, ended, returned
    (farm,) = watch.farms.values()
    assert len(farm.members) == count
    assert ids <= {farm.id}
    assert first.events


def test_a_laptop_that_leaves_and_comes_back_on_another_day_is_told_of_each_time() -> None:
    world = shelf(20, exit_class="")
    watch = FarmWatch(world.fleet, world, world.policy)
    _named(watch, watch.refresh(AT))
    told: list[str] = []
    for turn, where in enumerate(("far away", "shelf", "far away")):
        at = AT + timedelta(days=2 * (turn + 1))
        for device in staff(20)[1:]:
            shows(world, device, at, **network("shelf", exit_class=""))
        shows(world, staff(1)[0], at, **network(where, exit_class=""))
        watch.touch(staff(20))
        told += [event.action for change in watch.update(at) for event in change.events]
    assert told == ["left", "joined", "left"]


def test_one_household_for_everybody_ties_nobody_and_one_of_sixteen_does() -> None:
    world = shelf(20)
    everybody = [*staff(20), *(f"other-{number:03}" for number in range(600))]
    world.people(everybody, household="n/a")
    assert world.only().odds.attention == "urgent"
    home = shelf(16)
    home.people(staff(16), household="one")
    assert home.found() == []


@pytest.mark.parametrize("site", ["Remote - US", "US (Remote)", "home office", "Virtual, EMEA"])
def test_a_site_that_is_everywhere_is_none(site: str) -> None:
    world = shelf(20)
    world.people(staff(20), site=site)
    assert world.only().odds.attention == "urgent"
    office = shelf(20)
    office.people(staff(20), site="Remoteville office")
    assert office.found() == []


def test_what_one_laptop_makes_up_for_a_year_is_remembered_up_to_a_bound() -> None:
    world = World(homes=0)
    sizes: list[int] = []
    for day in range(365):
        at = AT + timedelta(days=day)
        made_up = [Seen("usb_serial", value(f"{day} {number}"), "1:1", f"name {day} {number}") for number in range(64)]
        shows(world, HOSTILE, at, usb=made_up, **network(f"made up {day}"))
        if day % 30 == 29:
            world.fleet.expire(at - timedelta(days=60))
            sizes.append(len(world.fleet.memory(HOSTILE)))
    assert len(world.fleet.held(HOSTILE)) <= 1024 + 64 + 8
    assert max(sizes[6:]) <= 1.1 * max(sizes[:6])  # the second half-year adds nothing
