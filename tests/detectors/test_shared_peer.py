"""shared_peer: one stranger who connects to laptops of unrelated people, and the help desk, which does just that."""

import pytest

from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.shared_peer import DETECTOR
from farmwatch_detectors.view import Tie

from .ties import crowd, tie, with_ties

HELP_DESK = Policy(sanctions=(Sanction(owner="it@example.com", reason="help desk", tool="teamviewer"),))


def _levels(*ties: Tie, policy: Policy | None = None) -> list[int]:
    return [finding.level for finding in DETECTOR.detect(with_ties(*ties, policy=policy or Policy()))]


@pytest.mark.parametrize(("unrelated", "level"), [(2, 1), (4, 1), (5, 2), (30, 2)])
def test_hit_an_operator_who_comes_without_a_relay(unrelated: int, level: int) -> None:
    assert _levels(tie("remote_peer", unrelated)) == [level]


def test_miss_a_peer_of_its_own_and_other_ties() -> None:
    assert _levels(tie("remote_peer", 3, unrelated=(), strangers=0), tie("gateway_mac", 5)) == []


@pytest.mark.parametrize(("bits", "level"), [(None, [1]), (-0.5, []), (3.0, [1]), (4.0, [2])])
def test_what_the_fleet_measures_decides_whether_five_are_many(bits: float | None, level: list[int]) -> None:
    assert _levels(tie("remote_peer", 5, bits=bits)) == level


def test_honest_twin_a_help_desk_visits_so_many_that_it_ties_nobody() -> None:
    assert _levels(crowd("remote_peer"), tie("remote_peer", 200, bits=-2.0)) == []


def test_honest_twin_where_the_policy_allows_a_tool_its_supporters_are_the_first_reading() -> None:
    [finding] = DETECTOR.detect(with_ties(tie("remote_peer", 9), policy=HELP_DESK))
    assert finding.level == 1
    assert "the help desk (it@example.com: help desk)" in finding.sentence


def test_could_not_look_a_laptop_without_ties_is_no_finding() -> None:
    assert _levels() == []
