"""When a device had input: from what its reports tell of days, else from logins that began and ended."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

from farmwatch_collector.farms.activity import activity_of
from farmwatch_collector.farms.source import Activity
from farmwatch_detectors.view import Span
from farmwatch_schema.observables.input_source import InputDay
from farmwatch_schema.observables.sessions import Session

AT = datetime(2026, 3, 20, 12, tzinfo=UTC)
SINCE = date(2026, 3, 1)
DAY = date(2026, 3, 18)
NINE = 9 * 4  # the quarter of an hour from 9:00


def told(slots: str, watched: int = 480, day: str = "2026-03-18") -> InputDay:
    return InputDay(day=day, method="evdev", slots=slots, watched=watched)


def login(since: str, first: str, last: str | None, *, ended: bool = False, from_start: bool = False) -> Span:
    return Span(
        kind="sessions",
        item=Session(origin="console", protocol="wayland", since=since, ended=ended),
        seen_from=datetime.fromisoformat(first),
        seen_until=datetime.fromisoformat(last) if last else None,
        from_start=from_start,
    )


def of_sessions(*spans: Span) -> Activity | None:
    return activity_of((), spans, since=SINCE, at=AT)


def quarters(found: Activity | None, day: date = DAY) -> list[int]:
    assert found is not None
    return [slot for slot in range(96) if found.slots.get(day, 0) >> slot & 1]


def test_the_first_digit_tells_the_first_hour_of_the_day() -> None:
    # 8 is 1000: of four quarters of an hour the first; 1 is 0001: the last.
    found = activity_of([told("8" + "0" * 22 + "1")], since=SINCE, at=AT)
    assert quarters(found) == [0, 95]
    assert found == Activity(slots={DAY: 1 | 1 << 95}, watched={DAY: 480})


def test_a_day_told_several_times_is_one_whatever_came_first() -> None:
    parts = [told("8" + "0" * 23, 60), told("c" + "0" * 23, 300), told("0" * 23 + "1", 480)]
    answers = [activity_of(order, since=SINCE, at=AT) for order in permutations(parts)]
    assert all(answer == answers[0] for answer in answers)
    assert quarters(answers[0]) == [0, 1, 95]


def test_days_before_and_digits_that_are_none_are_left_out() -> None:
    days = [told("8" + "0" * 23, day="2026-02-28"), told("8"), told("x" * 24), told("8" + "0" * 23, day="yesterday")]
    assert activity_of(days, since=SINCE, at=AT) is None


def test_a_day_without_input_that_was_watched_is_known_to_be_idle() -> None:
    assert activity_of([told("0" * 24)], since=SINCE, at=AT) == Activity(slots={DAY: 0}, watched={DAY: 480})


def test_nobody_knows_where_neither_input_nor_logins_are_told() -> None:
    assert activity_of([], [], since=SINCE, at=AT) is None


def test_where_input_is_not_told_a_login_fills_its_quarters() -> None:
    found = of_sessions(login("2026-03-18T09:05Z", "2026-03-18T09:06+00:00", "2026-03-18T10:20+00:00"))
    assert found is not None
    assert found.source == "sessions"
    assert quarters(found) == [NINE, NINE + 1, NINE + 2, NINE + 3, NINE + 4, NINE + 5]


def test_where_input_is_told_logins_are_not_looked_at() -> None:
    spans = [login("2026-03-17T09:05Z", "2026-03-17T09:06+00:00", "2026-03-17T10:20+00:00")]
    found = activity_of([told("8" + "0" * 23)], spans, since=SINCE, at=AT)
    assert found == Activity(slots={DAY: 1}, watched={DAY: 480})


def test_a_login_told_as_ended_ended_when_that_was_first_told() -> None:
    found = of_sessions(login("2026-03-18T09:00Z", "2026-03-18T09:40+00:00", None, ended=True))
    assert quarters(found) == [NINE, NINE + 1, NINE + 2]


def test_when_a_login_ended_that_was_over_at_the_first_look_nobody_knows() -> None:
    assert of_sessions(login("2026-03-18T09:00Z", "2026-03-19T09:00+00:00", None, ended=True, from_start=True)) is None


def test_a_login_over_days_says_nothing_of_who_is_there() -> None:
    assert of_sessions(login("2026-03-16T09:00Z", "2026-03-16T09:01+00:00", None)) is None


def test_a_login_over_midnight_is_on_both_days() -> None:
    found = of_sessions(login("2026-03-18T23:50Z", "2026-03-18T23:51+00:00", "2026-03-19T00:10+00:00"))
    assert quarters(found) == [95]
    assert quarters(found, DAY + timedelta(days=1)) == [0]


def test_the_order_of_logins_makes_no_difference() -> None:
    spans: Sequence[Span] = [
        login("2026-03-18T09:00Z", "2026-03-18T09:01+00:00", "2026-03-18T09:20+00:00"),
        login("2026-03-18T09:00Z", "2026-03-18T09:22+00:00", None, ended=True),
        login("2026-03-18T11:00Z", "2026-03-18T11:01+00:00", "2026-03-18T11:20+00:00"),
    ]
    answers = [of_sessions(*order) for order in permutations(spans)]
    assert all(answer == answers[0] for answer in answers)
    assert quarters(answers[0]) == [NINE, NINE + 1, NINE + 8, NINE + 9]
