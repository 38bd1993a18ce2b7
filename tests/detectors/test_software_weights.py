"""What the software, network and fleet levels add up to, held against the bars of the score's description.

Bars in bits above the prior of 1 in 10,000: watch 6.66 (P 0.01), review 10.12 (P 0.10). A weight whose u is
judgement gives +4 at most; the prior of remote new hires (1 in 1,000) adds 3.32.
"""

import math

import pytest

from farmwatch_detectors.detector import level_table
from farmwatch_detectors.groups import silence_table
from farmwatch_schema.finding import Group

SOFTWARE = (
    "remote_access_tool", "os_remote_desktop", "remote_session", "second_remote_tool", "unknown_remote_tool",
    "reverse_tunnel",
)  # fmt: skip
DETECTORS = (*SOFTWARE, "vpn_or_tunnel", "shared_gateway")

PRIOR = math.log2(0.0001 / 0.9999)
WATCH = math.log2(0.01 / 0.99) - PRIOR
REVIEW = math.log2(0.10 / 0.90) - PRIOR
NEW_HIRE = math.log2(0.001 / 0.999) - PRIOR


def _bits(detector: str, level: int) -> float:
    row = level_table(detector)[level]
    return min(math.log2(row.m / row.u), 4.0 if row.basis == "judgement" else 9.0)


@pytest.mark.parametrize("detector", DETECTORS)
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
    both = _bits("remote_access_tool", 4) + _bits("shared_gateway", 1)
    assert both + silence_table()["N"].bits < WATCH
    assert WATCH < both + silence_table()["N"].bits + NEW_HIRE < REVIEW


def test_a_tool_that_reports_name_and_a_consumer_vpn_are_review_for_a_remote_new_hire_and_for_nobody_else() -> None:
    both = _bits("remote_access_tool", 4) + _bits("vpn_or_tunnel", 2) + silence_table()["F"].bits
    assert both < REVIEW
    assert both + NEW_HIRE > REVIEW


def test_disguised_tool_and_gateway_shared_by_five_are_review_for_a_remote_new_hire() -> None:
    both = _bits("remote_access_tool", 4) + _bits("shared_gateway", 3)
    assert both < REVIEW
    assert both + NEW_HIRE > REVIEW


@pytest.mark.parametrize("detector", DETECTORS)
def test_no_single_group_of_these_reaches_watch(detector: str) -> None:
    assert _bits(detector, 3) < WATCH


@pytest.mark.parametrize(
    ("detector", "level"),
    [
        ("remote_access_tool", 3),
        ("remote_access_tool", 4),
        ("remote_session", 2),
        ("second_remote_tool", 2),
        ("unknown_remote_tool", 2),
        ("os_remote_desktop", 3),
        ("reverse_tunnel", 3),
    ],
)
@pytest.mark.parametrize("other", ["I", "P"])
def test_remote_software_with_one_more_group_reaches_review_for_a_remote_new_hire(
    detector: str, level: int, other: Group
) -> None:
    # The other group's level at its cap of 4 bits. Hardware's silence counts nothing once software reached level 2.
    silence = sum(row.bits for group, row in silence_table().items() if group not in ("H", "R", other) and row.built)
    assert _bits(detector, level) + 4.0 + silence + NEW_HIRE >= REVIEW


@pytest.mark.parametrize("detector", ["reverse_tunnel", "meeting_remote_control", "out_of_band", "remote_session"])
def test_what_developers_and_whole_fleets_have_weighs_less_than_a_bit(detector: str) -> None:
    assert 0 < _bits(detector, 1) < 1


@pytest.mark.parametrize("detector", SOFTWARE)
def test_software_alone_stays_below_review_for_a_remote_new_hire(detector: str) -> None:
    assert _bits(detector, 3) + NEW_HIRE < REVIEW
