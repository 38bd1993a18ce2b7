"""What the software, network and fleet levels add up to, held against the bars of the score's description.

Bars in bits above the prior of 1 in 10,000: watch 6.66 (P 0.01), review 10.12 (P 0.10). A weight whose u is
judgement gives +4 at most; the prior of remote new hires (1 in 1,000) adds 3.32.
"""

import math

import pytest

from farmwatch_detectors.detector import level_table

PRIOR = math.log2(0.0001 / 0.9999)
WATCH = math.log2(0.01 / 0.99) - PRIOR
REVIEW = math.log2(0.10 / 0.90) - PRIOR
NEW_HIRE = math.log2(0.001 / 0.999) - PRIOR


def _bits(detector: str, level: int) -> float:
    row = level_table(detector)[level]
    return min(math.log2(row.m / row.u), 4.0 if row.basis == "judgement" else 9.0)


@pytest.mark.parametrize("detector", ["remote_access_tool", "os_remote_desktop", "vpn_or_tunnel", "shared_gateway"])
def test_weights_rise_with_the_level(detector: str) -> None:
    rows = [level_table(detector)[level] for level in (1, 2, 3)]
    raw = [math.log2(row.m / row.u) for row in rows]
    assert raw == sorted(raw)
    assert raw[0] > 0
    assert sum(row.m for row in rows) < 1
    assert sum(row.u for row in rows) < 1


def test_a_gamer_with_an_open_remote_tool_and_a_consumer_vpn_stays_below_review() -> None:
    assert _bits("remote_access_tool", 3) + _bits("vpn_or_tunnel", 2) < WATCH
    assert _bits("remote_access_tool", 3) + _bits("vpn_or_tunnel", 2) + NEW_HIRE < REVIEW


def test_remote_tool_and_gateway_shared_by_two_are_watch_for_a_remote_new_hire() -> None:
    both = _bits("remote_access_tool", 2) + _bits("shared_gateway", 1)
    assert both < WATCH
    assert WATCH < both + NEW_HIRE < REVIEW


def test_disguised_tool_and_gateway_shared_by_five_are_review_for_a_remote_new_hire() -> None:
    both = _bits("remote_access_tool", 3) + _bits("shared_gateway", 3)
    assert both < REVIEW
    assert both + NEW_HIRE > REVIEW


@pytest.mark.parametrize("detector", ["remote_access_tool", "os_remote_desktop", "vpn_or_tunnel", "shared_gateway"])
def test_no_single_group_of_these_reaches_watch(detector: str) -> None:
    assert _bits(detector, 3) < WATCH
