"""How a simulated world is taken in and its members judged: the same as one report after the other would give."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from farmwatch_collector.bench.farms_members import Members, days_told, end_of, section_of, view_of
from farmwatch_collector.bench.farms_world import (
    Clock,
    FarmOrder,
    Reader,
    Searched,
    company_of,
    roster_of,
    settings_of,
    shown_by,
)
from farmwatch_collector.evaluate import Company
from farmwatch_collector.farms.activity import activity_of
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.lab.simulate import FarmSpec, Settings, World, world
from farmwatch_collector.lab.simulation import SimulatedDevice
from farmwatch_collector.ties.kinds import SECTIONS, exit_values, sources_in

DAYS = 12
SHELF = FarmSpec(name="shelf", size=6, care="careless", evasions=())


@pytest.fixture(scope="module")
def made() -> World:
    return world(Settings(devices=60, days=DAYS, seed=31, farms=(SHELF,)))


@pytest.fixture(scope="module")
def devices(made: World) -> list[SimulatedDevice]:
    return list(made.devices())


def test_what_a_laptop_shows_again_and_again_is_remembered_as_if_each_time_came_alone(
    devices: list[SimulatedDevice],
) -> None:
    at_once, one_by_one, reader = Fleet(), Fleet(), Reader()
    for device in devices:
        for seen, first, last, days in shown_by(device, reader):
            at_once.take(device.device, seen, first, last, days)
        for stretch in device.stretches:
            if stretch.kind in SECTIONS:
                values = sources_in(section_of(stretch))
                one_by_one.take(device.device, values, stretch.first, stretch.until, stretch.days)
        for out in device.exits:
            egress = view_of(device, Company(), end_of(out.days[-1]))
            assert egress is not None
            known = next(each for each in egress.egress if each.address == out.address)
            one_by_one.take(device.device, {"egress": exit_values(known)}, out.first, out.until, out.days)
    for device in devices:
        mine = {(each.seen, each.first_at, each.last_at, each.days, each.now) for each in at_once.held(device.device)}
        assert mine == {
            (each.seen, each.first_at, each.last_at, each.days, each.now) for each in one_by_one.held(device.device)
        }


def test_nothing_after_a_moment_is_taken_in(made: World, devices: list[SimulatedDevice]) -> None:
    until = end_of(made.settings.first_day + timedelta(days=4))
    reader = Reader()
    for device in devices:
        for _, first, last, days in shown_by(device, reader, until):
            assert first < until
            assert last <= until
            assert all(day < until.date() for day in days)
        view = view_of(device, Company(), until)
        if view is not None:
            assert all(section.observed_at <= until for section in view.sections.values())
            assert all(span.seen_from <= until for spans in view.history.values() for span in spans)
            assert all(each.seen_until <= until for each in view.egress)


def test_a_laptop_that_is_still_to_come_has_no_view(devices: list[SimulatedDevice]) -> None:
    assert view_of(devices[0], Company(), devices[0].enrolled_at - timedelta(seconds=1)) is None


def test_records_and_policy_go_through_their_own_readers(made: World, devices: list[SimulatedDevice]) -> None:
    roster = roster_of(devices, made.settings.keyer())
    assert roster.keys() == {each.device for each in devices}
    company = company_of(made, roster)
    assert [cohort.name for cohort in company.policy.cohorts] == ["remote_new_hire"]


def test_members_are_judged_without_ties_and_only_those_asked_for(made: World, devices: list[SimulatedDevice]) -> None:
    at = end_of(made.settings.last_day)
    by_name = {each.device: each for each in devices}
    members = Members(by_name.get, Company(), at)
    driven = next(each for each in devices if each.truth.farm)
    innocent = next(each for each in devices if not each.truth.farm)
    members.judge([driven.device, "nobody"])
    scores = members.scores([driven.device, innocent.device, "nobody"])
    assert scores.keys() == {driven.device}
    assert (members.judged, members.faults) == (1, {})
    members.judge([innocent.device])
    # A careless farm's laptop hangs on a KVM or runs a remote tool; nothing speaks against the other one.
    assert scores[driven.device].bits > 3
    assert members.scores([innocent.device])[innocent.device].bits < 3
    active = members.activity([driven.device], made.settings.first_day + timedelta(days=3))[driven.device]
    assert min(active.watched) >= made.settings.first_day + timedelta(days=3)


def test_days_of_input_end_with_the_moment(made: World, devices: list[SimulatedDevice]) -> None:
    at = datetime(2026, 10, 9, 12, tzinfo=UTC)
    for device in devices[:10]:
        told = list(days_told(device.stretches, at))
        assert all(each.day <= "2026-10-09" for each in told)
        found = activity_of(told, since=made.settings.first_day, at=at)
        assert found is None or max(found.watched) <= at.date()


def test_variants_differ_in_what_they_are_about_alone() -> None:
    base, without, sase = (
        settings_of(FarmOrder(seed=31, variant=name, devices=2_000, days=30, farms=4))
        for name in ("base", "no_bssid", "sase70")
    )
    assert (without.bssids, sase.sase) == (0.0, 0.7)
    assert msgspec.structs.replace(without, bssids=base.bssids) == base
    assert msgspec.structs.replace(sase, sase=base.sase) == base


def test_a_farm_of_six_is_searched_out_of_sixty(made: World, devices: list[SimulatedDevice]) -> None:
    searched = Searched(made, Clock(), devices=devices)
    shelf = {each.device for each in devices if each.truth.farm}
    best = max(searched.candidates(), key=lambda each: each.odds.bits)
    assert len(shelf & set(best.devices)) >= 5
    assert best.odds.attention in ("review", "urgent", "near_certain")
