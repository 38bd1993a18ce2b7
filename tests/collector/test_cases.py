"""When a case opens, changes and comes back; and how one may be closed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.assessment import Assessment, AttentionLevel, GroupLevel
from farmwatch_collector.cases import Case, CaseError, closing, follow, points_of, written
from farmwatch_schema.finding import Group

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: docs/scoring.md: points from which each level holds.
STEPS: tuple[tuple[int, AttentionLevel], ...] = ((83, "near_certain"), (67, "urgent"), (51, "review"), (33, "watch"))


def judged(points: int, at: datetime = START, groups: tuple[Group, ...] = ("H",)) -> Assessment:
    return Assessment(
        device="d",
        at=at,
        bits=0.0,
        probability=0.0,
        points=points,
        attention=next((level for least, level in STEPS if points >= least), "none"),
        bars=(),
        groups=tuple(GroupLevel(group=group, level=2, bits=4.0) for group in groups),
        findings=(),
        coverage=1.0,
        sentence="Something stands out.",
    )


def opened(points: int = 60, groups: tuple[Group, ...] = ("H",)) -> Case:
    done = follow(judged(points, groups=groups), None)
    assert done is not None
    assert done.opens
    return msgspec.structs.replace(done.case, id=1)


def run(case: Case, *steps: tuple[timedelta, int]) -> tuple[Case, list[str]]:
    """Feeds judgements, each so long after the start; returns the case and what was told."""
    told: list[str] = []
    for after, points in steps:
        done = follow(judged(points, START + after, case.groups), case)
        if done is not None:
            case = done.case
            told.append(done.action)
    return case, [word for word in told if word]


def closed(case: Case, **changes: Any) -> Case:
    values = {"state": "closed", "closed_at": START + HOUR, "closed_as": "confirmed", "rest": case.points, **changes}
    return msgspec.structs.replace(case, **values)


def test_the_points_of_each_level_are_those_of_the_scale() -> None:
    assert [round(points_of(level)) for _, level in STEPS] == [least for least, _ in STEPS]


def test_nothing_opens_below_review() -> None:
    assert follow(judged(50), None) is None


def test_the_same_again_changes_nothing() -> None:
    case = opened()
    assert follow(judged(60, START + HOUR), case) is None


def test_nine_points_more_are_noise_and_ten_are_growth() -> None:
    case, told = run(opened(52), (HOUR, 61))
    assert told == []
    case, told = run(case, (2 * HOUR, 62))
    assert (told, case.standing, case.points) == (["escalated"], "escalating", 62)
    # Ten more than at the last growth, not than at the opening.
    assert run(case, (3 * HOUR, 66))[1] == []


def test_a_new_group_escalates_once_however_often_it_comes_and_goes() -> None:
    case = opened()
    told: list[str] = []
    for number in range(6):
        groups: tuple[Group, ...] = ("H", "R") if number % 2 == 0 else ("H",)
        done = follow(judged(60, START + number * HOUR, groups), case)
        if done is not None:
            case = done.case
            told.append(done.action)
    assert [word for word in told if word] == ["escalated"]
    assert case.groups == ("H", "R")


def test_the_level_rises_at_once_and_falls_only_after_a_day_ten_points_below() -> None:
    case, told = run(opened(62), (HOUR, 68))
    assert (case.level, told) == ("urgent", ["rose"])
    # 58 is under urgent, yet not ten points: 67 less 10 is 57.
    case, told = run(case, (2 * HOUR, 58), (30 * HOUR, 58))
    assert (case.level, told) == ("urgent", [])
    case, told = run(case, (31 * HOUR, 55), (54 * HOUR, 55))
    assert (case.level, told) == ("urgent", [])
    case, told = run(case, (55 * HOUR, 55))
    assert (case.level, told) == ("review", ["dropped"])


def test_a_dip_of_less_than_a_day_is_forgotten() -> None:
    case, told = run(opened(60), (HOUR, 10), (20 * HOUR, 60), (26 * HOUR, 10), (49 * HOUR, 60))
    assert (case.level, told, case.low_since) == ("review", [], None)


@given(st.lists(st.tuples(st.integers(1, 600), st.integers(42, 61)), max_size=40))
def test_no_wobble_around_review_is_ever_told(steps: list[tuple[int, int]]) -> None:
    at, case = timedelta(0), opened(52)
    for minutes, points in steps:
        at += timedelta(minutes=minutes)
        case, told = run(case, (at, points))
        assert told == []
        assert case.standing == "new"


def test_a_case_that_changed_visibly_has_another_version_and_a_dip_is_not_visible() -> None:
    case = opened()
    assert run(case, (HOUR, 75))[0].version == case.version + 1
    dipped = run(case, (HOUR, 20))[0]
    assert dipped.low_since == START + HOUR
    assert dipped.version == case.version


def test_a_closed_case_does_not_come_back_by_what_was_known() -> None:
    done = follow(judged(69, START + 2 * HOUR), closed(opened(60)))
    assert done is None


@pytest.mark.parametrize(
    ("points", "groups", "changes", "why"),
    [
        (60, ("H", "I"), {}, "a new group (input provenance)"),
        (70, ("H",), {}, "10 points more than after its close"),
        (52, ("H",), {"fell": True}, "below review for a day, and up again"),
        (52, ("H",), {"until": START + 2 * HOUR, "closed_as": "benign"}, "what case 1 expected has ended"),
        (60, ("H",), {"until": START + 2 * HOUR, "closed_as": "benign", "rest": 0}, "what case 1 expected has ended"),
    ],
)
def test_a_device_returns_as_such(points: int, groups: tuple[Group, ...], changes: dict[str, Any], why: str) -> None:
    done = follow(judged(points, START + 2 * HOUR, groups), closed(opened(60), **changes))
    assert done is not None
    assert (done.opens, done.action, done.case.standing, done.case.previous) == (True, "returned", "returned", 1)
    assert why in done.words


def test_it_does_not_return_below_review_whatever_is_new() -> None:
    done = follow(judged(50, START + 2 * HOUR, ("H", "I", "P")), closed(opened(60)))
    assert done is None or not done.opens


def test_after_a_sanctioned_close_the_first_judgement_says_what_is_normal_now() -> None:
    case = closed(opened(60), closed_as="sanctioned", rest=None, until=START + 90 * DAY)
    done = follow(judged(4, START + 2 * HOUR), case)
    assert done is not None
    assert done.case.rest == 4
    back = follow(judged(55, START + 3 * HOUR), done.case)
    assert back is not None
    assert "51 points more" in back.words


def test_a_closed_device_that_falls_for_a_day_is_flagged_anew_when_it_rises() -> None:
    case = closed(opened(60))
    for after, points in ((2 * HOUR, 20), (26 * HOUR, 20)):
        done = follow(judged(points, START + after), case)
        assert done is not None
        assert not done.opens
        case = done.case
    assert case.fell
    back = follow(judged(55, START + 30 * HOUR), case)
    assert back is not None
    assert back.opens


def test_a_stale_judgement_and_one_from_before_the_close_do_nothing() -> None:
    case = closed(opened(60))
    assert follow(judged(99, START + 2 * HOUR, ("H", "R")), case, stale=True) is None
    assert follow(judged(99, START + HOUR, ("H", "R")), case) is None


# closing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("closed_as", ["sanctioned", "benign"])
def test_an_expectation_ends_after_90_days_unless_it_is_said_otherwise(closed_as: str) -> None:
    assert closing(closed_as, "why", "", START).until == datetime(2027, 2, 1, tzinfo=UTC)
    assert closing(closed_as, "why", "2026-11-02", START).until == datetime(2026, 11, 3, tzinfo=UTC)
    assert closing(closed_as, "why", "2027-05-01", START).until == datetime(2027, 5, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("closed_as", "reason", "until", "said"),
    [
        ("undecided", "why", "", "confirmed, sanctioned, benign, false_reading"),
        ("confirmed", " \n ", "", "A reason is needed"),
        ("confirmed", "why", "2026-12-01", "goes with sanctioned and benign only"),
        ("benign", "why", "2027-05-02", "from 2026-11-02 to 2027-05-01"),
        ("benign", "why", "2026-11-01", "from 2026-11-02"),
        ("benign", "why", "soon", "is no day"),
        ("benign", "w" * 2_001, "", "at most 2000 characters"),
        ("benign", "\x1b[31mred", "", "U+001B"),
    ],
)
def test_a_close_that_cannot_be_taken_says_what_to_do(closed_as: str, reason: str, until: str, said: str) -> None:
    with pytest.raises(CaseError) as caught:
        closing(closed_as, reason, until, START)
    assert said in str(caught.value)


def test_text_of_people_keeps_its_lines_and_letters() -> None:
    assert written(" one\r\ntwo ", "A note", 20) == "one\ntwo"
    assert written("\u0645\u06cc\u200c\u062e", "A note", 20) == "\u0645\u06cc\u200c\u062e"
    with pytest.raises(CaseError, match=r"U\+000A"):
        written("one\ntwo", "An owner", 20, line=True)
    with pytest.raises(CaseError, match=r"U\+202E"):
        written("a\u202eb", "A note", 20)
