"""first_boot_cluster: who began in one place, wherever they are now, and benches, where everybody begins."""

from datetime import timedelta

import pytest

from farmwatch_detectors.first_boot_cluster import DETECTOR
from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import Tie

from .ties import crowd, tie, with_ties
from .views import NOW


def _began(size: int, /, **more: object) -> Tie:
    return tie("first_network", size, first=True, **more)


def _levels(*ties: Tie, roster: RosterEntry | None = None) -> list[int]:
    return [finding.level for finding in DETECTOR.detect(with_ties(*ties, roster=roster))]


@pytest.mark.parametrize(("unrelated", "level"), [(2, 1), (4, 1), (5, 2), (20, 2)])
def test_hit_laptops_that_were_delivered_to_one_house_and_separated_later(unrelated: int, level: int) -> None:
    assert _levels(_began(unrelated)) == [level]


def test_hit_two_who_stayed_do_not_hide_the_four_who_went() -> None:
    [finding] = DETECTOR.detect(with_ties(tie("gateway_mac", 2), _began(6)))
    assert finding.level == 2
    assert "where 5 devices of people unrelated to its user had theirs" in finding.sentence
    assert finding.seen_from == NOW.isoformat()


def test_miss_whoever_is_still_there_is_the_gateway_s_to_tell() -> None:
    assert _levels(tie("gateway_mac", 5), _began(5)) == []
    assert _levels(tie("gateway_mac", 5)) == []


@pytest.mark.parametrize(("bits", "level"), [(None, [1]), (-1.0, []), (3.9, [1]), (4.0, [2])])
def test_what_the_fleet_measures_decides_whether_five_are_many(bits: float | None, level: list[int]) -> None:
    assert _levels(_began(5, bits=bits)) == level


def test_honest_twin_a_staging_bench_ties_nobody_when_all_begin_there() -> None:
    assert _levels(crowd("first_network"), _began(200, bits=-2.5)) == []
    assert _levels(_began(30, place="staging bench", unrelated=(), strangers=0)) == []


def test_honest_twin_what_was_before_the_hand_over_is_told_and_counts_nothing() -> None:
    bench = _began(9, since=NOW - timedelta(days=20))
    first_day = RosterEntry(person="p", start_on=NOW.date() - timedelta(days=10))
    [finding] = DETECTOR.detect(with_ties(bench, roster=first_day))
    assert finding.level == 0
    assert finding.sentence.endswith("as on IT's bench.")
    # Eight in the morning of the first day in Auckland (UTC+13) is seven in the evening of the day before, UTC.
    same_day = RosterEntry(person="p", start_on=NOW.date() - timedelta(days=19))
    assert _levels(bench, roster=same_day) == [2]


def test_could_not_look_a_laptop_whose_first_network_is_not_known_is_no_finding() -> None:
    assert _levels() == []
