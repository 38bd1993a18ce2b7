"""A clock that is set to and fro, against clocks that are wrong for ordinary reasons."""

from datetime import timedelta

import pytest

from farmwatch_detectors import clock_moved
from farmwatch_detectors.view import DeviceView, Span
from farmwatch_schema.finding import Finding
from farmwatch_schema.observables.agent import AgentHealth

from .views import NOW, view


def device(*offsets: int | None, days: float = 1) -> DeviceView:
    """A laptop whose agent told these offsets (collector's time minus its own, seconds), the last one now."""
    begun = NOW - timedelta(days=days * len(offsets))
    items = [
        AgentHealth(rights="root", clock_offset=offset, restarts=str(place)) for place, offset in enumerate(offsets)
    ]
    times = [begun + timedelta(days=days * place) for place in range(len(offsets) + 1)]
    spans = tuple(
        Span(
            kind="agent", item=item, seen_from=times[place], seen_until=None if item is items[-1] else times[place + 1]
        )
        for place, item in enumerate(items)
    )
    return view(agent=items[-1:], history={"agent": spans})


def found(device: DeviceView) -> list[Finding]:
    return list(clock_moved.detect(device))


def test_hit_a_clock_set_back_five_hours_and_ten_minutes_and_right_again() -> None:
    (finding,) = found(device(0, 18_600, 10))
    assert finding.level == 1
    assert "jumped back 18600 s" in finding.evidence[0].fact
    assert "310 minutes" in finding.sentence


def test_hit_a_habit_of_it_is_level_two() -> None:
    (finding,) = found(device(0, 7_900, 0, 8_200, 10))
    assert finding.level == 2


@pytest.mark.parametrize("offsets", [(0, 18_600), (0, 300, 0, 300), (0, 1_300, 2_600)])
def test_miss_one_jump_small_ones_or_a_clock_that_only_runs_away(offsets: tuple[int, ...]) -> None:
    assert found(device(*offsets)) == []


@pytest.mark.parametrize(
    "offsets",
    [
        (0, 7_200, 0, 7_200, 0),
        (0, -19_800, 10, -19_790),
        (0, 189_302_400, 0, 189_302_410, 0),
        (0, -3_600, 0),
    ],
    ids=[
        "two systems: UTC and local time in the hardware clock",
        "the same in a zone of five and a half hours",
        "flat battery: each start is six years ago",
        "summer time set by hand",
    ],
)
def test_honest_twin_clocks_wrong_by_zones_or_by_years(offsets: tuple[int, ...]) -> None:
    assert found(device(*offsets)) == []


def test_honest_twin_jumps_of_last_month_are_old() -> None:
    assert found(device(0, 18_600, 10, days=15)) == []


def test_could_not_look_an_offset_that_nobody_told_is_no_jump() -> None:
    assert found(device(None, None, 0, None)) == []
    assert found(view(outcome="not_permitted", agent=())) == []
