"""shared_egress: who is behind one public address without being behind one gateway, and whose addresses say nothing."""

import pytest

from farmwatch_detectors.shared_egress import DETECTOR
from farmwatch_detectors.view import Tie

from .exits import egress
from .ties import crowd, tie, with_ties
from .views import KEYER

LINE = KEYER.key("address", "192.0.2.1")


def _levels(*ties: Tie, kind: str = "residential") -> list[int]:
    device = with_ties(*ties, egress=(egress(kind, "US", range(9)),))
    return [finding.level for finding in DETECTOR.detect(device)]


def _line(size: int, /, **more: object) -> Tie:
    return tie("egress", size, value=LINE.digest, **more)


@pytest.mark.parametrize(("unrelated", "level"), [(2, 1), (3, 2), (4, 2), (5, 3), (40, 2)])
def test_hit_a_travel_router_for_each_laptop_leaves_the_one_line_of_the_house(unrelated: int, level: int) -> None:
    assert _levels(_line(unrelated)) == [level]


def test_hit_three_routers_of_two_laptops_each_are_told_with_all_six() -> None:
    pair = tie("gateway_mac", 2)
    [finding] = DETECTOR.detect(with_ties(pair, _line(6), egress=(egress("residential", "US", range(9)),)))
    assert finding.level == 3
    assert "5 devices of people unrelated" in finding.sentence
    assert "6 of 600 devices" in finding.sentence
    assert "1 other laptop in 500" in finding.sentence  # share 0.002


def test_miss_whom_the_gateway_ties_already_is_not_told_twice() -> None:
    assert _levels(tie("gateway_mac", 5), _line(5)) == []


def test_a_gateway_that_ties_nobody_hides_nobody() -> None:
    assert _levels(tie("gateway_mac", 5, scattered=True), _line(5)) == [3]


def test_a_block_of_addresses_is_weak_and_says_nothing_of_those_its_address_told() -> None:
    block = tie("egress_block", 5)
    assert _levels(block) == [1]
    assert _levels(tie("egress_block", 2)) == []
    assert _levels(_line(5), block) == [3]


@pytest.mark.parametrize(("bits", "level"), [(None, [1]), (-1.0, []), (0.5, [1]), (3.0, [2]), (6.0, [3])])
def test_what_the_fleet_measures_caps_what_a_count_may_say(bits: float | None, level: list[int]) -> None:
    assert _levels(_line(6, bits=bits)) == level


@pytest.mark.parametrize("kind", ["mobile", "shared"])
def test_honest_twin_neighbours_behind_a_carrier_s_translation_count_only_where_it_is_measured(kind: str) -> None:
    assert _levels(_line(6, bits=None), kind=kind) == []
    assert _levels(_line(6, bits=1.5), kind=kind) == []
    assert _levels(_line(6, bits=6.0), kind=kind) == [1]


@pytest.mark.parametrize("kind", ["sase", "company", "hosting", "vpn", "private"])
def test_honest_twin_an_exit_of_the_company_or_of_servers_ties_nobody(kind: str) -> None:
    assert _levels(_line(6), kind=kind) == []


def test_honest_twin_an_office_of_the_policy_explains_its_line_too() -> None:
    assert _levels(tie("gateway_mac", 9, place="headquarters", strangers=0, unrelated=()), _line(9)) == []
    assert _levels(_line(9, place="headquarters", strangers=0, unrelated=())) == []


def test_honest_twin_a_couple_that_the_roster_ties_is_nobody_s_business() -> None:
    assert _levels(_line(2, unrelated=(), strangers=0)) == []


def test_an_address_of_fifty_thousand_and_one_found_everywhere_tie_nobody() -> None:
    assert _levels(crowd("egress"), crowd("egress_block", bits=8.0)) == []
    assert _levels(_line(9, scattered=True)) == []


def test_could_not_look_an_address_of_which_nothing_is_known_is_judged_by_what_was_measured() -> None:
    assert [it.level for it in DETECTOR.detect(with_ties(tie("egress", 3)))] == [2]
    assert [it.level for it in DETECTOR.detect(with_ties(tie("egress", 3, bits=None)))] == [1]
    assert list(DETECTOR.detect(with_ties())) == []
