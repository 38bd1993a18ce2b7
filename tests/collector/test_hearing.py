"""How a device reports, from the reports alone: the same in the store and offline, in a few bytes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.evaluate import Company, judge
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.hearing import HOURS, Hearing, packed, unpacked
from farmwatch_collector.offline import Laptop
from farmwatch_collector.store import open_store
from farmwatch_collector.store.protocol import Device, Incoming
from farmwatch_detectors.view import Reporting
from farmwatch_schema import codec
from farmwatch_schema.report import Report

from .reports import NOW, located, report

BOOT, OTHER, THIRD = "0" * 15 + "1", "0" * 15 + "2", "0" * 15 + "3"
AT = int(NOW.timestamp())


def feed(*reports: tuple[float, str, int], waited: float = 0.0) -> tuple[Hearing, list[str]]:
    """Reports as (hours since noon, boot, uptime), received when made, or `waited` hours later."""
    hearing = Hearing()
    news = [
        hearing.take(AT + int(at * 3600), AT + int((at + waited) * 3600), boot, uptime) for at, boot, uptime in reports
    ]
    return hearing, news


def test_hours_with_a_report_are_kept_for_fourteen_days() -> None:
    hearing, _ = feed((0, BOOT, 100), (1, BOOT, 3700), (5.5, BOOT, 9000), (5.9, BOOT, 9900))
    noon = AT // 3600
    assert hearing.hours(NOW + timedelta(hours=6)) == (noon, noon + 1, noon + 5)
    assert hearing.hours(NOW + timedelta(hours=HOURS)) == (noon + 1, noon + 5)
    assert hearing.hours(NOW + timedelta(days=15)) == ()


def test_a_report_that_waited_counts_where_it_was_made() -> None:
    hearing, _ = feed((0, BOOT, 100), (1, BOOT, 3700), waited=9)
    assert hearing.hours(NOW + timedelta(hours=10)) == (AT // 3600, AT // 3600 + 1)


@pytest.mark.parametrize("made", [0, AT + 7200])
def test_a_clock_that_cannot_be_right_counts_where_it_was_received(made: int) -> None:
    hearing = Hearing()
    hearing.take(made, AT, BOOT, 60)
    assert hearing.hours(NOW) == (AT // 3600,)


def test_it_stays_small_however_long_a_device_reports() -> None:
    hearing, _ = feed(*((hour, f"{hour:016x}", 60) for hour in range(24 * 60)))
    assert len(packed(hearing)) < 250
    assert unpacked(packed(hearing)).hours(NOW + timedelta(days=60)) == hearing.hours(NOW + timedelta(days=60))


def test_an_uptime_that_stands_still_is_counted_and_told_at_three_and_twelve() -> None:
    _, news = feed(*((number / 4, BOOT, 5000) for number in range(14)))
    assert [place for place, each in enumerate(news) if each] == [3, 12]
    hearing, news = feed((0, BOOT, 50), (1, BOOT, 50), (2, BOOT, 50), (3, BOOT, 50), (4, BOOT, 7200))
    assert (hearing.stuck, news[-1]) == (0, "stuck")


@pytest.mark.parametrize(
    "reports",
    [
        [(number / 4, BOOT, 60 + 900 * number) for number in range(6)],
        [(0, BOOT, 60), (0, BOOT, 60), (0, BOOT, 60), (0, BOOT, 60), (0, BOOT, 60)],  # within one second
        [(0, BOOT, 60), (1, OTHER, 60), (2, THIRD, 60), (3, BOOT, 60)],  # an uptime of a minute after each start
        [(number, "", 60) for number in range(6)],  # the boot is not known
        [(number, BOOT, 0) for number in range(6)],  # nor the uptime
    ],
)
def test_an_uptime_that_moves_or_is_not_known_is_not_stuck(reports: list[tuple[float, str, int]]) -> None:
    hearing, news = feed(*reports)
    assert (hearing.stuck, set(news)) == (0, {""})


def test_a_boot_that_goes_on_beside_another_one_is_told() -> None:
    _, news = feed((0, BOOT, 3600), (1, OTHER, 60), (2, BOOT, 3 * 3600), (3, OTHER, 2 * 3600 + 60))
    assert news == ["", "", "two_boots", "two_boots"]


def test_a_machine_set_back_to_a_snapshot_does_not_run_beside_itself() -> None:
    # The old boot's number comes back, and its uptime is that of the snapshot: it began later, by this reckoning.
    _, news = feed((0, BOOT, 3600), (1, OTHER, 60), (30, BOOT, 3700))
    assert news == ["", "", ""]


@given(st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40), st.sampled_from(["", BOOT, OTHER, "x" * 5000]),
                          st.integers(-(2**70), 2**70)), max_size=40))  # fmt: skip
def test_whatever_a_device_says_of_its_times_is_kept_in_bounds(said: list[tuple[int, int, str, int]]) -> None:
    hearing = Hearing()
    for made, received, boot, uptime in said:
        hearing.take(made, received, boot, uptime)
    again = unpacked(packed(hearing))
    assert again == hearing
    assert len(packed(again)) < 300
    assert len(again.hours(NOW)) <= HOURS


def days_of_reports() -> list[Report]:
    """Two weeks of office hours with a report every half hour, three frozen ones and two boots at the end."""
    made: list[Report] = []
    epoch, begun = "a" * 32, NOW - timedelta(days=13)
    for day in range(13):
        for half in range(18):
            at = begun + timedelta(days=day, hours=half / 2 - 4)
            made.append(report("d1", {}, at, epoch=epoch, sequence=len(made) + 1))
    for minutes, boot, uptime in ((0, BOOT, 500), (15, BOOT, 500), (30, BOOT, 500), (45, BOOT, 500), (60, OTHER, 5),
                                  (75, BOOT, 2300)):  # fmt: skip
        at = NOW + timedelta(minutes=minutes)
        each = report("d1", {}, at, epoch=epoch, sequence=len(made) + 1)
        made.append(msgspec.structs.replace(each, boot=boot, uptime_seconds=uptime))
    return chained(made)


def chained(reports: Sequence[Report]) -> list[Report]:
    done: list[Report] = []
    previous = ""
    for each in reports:
        done.append(msgspec.structs.replace(each, previous=previous))
        previous = codec.digest_of(codec.encode(done[-1]))
    return done


def offline(reports: Sequence[Report], now: datetime) -> Reporting | None:
    laptop = Laptop("d1")
    for each in located(reports):
        laptop.take(each)
    return laptop.view(Company(), Fleet(), now).reporting


def stored(reports: Sequence[Report], now: datetime, folder: Path) -> Reporting | None:
    store = open_store(f"sqlite:///{folder}/farmwatch.db")
    try:
        store.add_token("t", "test", 1, now + timedelta(days=1))
        begun = datetime.fromisoformat(reports[0].created_at)
        store.enrol("t", Device(device="d1", name="d1", platform="linux", public_key=bytes(32), enrolled_at=begun))
        for each in reports:
            digest = codec.digest_of(codec.encode(each))
            (answer,) = store.commit([Incoming(each, digest, datetime.fromisoformat(each.created_at))])
            assert answer.status == "accepted", answer.message
        view = store.view("d1", now)
        assert view is not None
        return view.reporting
    finally:
        store.close()


def test_the_store_and_files_tell_the_same(tmp_path: Path) -> None:
    reports, now = days_of_reports(), NOW + timedelta(hours=2)
    told = stored(reports, now, tmp_path)
    assert told == offline(reports, now)
    assert told is not None
    assert (told.boot, told.uptime_seconds) == (BOOT, 2300)
    assert [each.kind for each in told.events] == ["two_boots"]
    assert len(told.heard) == 13 * 9 + 2


def test_it_survives_another_process_and_a_restart(tmp_path: Path) -> None:
    reports = days_of_reports()
    half = stored(reports[:5], NOW, tmp_path)
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    try:
        for each in reports[5:]:
            digest = codec.digest_of(codec.encode(each))
            store.commit([Incoming(each, digest, datetime.fromisoformat(each.created_at))])
        view = store.view("d1", NOW + timedelta(hours=2))
        assert view is not None
        assert half is not None
        assert view.reporting == offline(reports, NOW + timedelta(hours=2))
    finally:
        store.close()


def test_a_frozen_device_is_looked_at_though_nothing_in_its_reports_changes(tmp_path: Path) -> None:
    quarter = timedelta(minutes=15)
    frozen = chained(
        [
            msgspec.structs.replace(
                report("d1", {}, NOW + quarter * place, epoch="a" * 32, sequence=place + 1), uptime_seconds=500
            )
            for place in range(5)
        ]
    )
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    try:
        store.add_token("t", "test", 1, NOW + timedelta(days=1))
        store.enrol("t", Device(device="d1", name="d1", platform="linux", public_key=bytes(32), enrolled_at=NOW))
        due: list[bool] = []
        for each in frozen:
            made = datetime.fromisoformat(each.created_at)
            store.commit([Incoming(each, codec.digest_of(codec.encode(each)), made)])
            due.append("d1" in store.due(made, 1))
            view = store.view("d1", made + timedelta(seconds=1))
            assert view is not None
            assessment = judge(view)
            store.save(assessment, "v", None)
        assert due == [True, False, False, True, False]
        assert [each.detector for each in assessment.findings] == ["frozen_report"]
    finally:
        store.close()


def test_a_device_that_never_reported_is_told_as_such(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    try:
        store.add_token("t", "test", 1, NOW + timedelta(days=1))
        store.enrol("t", Device(device="d1", name="d1", platform="linux", public_key=bytes(32), enrolled_at=NOW))
        view = store.view("d1", NOW)
        assert view is not None
        assert view.reporting is None
    finally:
        store.close()
