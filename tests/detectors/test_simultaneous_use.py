"""simultaneous_use: one pair of hands at several laptops, and colleagues who keep the same hours."""

import pytest

from farmwatch_detectors.simultaneous_use import DETECTOR
from farmwatch_detectors.view import Rhythm, Tie

from .ties import rhythm, tie, with_ties

FIVE = tie("gateway_mac", 5)


def _levels(*rhythms: Rhythm, ties: tuple[Tie, ...] = (FIVE,)) -> list[int]:
    return [finding.level for finding in DETECTOR.detect(with_ties(*ties, rhythms=rhythms))]


def test_hit_one_stops_where_the_other_starts_for_days() -> None:
    assert _levels(rhythm()) == [2]


def test_hit_two_such_are_one_pair_of_hands_at_a_switch() -> None:
    assert _levels(rhythm("laptop-2"), rhythm("laptop-3"), rhythm("laptop-4", p=0.008)) == [3, 3, 1]


def test_hit_it_says_what_fits_how_often_and_how_often_by_chance() -> None:
    [finding] = DETECTOR.detect(with_ties(FIVE, rhythms=(rhythm(switches=70, expected=9.6, days=12),)))
    assert (
        "laptop-2, stops where it starts on 12 days: 70 of its starts fit on 12 days, 10 by chance" in finding.sentence
    )
    assert finding.evidence[0].kind == "input_source"


@pytest.mark.parametrize(("p", "level"), [(0.001, [2]), (0.0011, [1]), (0.01, [1]), (0.011, [])])
def test_the_level_follows_p(p: float, level: list[int]) -> None:
    assert _levels(rhythm(p=p)) == level


def test_honest_twin_colleagues_on_one_shift_go_together_and_weigh_little_however_sure_it_is() -> None:
    together = rhythm(kind="together", p=0.00001)
    assert _levels(together) == [1]
    assert _levels(rhythm(kind="together", p=0.005)) == []
    assert (
        "Could it be colleagues on one shift?" in next(iter(DETECTOR.detect(with_ties(rhythms=(together,))))).sentence
    )


def test_honest_twin_a_couple_that_the_roster_ties_takes_turns() -> None:
    assert _levels(rhythm(), ties=(tie("gateway_mac", 2, unrelated=(), strangers=0),)) == []


def test_honest_twin_an_office_of_the_policy_keeps_hours_together() -> None:
    office = tie("gateway_mac", 5, place="headquarters", unrelated=(), strangers=0)
    assert _levels(rhythm(), rhythm("laptop-9"), ties=(office,)) == []


def test_logins_alone_are_level_one() -> None:
    assert _levels(rhythm(source="sessions"), rhythm("laptop-3", source="sessions")) == [1, 1]


def test_miss_a_few_days_are_a_coincidence_of_calendars() -> None:
    assert _levels(rhythm(days=4)) == []
    assert _levels() == []


def test_could_not_look_where_no_input_was_watched_there_is_no_rhythm_and_no_finding() -> None:
    assert list(DETECTOR.detect(with_ties(FIVE))) == []
