"""Weeks in which more people have questions than chance explains, and weeks too small to say."""

import math
from datetime import date, timedelta

import pytest

from farmwatch_collector.roster.cohorts import tail, weeks_of
from farmwatch_detectors.policy import RecordQuestion, RosterEntry

MONDAY = date(2026, 11, 2)


def joined(week: int, people: int, asked: int, kind: str = "phone_shape") -> list[RosterEntry]:
    questions = (RecordQuestion(kind=kind, question="Which?"),)
    return [
        RosterEntry(
            person=f"p-{week}-{number}",
            start_on=MONDAY + timedelta(days=7 * week + number % 5),
            questions=questions if number < asked else (),
        )
        for number in range(people)
    ]


def test_a_tail_is_the_binomial_s() -> None:
    assert tail(10, 0, 0.1) == 1.0
    assert tail(10, 1, 0.1) == pytest.approx(1 - 0.9**10)
    assert tail(10, 10, 0.1) == pytest.approx(1e-10)
    exact = sum(math.comb(20, hits) * 0.3**hits * 0.7 ** (20 - hits) for hits in range(8, 21))
    assert tail(20, 8, 0.3) == pytest.approx(exact)
    assert 0 <= tail(100_000, 60_000, 0.5) < 1e-300 or tail(100_000, 60_000, 0.5) == 0


def test_a_week_with_more_questions_than_the_others_is_a_spike_and_they_are_not() -> None:
    entries = [entry for week in range(10) for entry in joined(week, 20, 1)] + joined(10, 12, 7)
    weeks, unknown = weeks_of(entries)
    assert unknown == 0
    assert [week.spike for week in weeks] == [False] * 10 + [True]
    last = weeks[-1]
    assert (last.begins, last.joined, last.asked, last.kinds) == (
        MONDAY + timedelta(weeks=10),
        12,
        7,
        {"phone_shape": 7},
    )
    # 10 of 200 others: (10 + 0.5) / (200 + 1) of 12 people.
    assert last.expected == pytest.approx(12 * 10.5 / 201, abs=0.01)
    assert last.chance == pytest.approx(tail(12, 7, 10.5 / 201))


def test_small_numbers_say_nothing() -> None:
    crowd = [entry for week in range(5) for entry in joined(week, 20, 0)]
    for people, asked in ((4, 4), (6, 2)):
        assert not weeks_of(crowd + joined(9, people, asked))[0][-1].spike
    assert weeks_of(joined(0, 8, 8))[0][0].chance is None  # nobody to compare with


def test_a_quiet_fleet_has_no_spike_by_chance() -> None:
    weeks, _ = weeks_of([entry for week in range(52) for entry in joined(week, 10, week % 3)])
    assert not any(week.spike for week in weeks)


def test_foreign_numbers_are_no_spike_when_an_office_opens_abroad() -> None:
    crowd = [entry for week in range(10) for entry in joined(week, 20, 1)]
    assert not weeks_of(crowd + joined(10, 15, 15, "phone_country"))[0][-1].spike


def test_people_are_counted_and_not_laptops_and_who_has_no_first_day_is_left_out() -> None:
    [entry] = joined(0, 1, 1)
    weeks, unknown = weeks_of([entry, entry, RosterEntry(person="p-9")])
    assert [(week.joined, week.asked) for week in weeks] == [(1, 1)]
    assert unknown == 1
