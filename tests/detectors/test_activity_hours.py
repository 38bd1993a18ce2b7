"""Hours of use: a night by the roster's clock, days without an end, two rhythms; all of them ordinary somewhere."""

from datetime import date, timedelta

import msgspec
import pytest

from farmwatch_detectors.activity_hours import detect
from farmwatch_detectors.groups import silence_table, why_grey
from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import DeviceView, SectionView
from farmwatch_detectors.zones import offset_minutes
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.input_source import InputDay

from .input_days import BUILT_IN, day, only, remembering, workdays
from .views import NOW, view

#: Chicago is UTC-6 in winter (IANA time-zone database): nine to five there is 15 to 23 UTC.
CHICAGO = HostFacts(os="Debian GNU/Linux", chassis="laptop", hypervisor="", utc_offset_minutes=-360)
NINE_TO_FIVE = "0" * 15 + "f" * 8 + "0"
#: Nine to five in Seoul (UTC+9) is 0 to 8 UTC, in Chicago 18 to 2 o'clock.
SEOUL = "f" * 8 + "0" * 16
#: Ten at night to six in the morning in Chicago: 4 to 12 UTC.
NIGHT = "0" * 4 + "f" * 8 + "0" * 12


def lived(days: list[InputDay], host: HostFacts = CHICAGO, zone: str = "America/Chicago") -> DeviceView:
    device = remembering(days, host=host)
    return msgspec.structs.replace(device, roster=RosterEntry(person="p-1", time_zone=zone))


def hours(slots: str, count: int = 20, first: int = 1) -> list[InputDay]:
    return workdays(count, BUILT_IN, first=first, slots=slots)


@pytest.mark.parametrize("slots", [NIGHT, SEOUL])
def test_hit_nights_by_the_rosters_clock_for_three_weeks_are_level_two(slots: str) -> None:
    found = only(detect(lived(hours(slots))))
    assert found.level == 2
    assert "between 22 and 6 o'clock in America/Chicago" in found.sentence


def test_hit_sixteen_hours_and_more_on_five_days_are_level_two() -> None:
    long = [*hours("0" * 4 + "f" * 17 + "000", 5), *hours(NINE_TO_FIVE, 12, first=6)]
    found = only(detect(lived(long)))
    assert (found.level, "16 hours" in found.sentence) == (2, True)


def test_hit_two_blocks_a_day_are_level_one() -> None:
    # 8 to 11 and 19 to 22 o'clock in Chicago: 14 to 17 UTC, and 1 to 4 of the next day.
    two = "0fff" + "0" * 10 + "fff" + "0" * 7
    assert only(detect(lived(hours(two)))).level == 1


def test_hit_days_and_nights_by_turns_are_level_one() -> None:
    turns = [*hours(NINE_TO_FIVE, 10), *hours(NIGHT, 8, first=11)]
    assert only(detect(lived(turns))).level == 1


@pytest.mark.parametrize("slots", [NINE_TO_FIVE, "0" * 13 + "f" * 11])
def test_miss_office_hours_long_days_and_evenings(slots: str) -> None:
    assert list(detect(lived(hours(slots)))) == []


def test_miss_fourteen_nights_are_too_few() -> None:
    assert list(detect(lived(hours(NIGHT, 14)))) == []


def test_honest_twin_somebody_on_a_journey_whose_laptop_keeps_local_time() -> None:
    abroad = msgspec.structs.replace(CHICAGO, utc_offset_minutes=540)
    assert list(detect(lived(hours(NIGHT), host=abroad))) == []


def test_honest_twin_the_change_to_winter_time_moves_nobody() -> None:
    # Nine to five in Chicago is 14 to 22 UTC until 1 November 2026, then 15 to 23.
    assert offset_minutes("America/Chicago", date(2026, 10, 30)) == -300
    assert offset_minutes("America/Chicago", date(2026, 11, 20)) == -360
    changed = date(2026, 11, 1)
    days = [
        day(
            ago,
            BUILT_IN,
            slots="0" * 14 + "f" * 8 + "00" if (NOW - timedelta(days=ago)).date() < changed else NINE_TO_FIVE,
        )
        for ago in range(1, 25)
    ]
    assert list(detect(lived(days))) == []


def test_honest_twin_a_weeks_night_shift_is_not_two_thirds() -> None:
    assert list(detect(lived([*hours(NINE_TO_FIVE, 14), *hours(NIGHT, 4, first=15)]))) == []


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "America/Chicago\0"])
def test_could_not_look_without_a_known_zone_nights_are_nobodys(zone: str) -> None:
    assert [each for each in detect(lived(hours(NIGHT), zone=zone)) if each.level == 2] == []


def test_could_not_look_is_no_finding_and_no_silence() -> None:
    unknown = lived(hours(NIGHT), host=HostFacts(), zone="")
    assert list(detect(unknown)) == []
    blind = SectionView(kind="input_source", outcome="not_permitted", observed_at=NOW)
    device = msgspec.structs.replace(view(), sections={"input_source": blind})
    assert list(detect(device)) == []
    assert why_grey(device, silence_table()["P"]) != ""


def test_miss_slots_that_are_none_are_left_out() -> None:
    assert list(detect(lived(hours("z" * 24)))) == []
    assert list(detect(lived(hours("f")))) == []
